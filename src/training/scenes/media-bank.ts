/** All photos and recordings of a folder, decoded once into memory that every thread shares. */

import type { Split } from './split.ts';

/** One size of a photo; each level is half the one before. */
export interface Level {
  width: number;
  height: number;
  /** Where its RGB bytes begin in `bytes`. */
  at: number;
}

/** One thing in a photo. Corners in shares of the photo. */
export interface PhotoObject {
  category: string;
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  /** False where nobody said where it is and the photo did not show it: then the box is the photo's middle. */
  known: boolean;
  /** Where its mask begins in `bytes`, for each level; null where only the box is known. */
  mask: number[] | null;
}

export interface PhotoEntry {
  /** Path below the data's root. */
  file: string;
  /** Folder that it lies in. */
  category: string;
  role: 'thing' | 'background';
  split: Split;
  levels: Level[];
  objects: PhotoObject[];
}

export interface SoundEntry {
  file: string;
  category: string;
  split: Split;
  /** First sample in `samples`, and how many. */
  at: number;
  count: number;
  /** RMS of its loud parts (blocks within 20 dB of the loudest), full scale 1. */
  activeRms: number;
}

/** A file that could not be used, and why. */
export interface SkippedFile {
  file: string;
  reason: string;
}

/** May be posted to threads: its memory is shared, not copied. Nobody writes to it once it is made. */
export interface MediaBank {
  bytes: SharedArrayBuffer;
  /** 16-bit samples. */
  samples: SharedArrayBuffer;
  rateHz: number;
  photos: PhotoEntry[];
  sounds: SoundEntry[];
  skipped: SkippedFile[];
}
