/** Opens a data set for training or evaluation: reads, looks for media, decodes what is new, serves examples. */

import { join } from 'node:path';
import { EarsightError } from '../../pipeline/errors.ts';
import { columnCount, type LogMelParameters, QIAN_LOG_MEL } from '../../pipeline/prep/log-mel-parameters.ts';
import type { Resampler } from '../../pipeline/prep/resize.ts';
import type { SampleShape } from '../sample.ts';
import { ClipCache } from './cache/clip-cache.ts';
import { readEntry } from './cache/entry.ts';
import { type EntryOptions, type LocatedMoment, locate, type MissingMedia } from './cache/locate.ts';
import { type PrepareProgress, prepare, type UnreadableMedia } from './cache/prepare.ts';
import type { Alignment } from './cache/window.ts';
import { type ClassNames, mapClasses, type OtherClasses, readClassMap } from './class-map.ts';
import { type DatasetChoice, parseDatasetChoice } from './dataset-choice.ts';
import { DatasetSource } from './dataset-source.ts';
import { MediaFinder } from './media-finder.ts';
import type { Moment, Reading } from './moment.ts';
import { nothingAsked } from './nothing-asked.ts';
import { readDataset } from './read-dataset.ts';

/** A data set, and the model that its examples are for. Structured-cloneable. */
export interface DatasetSpec {
  dataset: DatasetChoice;
  shape: SampleShape;
  /** The model's front end; Qian's, with the shape's columns and bands, unless told. */
  logmel?: LogMelParameters;
  /** `area` unless told. */
  resampler?: Resampler;
  /** `ending` unless told. */
  alignment?: Alignment;
  /** Data set's class names to the model's; or the path of a YAML file of them. */
  classMap?: ClassNames | string;
  /** `refuse` unless told. */
  otherClasses?: OtherClasses;
  /** Where decoded moments are kept; `.earsight-cache` in the data set's folder unless told. */
  cacheFolder?: string;
  /** Longest side of the kept pictures, pixels; 448 unless told: twice what most models see. */
  pictureSide?: number;
}

/** What was found. */
export interface DatasetReport {
  classes: readonly string[];
  /** Moments in the annotation files. */
  annotated: number;
  /** Examples that can be used. */
  usable: number;
  missing: MissingMedia[];
  unreadable: UnreadableMedia[];
  /** With a class that is none of the model's: `otherClasses: leave-out`, or null in the class map. */
  leftOut: number;
  remarks: readonly string[];
}

export interface OpenedDataset extends DatasetSource {
  readonly report: DatasetReport;
}

const CACHE_FOLDER = '.earsight-cache';
const PICTURE_SIDE = 448;

/**
 * Missing and unreadable clips are listed in the report and left out. Worker threads that open the same spec after
 * it was opened once find all decoded.
 *
 * @throws EarsightError `bad-dataset` for annotation files, class lists or a cache that do not serve, and when no
 * example is left; `bad-config` for a spec that means nothing.
 */
export async function openDataset(
  spec: DatasetSpec,
  listening: { onProgress?: (progress: PrepareProgress) => void; signal?: AbortSignal } = {},
): Promise<OpenedDataset> {
  const dataset = parseDatasetChoice(spec.dataset);
  const logmel = frontEnd(spec);
  const reading = readDataset(dataset);
  if (reading.moments.length === 0) throw nothingAsked(dataset);
  const map = typeof spec.classMap === 'string' ? readClassMap(spec.classMap) : (spec.classMap ?? {});
  const others = spec.otherClasses ?? 'refuse';
  const classes = mapClasses(reading.classes, spec.shape.classes, map, others);
  const isOurs = (names: readonly string[]): boolean =>
    others === 'unnamed' || names.every((name) => (classes.get(name) ?? null) !== null);
  const wanted = reading.moments.filter((moment) => isOurs(namesOf(moment)));

  const options: EntryOptions = {
    rateHz: logmel.rateHz,
    windowSamples: logmel.windowSamples,
    alignment: spec.alignment ?? 'ending',
    pictureSide: spec.pictureSide ?? PICTURE_SIDE,
  };
  const { located, missing } = locate(wanted, new MediaFinder(dataset.folder), options);
  const cache = new ClipCache(spec.cacheFolder ?? join(dataset.folder, CACHE_FOLDER));
  const unreadable = await prepare(located, cache, options, listening);
  const ready = located
    .filter(({ key }) => cache.has(key))
    .filter((moment) => isOurs(colouredNames(moment, cache)))
    .map(({ moment, key }) => ({ moment, entryPath: cache.pathOf(key) }));
  const report = reportOf(reading, wanted.length, missing, unreadable, ready.length);
  if (ready.length === 0) throw nothingLeft(dataset, report);
  const source = new DatasetSource(ready, {
    shape: spec.shape,
    logmel,
    resampler: spec.resampler ?? 'area',
    classes,
  });
  return Object.assign(source, { report });
}

/** @throws EarsightError `bad-config` when the shape and the front end do not agree. */
function frontEnd({ shape, logmel }: DatasetSpec): LogMelParameters {
  const { columns, mels } = shape.logmel;
  const parameters = logmel ?? {
    ...QIAN_LOG_MEL,
    windowSamples: (columns - 1) * QIAN_LOG_MEL.hopSamples,
    mels,
  };
  if (columnCount(parameters) === columns && parameters.mels === mels) return parameters;
  throw new EarsightError(
    'bad-config',
    `The front end makes ${columnCount(parameters)} columns of ${parameters.mels} bands, the model takes ${columns} of ${mels}. Give the model's own logmel.`,
  );
}

function namesOf({ heard, seen, regions }: Moment): string[] {
  return [...heard, ...seen, ...regions.map(({ name }) => name).filter((name) => name !== null)];
}

/** The classes of a mask whose colours name them are known once it was read. */
function colouredNames({ moment, key }: LocatedMoment, cache: ClipCache): string[] {
  if (!moment.regions.some(({ mask }) => mask?.colours !== undefined)) return [];
  return readEntry(cache.pathOf(key))
    .masks.map(({ name }) => name)
    .filter((name) => name !== null);
}

function reportOf(
  reading: Reading,
  wanted: number,
  missing: MissingMedia[],
  unreadable: UnreadableMedia[],
  usable: number,
): DatasetReport {
  const lost = new Set([...missing, ...unreadable].map(({ id }) => id)).size;
  return {
    classes: reading.classes,
    annotated: reading.moments.length,
    usable,
    missing,
    unreadable,
    leftOut: reading.moments.length - wanted + (wanted - lost - usable),
    remarks: reading.remarks,
  };
}

function nothingLeft({ kind, folder }: DatasetChoice, report: DatasetReport): EarsightError {
  const { annotated, missing, unreadable, leftOut } = report;
  const [first] = missing;
  const [broken] = unreadable;
  const example =
    first !== undefined
      ? ` The ${first.what} of ${first.id} was looked for as ${first.tried.slice(0, 4).join(', ')}.`
      : broken !== undefined
        ? ` ${broken.reason}`
        : '';
  const lost = new Set(missing.map(({ id }) => id)).size;
  return new EarsightError(
    'bad-dataset',
    `None of the ${annotated} moments of ${kind} in ${folder} can be used: media of ${lost} are missing, of ${unreadable.length} unreadable, ${leftOut} are of other classes.${example} docs/datasets.md says where each file belongs.`,
    { details: { kind, folder, annotated, missing: lost, unreadable: unreadable.length, leftOut } },
  );
}
