/** A prepared data set as a source of examples: cached moments to frames, log-mel, labels and truth. */

import { LogMel } from '../../pipeline/prep/log-mel.ts';
import type { LogMelParameters } from '../../pipeline/prep/log-mel-parameters.ts';
import type { Resampler } from '../../pipeline/prep/resize.ts';
import type { SampleBatch, SampleShape, SampleSource, SampleTruth, TruthBox, TruthMask } from '../sample.ts';
import { type Entry, type EntryMask, readEntry } from './cache/entry.ts';
import { CoverageRaster } from './coverage.ts';
import type { Moment } from './moment.ts';
import { PictureWriter } from './picture-writer.ts';

/** A moment whose entry is in the cache. */
export interface ReadyMoment {
  moment: Moment;
  entryPath: string;
}

export interface SourceOptions {
  shape: SampleShape;
  logmel: LogMelParameters;
  resampler: Resampler;
  /** Of the data set's names, the index of the model's class; null where there is none. */
  classes: ReadonlyMap<string, number | null>;
}

/** Reads one file of the cache per example; nothing else is kept. Not reentrant. */
export class DatasetSource implements SampleSource {
  readonly shape: SampleShape;
  readonly length: number;
  readonly #moments: readonly ReadyMoment[];
  readonly #classes: ReadonlyMap<string, number | null>;
  readonly #logMel: LogMel;
  readonly #pictures: PictureWriter;
  readonly #raster: CoverageRaster;

  /** `shape` and `logmel` agree: the opener sees to it. */
  constructor(moments: readonly ReadyMoment[], { shape, logmel, resampler, classes }: SourceOptions) {
    this.shape = shape;
    this.length = moments.length;
    this.#moments = moments;
    this.#classes = classes;
    this.#logMel = new LogMel(logmel);
    this.#pictures = new PictureWriter({ ...shape.frame, resampler });
    this.#raster = new CoverageRaster(shape.grid);
  }

  /** @throws EarsightError `bad-dataset` when the entry was damaged or deleted meanwhile. */
  write(index: number, batch: SampleBatch, slot: number): SampleTruth {
    const ready = this.#moments[index];
    if (ready === undefined) throw new RangeError(`example ${index} of ${this.length}`);
    const { moment, entryPath } = ready;
    const { frame, logmel } = this.shape;
    const entry = readEntry(entryPath);
    this.#pictures.write(entry.pictures, batch.frames, slot * frame.width * frame.height * 3);
    this.#logMel.write(entry.samples, batch.logmel, slot * logmel.columns * logmel.mels);
    const truth = this.#truthOf(moment, entry);
    this.#writeLabels(moment, entry.masks, batch, slot);
    this.#writeCoverage(truth, moment, batch, slot);
    return truth;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #indexOf(name: string | null): number {
    return name === null ? -1 : (this.#classes.get(name) ?? -1);
  }

  #truthOf(moment: Moment, entry: Entry): SampleTruth {
    const boxes = moment.regions.flatMap(({ name, sounding, box }): TruthBox[] => {
      if (box === undefined) return [];
      const [x0, y0, x1, y1] = box;
      return [{ classIndex: this.#indexOf(name), sounding, x0, y0, x1, y1 }];
    });
    const masks = entry.masks.map((mask): TruthMask => {
      const region = moment.regions[mask.region];
      const panels = entry.pictures.length;
      const { width, height, data } = panels === 1 ? mask : inPanel(mask, region?.mask?.panel ?? 0, panels);
      const classIndex = this.#indexOf(mask.name ?? region?.name ?? null);
      return { classIndex, sounding: region?.sounding ?? true, width, height, data };
    });
    return {
      boxes,
      ...(masks.length > 0 ? { masks } : {}),
      offScreen: moment.offScreen.map((name) => this.#indexOf(name)).filter((index) => index >= 0),
      note: moment.note,
      ...(moment.group === undefined ? {} : { group: moment.group }),
    };
  }

  #writeLabels(moment: Moment, masks: readonly EntryMask[], batch: SampleBatch, slot: number): void {
    const count = this.shape.classes.length;
    const at = slot * count;
    batch.heard.fill(0, at, at + count);
    batch.seen.fill(0, at, at + count);
    const named = masks.map(({ name }) => name).filter((name) => name !== null);
    for (const [names, out] of [
      [[...moment.heard, ...named], batch.heard],
      [[...moment.seen, ...named], batch.seen],
    ] as const) {
      for (const name of names) {
        const index = this.#indexOf(name);
        if (index >= 0) out[at + index] = 1;
      }
    }
  }

  /** What is located of objects without a class says nothing about the classes. */
  #writeCoverage(truth: SampleTruth, moment: Moment, batch: SampleBatch, slot: number): void {
    const { classes, grid } = this.shape;
    const cells = grid.rows * grid.cols;
    const at = slot * classes.length * cells;
    batch.coverage.fill(0, at, at + classes.length * cells);
    const { boxes, masks = [] } = truth;
    const present = new Set([...boxes, ...masks].map(({ classIndex }) => classIndex));
    const isLocated = moment.located && !present.has(-1);
    batch.located[slot] = isLocated ? 1 : 0;
    if (!isLocated) return;
    for (const index of present) {
      this.#raster.clear();
      for (const box of boxes) {
        if (box.classIndex === index) this.#raster.paintBox(box.x0, box.y0, box.x1, box.y1);
      }
      for (const mask of masks) if (mask.classIndex === index) this.#raster.paintMask(mask);
      this.#raster.write(batch.coverage, at + index * cells);
    }
  }
}

/** A mask of one of several pictures, over all of them. */
function inPanel(
  { width, height, data }: EntryMask,
  panel: number,
  panels: number,
): { width: number; height: number; data: Uint8Array<ArrayBuffer> } {
  const whole = new Uint8Array(width * panels * height);
  for (let y = 0; y < height; y++) {
    whole.set(data.subarray(y * width, (y + 1) * width), y * width * panels + panel * width);
  }
  return { width: width * panels, height, data: whole };
}
