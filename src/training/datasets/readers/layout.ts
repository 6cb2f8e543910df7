/** Where the common layouts keep the media of one clip, and how readings are finished. */

import type { MediaRef, Moment, Position, Reading } from '../moment.ts';

/** `frames/<id>.jpg` (LVS and those after it), or the clip itself. */
export function pictureOf(id: string, at: Position): MediaRef {
  return { candidates: [`frames/${id}.jpg`, `frames/${id}.png`, ...clipsOf(id)], at };
}

/** `audio/<id>.wav`, or the clip itself. */
export function soundOf(id: string, at: Position): MediaRef {
  return {
    candidates: [`audio/${id}.wav`, `audio/${id}.flac`, `audio/${id}.mp3`, ...clipsOf(id)],
    at,
  };
}

export function clipsOf(id: string): string[] {
  return [`videos/${id}.mp4`, `video/${id}.mp4`, `clips/${id}.mp4`, `${id}.mp4`];
}

/** A moment of one clip; what is not given is empty. */
export function momentOf(
  fields: Pick<Moment, 'id' | 'pictures' | 'sounds' | 'note'> & Partial<Moment>,
): Moment {
  return {
    heard: [],
    seen: [],
    offScreen: [],
    regions: [],
    located: false,
    split: null,
    ...fields,
  };
}

/** `count` moments spread evenly over a clip, each in the middle of its part. */
export function spread(count: number): Position[] {
  return Array.from({ length: count }, (_, index) => ({ fraction: (index + 0.5) / count }));
}

/** Names twice is once; in alphabetical order, as the authors' loaders number their classes. */
export function sortedNames(names: Iterable<string>): string[] {
  return [...new Set(names)].sort();
}

/** Makes ids unique: data sets list some moments twice. */
export function finish(reading: Reading): Reading {
  const times = new Map<string, number>();
  for (const moment of reading.moments) {
    const seen = times.get(moment.id) ?? 0;
    times.set(moment.id, seen + 1);
    if (seen > 0) moment.id = `${moment.id}#${seen + 1}`;
  }
  return reading;
}

/** Without its folder and its ending. */
export function stemOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(0, dot) : name;
}

/** The last part of a path that was written on somebody else's machine. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
