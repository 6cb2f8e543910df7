/** Which moment of a file is meant, and which stretch of its sound goes with it. */

import type { TrackFacts } from '../../media/media-track.ts';
import type { Position } from '../moment.ts';

/**
 * `ending`: the window ends at the moment, as live (nothing is heard before it happens). `centred`: the moment is in
 * its middle, as most published protocols have it.
 */
export type Alignment = 'ending' | 'centred';

/** Seconds from the file's beginning. Frames are met in their middle, so that rounding picks no neighbour. */
export function secondsAt(at: Position, { durationSeconds, frameRate }: TrackFacts): number {
  if ('seconds' in at) return at.seconds;
  if ('fraction' in at) return at.fraction * (durationSeconds ?? 0);
  return frameRate === null ? 0 : (at.frame + 0.5) / frameRate;
}

/** Where the window begins: moved, where need be, to lie within the recording. */
export function windowStart(
  at: Position,
  facts: TrackFacts,
  windowSeconds: number,
  alignment: Alignment,
): number {
  const end = secondsAt(at, facts) + (alignment === 'centred' ? windowSeconds / 2 : 0);
  const latest =
    facts.durationSeconds === null ? Number.POSITIVE_INFINITY : facts.durationSeconds - windowSeconds;
  return Math.max(0, Math.min(latest, end - windowSeconds));
}

/** Repeats the beginning of `samples` until it fills it: what is shorter than the window (LVS does the same). */
export function repeatToFill(samples: Float32Array, covered: number): void {
  if (covered === 0) return;
  for (let at = covered; at < samples.length; at += covered) {
    samples.copyWithin(at, 0, Math.min(covered, samples.length - at));
  }
}
