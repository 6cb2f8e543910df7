/** Decodes a folder of photos and recordings into a bank: cut-outs, smaller sizes, levels, splits. */

import { join } from 'node:path';
import { AV_LOG_FATAL } from 'node-av/constants';
import { Log } from 'node-av/lib';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import { decodePhoto, type Photo } from '../media/photo.ts';
import { decodeRecording } from '../media/recording.ts';
import { type Annotation, readAnnotations } from './annotations.ts';
import type { ClassList } from './class-list.ts';
import { boundsOfMask, type Mask, matteOf, polygonMask } from './cut-out.ts';
import { filesIn, foldersIn } from './folders.ts';
import { activeLevel } from './levels.ts';
import { groupByLook, LookHash } from './look.ts';
import { readMaskFile } from './mask-file.ts';
import type { Level, MediaBank, PhotoEntry, PhotoObject, SkippedFile, SoundEntry } from './media-bank.ts';
import { segment } from './segment.ts';
import { soundGroup, splitGroups } from './split.ts';

export interface BankOptions {
  /** The folder that holds the list's folders. */
  root: string;
  list: ClassList;
  rateHz: number;
  /** Photos are kept no larger than this along their longer side, in pixels. */
  maxSide: number;
  /** Told now and then how far it is. */
  onProgress?: (done: number, total: number) => void;
}

/** Longer recordings are cut: more of one recording teaches less than another recording. */
const MAX_SECONDS = 20;
const MIN_SECONDS = 0.1;
/** A recording that never gets above this is silent (-80 dBFS). */
const SILENT_RMS = 1e-4;
/** Levels end where a side would be shorter than this. */
const MIN_LEVEL_SIDE = 12;
/** Where nothing tells, a photo's thing is taken to fill all but this much along each side. */
const ASSUMED_MARGIN = 0.06;

interface DecodedPhoto {
  entry: PhotoEntry;
  photo: Photo;
  masks: (Mask | null)[];
  hash: [number, number];
}

/**
 * Files that are no use (unreadable, a photo of a few pixels, a recording without sound) are left out and listed in
 * `skipped`, each with why and the mend.
 *
 * @throws EarsightError `bad-dataset` for a folder without a usable file, a faulty row of `boxes.csv` or
 * `polygons.csv`, a mask that does not fit its photo
 */
export async function loadBank(options: BankOptions): Promise<MediaBank> {
  const { root, list } = options;
  // Each broken file is reported by us, by name; FFmpeg's lines do not name it.
  Log.setLevel(AV_LOG_FATAL);
  const skipped: SkippedFile[] = [];
  const photoFolder = join(root, list.folders.photos);
  const annotations = readAnnotations([root, photoFolder]);
  const jobs = [
    ...photoJobs(options).map((job) => ({ ...job, kind: 'photo' as const })),
    ...soundJobs(options).map((job) => ({ ...job, kind: 'sound' as const })),
  ];
  const looks = new LookHash();
  const photos: DecodedPhoto[] = [];
  const recordings: { entry: SoundEntry; samples: Int16Array }[] = [];
  for (const [done, job] of jobs.entries()) {
    if (done % 50 === 0) {
      options.onProgress?.(done, jobs.length);
      // Lets signals and timers through.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const decoded: { photo: Photo | null } = { photo: null };
    try {
      if (job.kind === 'photo') decoded.photo = decodePhoto(join(root, job.file), options.maxSide);
      else
        recordings.push(
          heard(job, decodeRecording(join(root, job.file), options.rateHz, MAX_SECONDS), options.rateHz),
        );
    } catch (thrown) {
      if (!(thrown instanceof EarsightError)) throw thrown;
      skipped.push({ file: job.file, reason: `${messageOf(thrown)}. Replace or delete it.` });
    }
    if (decoded.photo !== null) photos.push(studied(root, job, decoded.photo, annotations, looks));
  }
  refuseEmpty(options, photos, recordings, skipped);
  shareOut(photos, recordings);
  return { ...packed(photos, recordings), rateHz: options.rateHz, skipped };
}

interface Job {
  file: string;
  /** Path below the photos' folder, as annotations have it. */
  key: string;
  category: string;
  role: PhotoEntry['role'];
  /** Of one of the list's classes. */
  ofClass: boolean;
}

function photoJobs({ root, list }: BankOptions): Job[] {
  const { photos, silent, backgrounds } = list.folders;
  const jobs: Job[] = [];
  const add = (base: string, category: string, role: Job['role'], ofClass = false): void => {
    const folder = category === '' ? base : `${base}/${category}`;
    for (const name of filesIn(join(root, folder)))
      jobs.push({
        file: `${folder}/${name}`,
        key: category === '' ? name : `${category}/${name}`,
        category,
        role,
        ofClass,
      });
  };
  for (const { photos: categories } of list.classes)
    for (const category of categories) add(photos, category, 'thing', true);
  for (const category of list.silent) add(photos, category, 'thing');
  for (const category of foldersIn(join(root, silent))) add(silent, category, 'thing');
  add(backgrounds, '', 'background');
  return jobs;
}

function soundJobs({ root, list }: BankOptions): Job[] {
  const categories = [...list.classes.flatMap(({ sounds }) => sounds), ...list.offScreen];
  return categories.flatMap((category) => {
    const folder = `${list.folders.sounds}/${category}`;
    return filesIn(join(root, folder)).map((name) => ({
      file: `${folder}/${name}`,
      key: name,
      category,
      role: 'thing' as const,
      ofClass: true,
    }));
  });
}

/** Where the mask of a photo would be, below the root. */
function maskName({ key }: Job): string {
  return `masks/${key.replace(/\.[^.]*$/, '')}.png`;
}

/** Finds what the photo shows where, and cuts it out. */
function studied(
  root: string,
  job: Job,
  photo: Photo,
  annotations: ReadonlyMap<string, readonly Annotation[]>,
  looks: LookHash,
): DecodedPhoto {
  const objects: PhotoObject[] = [];
  const masks: (Mask | null)[] = [];
  const add = (category: string, box: Annotation['box'], known: boolean, mask: Mask | null): void => {
    objects.push({ category, ...box, known, mask: null });
    masks.push(mask);
  };
  const given = job.role === 'thing' ? readMaskFile(join(root, maskName(job)), photo) : null;
  if (given !== null) add(job.category, boundsOfMask(given, photo.width, photo.height), true, given);
  const all = annotations.get(job.key) ?? [];
  const own = all.filter(({ category }) => category === job.category);
  for (const { category, box, outline } of all) {
    if (given !== null && category === job.category) continue;
    const alone = category === job.category && own.length === 1;
    const mask =
      outline !== null
        ? polygonMask(outline, photo.width, photo.height)
        : alone
          ? outlineOf(job, photo, box)
          : null;
    add(category, mask === null ? box : boundsOfMask(mask, photo.width, photo.height), true, mask);
  }
  if (job.role === 'thing' && own.length === 0 && given === null) {
    const mask = outlineOf(job, photo, null);
    const margin = ASSUMED_MARGIN;
    const middle = { x0: margin, y0: margin, x1: 1 - margin, y1: 1 - margin };
    add(
      job.category,
      mask === null ? middle : boundsOfMask(mask, photo.width, photo.height),
      mask !== null,
      mask,
    );
  }
  const { file, category, role } = job;
  const entry: PhotoEntry = { file, category, role, split: 'train', levels: [], objects };
  return { entry, photo, masks, hash: looks.of(photo) };
}

/**
 * The outline of the photo's one thing, where the photo shows it. Things of no class are found before a plain ground
 * only: they need not be located, and the search costs 15 ms a photo.
 */
function outlineOf(job: Job, photo: Photo, box: Annotation['box'] | null): Mask | null {
  return matteOf(photo, box) ?? (job.ofClass ? segment(photo, box) : null);
}

function heard(job: Job, samples: Int16Array, rateHz: number): { entry: SoundEntry; samples: Int16Array } {
  if (samples.length < MIN_SECONDS * rateHz) {
    throw new EarsightError('bad-dataset', `it lasts less than ${MIN_SECONDS} s`);
  }
  const activeRms = activeLevel(samples, 1 / 32_768);
  if (activeRms < SILENT_RMS) {
    throw new EarsightError('bad-dataset', 'it is silent');
  }
  return {
    entry: {
      file: job.file,
      category: job.category,
      split: 'train',
      at: 0,
      count: samples.length,
      activeRms,
    },
    samples,
  };
}

/** Every folder that the list names must have given something. */
function refuseEmpty(
  { root, list }: BankOptions,
  photos: readonly DecodedPhoto[],
  recordings: readonly { entry: SoundEntry }[],
  skipped: readonly SkippedFile[],
): void {
  const check = (folder: string, category: string, kind: string, found: boolean): void => {
    if (found) return;
    const path = join(root, folder, category);
    const unreadable = skipped.filter(({ file }) => file.startsWith(`${folder}/${category}/`));
    const why =
      unreadable.length === 0
        ? `holds no ${kind}`
        : `holds ${unreadable.length} files of which none can be used (${unreadable[0]!.file}: ${unreadable[0]!.reason})`;
    throw new EarsightError('bad-dataset', `${path} ${why}. Put ${kind}s there, or take it off the list.`, {
      details: { folder: path },
    });
  };
  for (const { photos: categories, sounds } of list.classes) {
    for (const category of categories)
      check(
        list.folders.photos,
        category,
        'photo',
        photos.some(({ entry }) => entry.category === category),
      );
    for (const category of sounds)
      check(
        list.folders.sounds,
        category,
        'recording',
        recordings.some(({ entry }) => entry.category === category),
      );
  }
}

/** Gives every photo and recording its split, groups together. */
function shareOut(photos: readonly DecodedPhoto[], recordings: readonly { entry: SoundEntry }[]): void {
  const groups = groupByLook(
    photos.map(({ entry }) => entry.file),
    photos.map(({ hash }) => hash),
  );
  const byCategory = new Map<string, string[]>();
  const put = (category: string, group: string): void => {
    const list = byCategory.get(category);
    if (list === undefined) byCategory.set(category, [group]);
    else list.push(group);
  };
  photos.forEach(({ entry }, i) => put(`photo ${entry.category}`, groups[i]!));
  for (const { entry } of recordings) put(`sound ${entry.category}`, soundGroup(entry.file));
  const splitOf = splitGroups([...byCategory.values()]);
  photos.forEach(({ entry }, i) => {
    entry.split = splitOf.get(groups[i]!)!;
  });
  for (const { entry } of recordings) entry.split = splitOf.get(soundGroup(entry.file))!;
}

/** Copies everything into shared memory, photos with their smaller sizes. */
function packed(
  photos: readonly DecodedPhoto[],
  recordings: readonly { entry: SoundEntry; samples: Int16Array }[],
): Pick<MediaBank, 'bytes' | 'samples' | 'photos' | 'sounds'> {
  let size = 0;
  for (const { entry, photo, masks } of photos) {
    entry.levels = levelSizes(photo.width, photo.height).map((level) => {
      const at = size;
      size += level.width * level.height * 3;
      return { ...level, at };
    });
    masks.forEach((mask, i) => {
      if (mask === null) return;
      entry.objects[i]!.mask = entry.levels.map((level) => {
        const at = size;
        size += level.width * level.height;
        return at;
      });
    });
  }
  const bytes = new SharedArrayBuffer(Math.max(1, size));
  const all = new Uint8Array(bytes);
  for (const { entry, photo, masks } of photos) {
    all.set(photo.rgb, entry.levels[0]!.at);
    halve(
      all,
      entry.levels,
      entry.levels.map((level) => level.at),
      3,
    );
    masks.forEach((mask, i) => {
      const places = entry.objects[i]!.mask;
      if (mask === null || places === null) return;
      all.set(mask, places[0]);
      halve(all, entry.levels, places, 1);
    });
  }
  const count = recordings.reduce((sum, { samples }) => sum + samples.length, 0);
  const samples = new SharedArrayBuffer(Math.max(2, 2 * count));
  const line = new Int16Array(samples);
  let at = 0;
  for (const { entry, samples: own } of recordings) {
    entry.at = at;
    line.set(own, at);
    at += own.length;
  }
  return {
    bytes,
    samples,
    photos: photos.map(({ entry }) => entry),
    sounds: recordings.map(({ entry }) => entry),
  };
}

function levelSizes(width: number, height: number): { width: number; height: number }[] {
  const sizes = [{ width, height }];
  for (;;) {
    const last = sizes.at(-1)!;
    const next = { width: last.width >> 1, height: last.height >> 1 };
    if (Math.min(next.width, next.height) < MIN_LEVEL_SIDE) return sizes;
    sizes.push(next);
  }
}

/** Each level from the one before by the mean of 2x2; an odd last row or column is left out. */
function halve(all: Uint8Array, levels: readonly Level[], places: readonly number[], channels: number): void {
  for (let i = 1; i < levels.length; i++) {
    const { width, height } = levels[i]!;
    const stride = levels[i - 1]!.width * channels;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < channels; c++) {
          const from = places[i - 1]! + 2 * y * stride + 2 * x * channels + c;
          const sum =
            all[from]! + all[from + channels]! + all[from + stride]! + all[from + stride + channels]!;
          all[places[i]! + (y * width + x) * channels + c] = (sum + 2) >> 2;
        }
      }
    }
  }
}
