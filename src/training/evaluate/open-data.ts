/** Opens what a model is evaluated on: scenes of a folder, the drawn cast, or a published data set. */

import { basename, extname } from 'node:path';
import { EarsightError } from '../../pipeline/errors.ts';
import { castClasses } from '../../pipeline/ingest/demo/actor.ts';
import { QIAN_LOG_MEL } from '../../pipeline/prep/log-mel-parameters.ts';
import { type DatasetKind, parseDatasetChoice } from '../datasets/dataset-choice.ts';
import { openDataset } from '../datasets/open-dataset.ts';
import { classListOf, readClassList } from '../scenes/class-list.ts';
import { loadBank } from '../scenes/load-bank.ts';
import type { SceneSource } from '../scenes/scene-source.ts';
import { drawnClasses, type SceneSpec, withCast } from '../scenes/spec.ts';
import type { Split } from '../scenes/split.ts';
import type { OpenedModel } from './open-model.ts';
import { type SuitePart, sceneSuite } from './suite.ts';
import { type BoxProtocol, boxProtocol } from './truth-masks.ts';

export interface DataChoice {
  /** Folder of photos and sounds, or of a data set's media; a manifest; null for the drawn cast. */
  path: string | null;
  /** Class list of the folder; its subfolders' names where null. */
  scenes: string | null;
  /** A published set's choice, without its folder; null for scenes. */
  dataset: { kind?: string; [field: string]: string | undefined } | null;
  /** null: not said; `test` of scenes and manifests, the whole of a published set. */
  split: Split | null;
  /** Photos and recordings, or the drawn cast. */
  style: 'photo' | 'drawn';
  samples: number;
  seed: number;
}

/** Which set a choice means: a kind, not checked; null for composed scenes. */
export function datasetOf({ path, dataset }: DataChoice): string | null {
  if (path === null || (dataset === null && extname(path) !== '.jsonl')) return null;
  return dataset?.kind ?? 'jsonl';
}

export interface OpenedData {
  parts: SuitePart[];
  /** The same parts where they are composed scenes, whose sound can be altered; else null. */
  scenes: (SuitePart & { source: SceneSource })[] | null;
  protocol: BoxProtocol;
  /** Which published set it is; null for composed scenes. */
  kind: DatasetKind | null;
  /** Examples in all parts. */
  samples: number;
  /** Whether the drawn cast has three of the classes or more, enough for scenes of every level. */
  hasDrawings: boolean;
  /** What it is, in words. */
  description: string;
  remarks: string[];
}

/** Photos are kept no larger, pixels along their longer side. */
const PHOTO_SIDE = 320;

/** Opens data again and again, for validation and test, and decodes a folder once. */
export class DataOpener {
  readonly #opened: OpenedModel;
  readonly #onProgress: ((done: number, total: number) => void) | undefined;
  #scenes: Promise<Pick<SceneSpec, 'classes' | 'bank'>> | null = null;

  constructor(opened: OpenedModel, onProgress?: (done: number, total: number) => void) {
    this.#opened = opened;
    this.#onProgress = onProgress;
  }

  /** @throws EarsightError `bad-dataset`, `bad-config` */
  async open(choice: DataChoice): Promise<OpenedData> {
    const { path } = choice;
    const kind = datasetOf(choice);
    return path === null || kind === null
      ? await this.#openScenes(choice)
      : await this.#openDataset(kind, path, choice);
  }

  async #openDataset(
    kind: string,
    path: string,
    { dataset, split: said, samples }: DataChoice,
  ): Promise<OpenedData> {
    const { model, logmel, resampler } = this.#opened;
    const split = said ?? (kind === 'jsonl' ? 'test' : null);
    const choice = parseDatasetChoice({
      ...dataset,
      kind,
      folder: path,
      ...(split === null ? {} : { split: split === 'validation' ? 'val' : split }),
    });
    const source = await openDataset(
      { dataset: choice, shape: model.shape, logmel, resampler, otherClasses: 'unnamed' },
      { onProgress: ({ done, total }) => this.#onProgress?.(done, total) },
    );
    const { annotated, usable, missing, unreadable, remarks } = source.report;
    const count = Math.min(samples, source.length);
    return {
      parts: [{ source, count, kindOf: () => null }],
      samples: count,
      hasDrawings: false,
      scenes: null,
      protocol: boxProtocol(choice.kind),
      kind: choice.kind,
      description: `${choice.kind} (${basename(path)})${split === null ? '' : `, ${split} split`}`,
      remarks: [
        `${usable} of ${annotated} annotated moments can be used; media missing: ${missing.length}, unreadable: ${unreadable.length}`,
        ...remarks,
      ],
    };
  }

  async #openScenes(choice: DataChoice): Promise<OpenedData> {
    const { path, seed, samples, style } = choice;
    const split = choice.split ?? 'test';
    const { shape } = this.#opened.model;
    if (JSON.stringify(this.#opened.logmel) !== JSON.stringify(QIAN_LOG_MEL)) {
      throw new EarsightError(
        'model-mismatch',
        'The model hears by another front end than scenes are composed for. Evaluate it on a data set.',
      );
    }
    this.#scenes ??= this.#media(choice);
    const { classes, bank } = await this.#scenes;
    const drawnShare = style === 'drawn' || bank === null ? 1 : 0;
    const parts = await sceneSuite(
      { kind: 'scenes', seed, split, shape, classes, bank, drawnShare },
      bank === null ? 'drawn' : style,
      samples,
    );
    const of =
      path === null ? 'the drawn cast' : style === 'photo' ? 'photos and recordings' : 'the drawn cast';
    return {
      parts,
      samples: parts.reduce((sum, { count }) => sum + count, 0),
      hasDrawings: classes.filter(({ drawn }) => drawn !== null).length >= 3,
      scenes: parts,
      protocol: boxProtocol(null),
      kind: null,
      description: `scenes composed of ${of}, ${split} split`,
      remarks: (bank?.skipped ?? []).map(({ file, reason }) => `${file} was left out: ${reason}`),
    };
  }

  async #media({ path, scenes }: DataChoice): Promise<Pick<SceneSpec, 'classes' | 'bank'>> {
    const names = this.#opened.model.shape.classes;
    if (path === null) {
      const drawn = castClasses.filter((name) => names.includes(name));
      if (drawn.length === names.length) {
        return {
          classes: drawnClasses(names.map((name) => castClasses.find((one) => one === name)!)),
          bank: null,
        };
      }
      const others = names.filter((name) => !castClasses.some((one) => one === name));
      throw new EarsightError(
        'bad-config',
        `The drawn cast has no ${others.join(', ')}. Name a folder of photos and sounds with --data.`,
      );
    }
    const list = scenes === null ? classListOf(path) : readClassList(scenes);
    const listed = list.classes.map(({ name }) => name);
    const missing = names.filter((name) => !listed.includes(name));
    if (missing.length > 0) {
      throw new EarsightError(
        'bad-dataset',
        `${scenes ?? path} has no ${missing.join(', ')}, which the model knows (it has ${listed.join(', ')}). Name the class list that the model was trained with (--scenes).`,
      );
    }
    const bank = await loadBank({
      root: path,
      list,
      rateHz: QIAN_LOG_MEL.rateHz,
      maxSide: PHOTO_SIDE,
      ...(this.#onProgress === undefined ? {} : { onProgress: this.#onProgress }),
    });
    const ordered = names.map((name) => list.classes.find((entry) => entry.name === name)!);
    return { classes: withCast(ordered), bank };
  }
}
