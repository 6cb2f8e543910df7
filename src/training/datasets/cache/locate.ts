/** Looks for the media of each moment, and names what the cache will keep of them. */

import { createHash } from 'node:crypto';
import type { MediaFile, MediaFinder } from '../media-finder.ts';
import type { Moment } from '../moment.ts';
import { ENTRY_VERSION } from './entry.ts';
import type { Alignment } from './window.ts';

/** What an entry depends on beside its media. */
export interface EntryOptions {
  rateHz: number;
  windowSamples: number;
  alignment: Alignment;
  /** Longest side of the kept picture, pixels. */
  pictureSide: number;
}

/** A moment whose files are all there. */
export interface LocatedMoment {
  moment: Moment;
  pictures: MediaFile[];
  sounds: MediaFile[];
  /** By region; null for boxes. */
  masks: (MediaFile | null)[];
  /** Names the entry: other media, moments or options make another. */
  key: string;
}

export interface MissingMedia {
  id: string;
  what: 'picture' | 'sound' | 'mask';
  /** The paths below the folder that it may have. */
  tried: readonly string[];
}

export function locate(
  moments: readonly Moment[],
  finder: MediaFinder,
  options: EntryOptions,
): { located: LocatedMoment[]; missing: MissingMedia[] } {
  const located: LocatedMoment[] = [];
  const missing: MissingMedia[] = [];
  for (const moment of moments) {
    const before = missing.length;
    const find = (
      what: MissingMedia['what'],
      { candidates }: { candidates: readonly string[] },
    ): MediaFile[] => {
      const file = finder.find(candidates);
      if (file !== null) return [file];
      missing.push({ id: moment.id, what, tried: candidates });
      return [];
    };
    const pictures = moment.pictures.flatMap((ref) => find('picture', ref));
    const sounds = moment.sounds.flatMap((ref) => find('sound', ref));
    const masks = moment.regions.flatMap(({ mask }) => (mask === undefined ? [null] : find('mask', mask)));
    if (missing.length > before) continue;
    located.push({ moment, pictures, sounds, masks, key: keyOf(moment, pictures, sounds, masks, options) });
  }
  return { located, missing };
}

function keyOf(
  moment: Moment,
  pictures: readonly MediaFile[],
  sounds: readonly MediaFile[],
  masks: readonly (MediaFile | null)[],
  options: EntryOptions,
): string {
  const facts = {
    version: ENTRY_VERSION,
    options: [options.rateHz, options.windowSamples, options.alignment, options.pictureSide],
    pictures: pictures.map((file, index) => [...stamp(file), moment.pictures[index]?.at]),
    sounds: sounds.map((file, index) => [...stamp(file), moment.sounds[index]?.at]),
    masks: masks.map((file, index) =>
      file === null ? null : [...stamp(file), moment.regions[index]?.mask?.colours],
    ),
  };
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 40);
}

function stamp({ path, bytes, changedMs }: MediaFile): [string, number, number] {
  return [path, bytes, changedMs];
}
