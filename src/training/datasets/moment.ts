/** What every reader of a data set makes of its annotation files: moments, each a picture, its sound and the truth. */

/** Where in a recording: seconds from its beginning, a share of its length, or a frame's number from 0. */
export type Position = { seconds: number } | { fraction: number } | { frame: number };

export type Split = 'train' | 'val' | 'test';

/** A photo or a recording, by the paths that it may have. */
export interface MediaRef {
  /** Paths relative to the data set's folder, `/` between; the first that exists is taken. */
  candidates: readonly string[];
  /** Which moment of it; of a photo there is only one. */
  at: Position;
}

/**
 * A mask's file: a picture, `.npy`, or a pickled numpy array. Inside are the pixels that are not black (of a JPEG, whose
 * black is not exact: brighter than half), or the elements that are not 0.
 */
export interface MaskRef {
  candidates: readonly string[];
  /** One file for many classes: the colour of each. What has no such colour is outside. */
  colours?: readonly { name: string; rgb: readonly [number, number, number] }[];
  /** The mask is of this one of the pictures that lie side by side; the only one unless told. */
  panel?: number;
}

/** A place in the picture where an object is. */
export interface Region {
  /** The data set's class name; null where it names none, or the mask's colours do. */
  name: string | null;
  /** False for an object that is seen and does not sound. */
  sounding: boolean;
  /** Corners x0, y0, x1, y1 as shares of the (joined) picture, 0..1. May have no area: the file says so. */
  box?: readonly [number, number, number, number];
  mask?: MaskRef;
}

/** One annotated moment, before its media are looked for. Class names are the data set's own. */
export interface Moment {
  /** Unique in its data set. */
  id: string;
  /** One, or several that are laid side by side from left to right, each as wide as the others. */
  pictures: readonly MediaRef[];
  /** One, or several that sound together (the samples are added). */
  sounds: readonly MediaRef[];
  /** Sounds in the window, in the picture or off screen. */
  heard: readonly string[];
  /** In the picture, silent or sounding. */
  seen: readonly string[];
  /** Heard and not in the picture. */
  offScreen: readonly string[];
  regions: readonly Region[];
  /** The regions tell all there is to tell about where; false where the data set has none. */
  located: boolean;
  split: Split | null;
  /** What tables show: the data set and what was put in. */
  note: string;
  /** The same for moments of one scene. */
  group?: string;
}

/** What a reader found in the annotation files. */
export interface Reading {
  /** All class names that the data set has, in its own order, whether or not they occur. */
  classes: readonly string[];
  moments: Moment[];
  /** Entries that were mended or left out, one sentence each. */
  remarks: string[];
}

/** The usual moment of an unnamed time: the middle. */
export const MIDDLE: Position = { fraction: 0.5 };
