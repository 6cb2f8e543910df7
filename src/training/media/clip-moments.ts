/** Pictures and stretches of sound at given moments of a file, in one pass over it. */

import { Frame } from 'node-av/lib';
import { EarsightError } from '../../pipeline/errors.ts';
import { MonoResampler } from '../../pipeline/ingest/media/mono-resampler.ts';
import { type Picture, PictureScaler } from '../../pipeline/ingest/media/picture-scaler.ts';
import type { PictureSize } from '../../pipeline/ingest/media/picture-size.ts';
import { MediaTrack, type TrackFacts } from './media-track.ts';

/** Decoding on is cheaper than seeking up to this distance: groups of pictures last a few seconds. */
const PICTURE_SEEK_SECONDS = 6;
const SOUND_SEEK_SECONDS = 30;
/** Sound is decoded from so far before the stretch: decoders of AAC and MP3 need some frames to be right. */
const SOUND_LEAD_SECONDS = 1;
/** A picture stands for the moments up to so long after it when the track ends there. */
const LAST_PICTURE_SECONDS = 1;

/**
 * The pictures shown at each of the moments, inside `box`, in I420 as live frames are.
 *
 * @param secondsOf - Given what the file tells of its pictures: the wanted moments. A photo is shown at 0.
 * @returns A picture per moment, or null where the track ends before it.
 * @throws EarsightError `source-*` naming the file.
 */
export async function readPictures(
  path: string,
  secondsOf: (facts: TrackFacts) => number[],
  box: PictureSize,
): Promise<(Picture | null)[]> {
  const track = await MediaTrack.open(path, 'picture');
  const scaler = new PictureScaler(box);
  const frames = [new Frame(), new Frame()] as const;
  for (const frame of frames) frame.alloc();
  try {
    const wanted = secondsOf(track.facts);
    const order = wanted.map((_, index) => index).sort((a, b) => wanted[a]! - wanted[b]!);
    const pictures = wanted.map((): Picture | null => null);
    // The picture shown at a moment is the last one before the first that comes after it.
    let shown: Frame | null = null;
    let shownSeconds = Number.NEGATIVE_INFINITY;
    let spare = 0;
    let pending = 0;
    // A seek beyond the end leads back before it: each moment is sought once.
    let soughtSeconds = Number.NEGATIVE_INFINITY;
    while (pending < order.length) {
      const target = wanted[order[pending]!]!;
      if (target - Math.max(0, shownSeconds, soughtSeconds) > PICTURE_SEEK_SECONDS) {
        soughtSeconds = target;
        shownSeconds = (await track.seek(target)) ? target : Number.POSITIVE_INFINITY;
        shown = null;
      }
      const frame = frames[spare]!;
      const isMore = await track.next(frame);
      const seconds = isMore ? (track.secondsOf(frame) ?? shownSeconds) : Number.POSITIVE_INFINITY;
      while (pending < order.length && wanted[order[pending]!]! < seconds) {
        const picture = shown ?? (isMore ? frame : null);
        const isLate = !isMore && wanted[order[pending]!]! - shownSeconds > LAST_PICTURE_SECONDS;
        if (picture !== null && !isLate) pictures[order[pending]!] = scaler.scale(picture);
        pending++;
      }
      if (!isMore) break;
      shown = frame;
      shownSeconds = seconds;
      spare = 1 - spare;
    }
    if (shown === null && pending > 0 && pictures.every((picture) => picture === null)) {
      throw new EarsightError(
        'source-corrupt',
        `${path}: no picture in it can be decoded. Fetch or make the file again.`,
      );
    }
    return pictures;
  } finally {
    for (const frame of frames) frame.free();
    scaler.close();
    await track.close();
  }
}

/**
 * Mono stretches of `samples` samples at `rateHz`, beginning at each of the moments.
 *
 * @param startsOf - Given what the file tells of its sound: where each stretch begins, seconds.
 * @returns A stretch per moment; what the track does not cover is zero, and `covered` says how much it does.
 * @throws EarsightError `source-*` naming the file.
 */
export async function readStretches(
  path: string,
  startsOf: (facts: TrackFacts) => number[],
  options: { samples: number; rateHz: number },
): Promise<{ samples: Float32Array<ArrayBuffer>; covered: number }[]> {
  const { samples: length, rateHz } = options;
  const track = await MediaTrack.open(path, 'sound');
  const resampler = new MonoResampler({ rateHz, toleranceUs: 20_000 });
  const frame = new Frame();
  frame.alloc();
  try {
    const starts = startsOf(track.facts).map((seconds) => Math.round(seconds * rateHz));
    const stretches = starts.map(() => ({ samples: new Float32Array(length), covered: 0 }));
    const order = starts.map((_, index) => index).sort((a, b) => starts[a]! - starts[b]!);
    let first = 0;
    /** Position after the last sample that came, or that was sought. */
    let reached = 0;
    let sought = 0;
    const take = (chunks: { ptsUs: number; samples: Float32Array }[]): void => {
      for (const chunk of chunks) {
        const at = Math.round((chunk.ptsUs * rateHz) / 1e6);
        reached = at + chunk.samples.length;
        for (let i = first; i < order.length && starts[order[i]!]! < reached; i++) {
          const stretch = stretches[order[i]!]!;
          const from = Math.max(at, starts[order[i]!]!);
          const to = Math.min(reached, starts[order[i]!]! + length);
          if (to <= from) continue;
          stretch.samples.set(chunk.samples.subarray(from - at, to - at), from - starts[order[i]!]!);
          stretch.covered = Math.max(stretch.covered, to - starts[order[i]!]!);
        }
        while (first < order.length && starts[order[first]!]! + length <= reached) first++;
      }
    };
    while (first < order.length) {
      const gap = (starts[order[first]!]! - Math.max(reached, sought)) / rateHz;
      if (gap > SOUND_SEEK_SECONDS) {
        sought = starts[order[first]!]!;
        take(resampler.flush());
        const from = starts[order[first]!]! / rateHz - SOUND_LEAD_SECONDS;
        reached = (await track.seek(from)) ? Math.round(from * rateHz) : Number.MAX_SAFE_INTEGER;
      }
      if (!(await track.next(frame))) {
        take(resampler.flush());
        break;
      }
      const seconds = track.secondsOf(frame);
      take(resampler.push(frame, seconds === null ? null : Math.round(seconds * 1e6)));
    }
    return stretches;
  } finally {
    frame.free();
    resampler.close();
    await track.close();
  }
}

/** What the file tells of one of its tracks. @throws EarsightError `source-*` naming the file. */
export async function probeTrack(path: string, kind: 'picture' | 'sound'): Promise<TrackFacts> {
  const track = await MediaTrack.open(path, kind);
  const frame = new Frame();
  frame.alloc();
  try {
    if (await track.next(frame)) return track.facts;
    throw new EarsightError(
      'source-corrupt',
      `${path}: none of its ${kind} can be decoded. Fetch or make the file again.`,
    );
  } finally {
    frame.free();
    await track.close();
  }
}
