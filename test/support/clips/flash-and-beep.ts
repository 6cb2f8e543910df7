/** Finds flashes and beeps in what a source delivered, and how far apart they are. */

import type { AudioChunk, SenderReport, VideoFrame } from '../../../src/pipeline/types.ts';

/** Times of the pictures that turn from dark to bright. */
export function flashTimesUs(frames: readonly VideoFrame[]): number[] {
  const times: number[] = [];
  let wasBright = true;
  for (const frame of frames) {
    const middle = frame.width * (frame.height >> 1) + (frame.width >> 1);
    const bright = frame.data[middle]! > 128;
    if (bright && !wasBright) times.push(frame.ptsUs);
    wasBright = bright;
  }
  return times;
}

/** Times of the samples that turn loud after a quarter of a second of quiet. */
export function beepTimesUs(chunks: readonly AudioChunk[]): number[] {
  const times: number[] = [];
  let quietSamples = 0;
  for (const chunk of chunks) {
    chunk.samples.forEach((value, index) => {
      if (Math.abs(value) < 0.3) {
        quietSamples += 1;
        return;
      }
      if (quietSamples > chunk.rateHz / 4) times.push(chunk.ptsUs + (index * 1e6) / chunk.rateHz);
      quietSamples = 0;
    });
  }
  return times;
}

/** For each flash the beep nearest to it, as beep minus flash; those further than 0.4 s apart are no pair. */
export function skewsUs(
  flashes: readonly number[],
  beeps: readonly number[],
  audioMinusVideoUs = 0,
): number[] {
  return flashes.flatMap((flash) => {
    const distances = beeps.map((beep) => beep + audioMinusVideoUs - flash);
    const nearest = distances.reduce(
      (best, next) => (Math.abs(next) < Math.abs(best) ? next : best),
      Infinity,
    );
    return Math.abs(nearest) < 400_000 ? [nearest] : [];
  });
}

/** What must be added to audio times to compare them with video times, by the last report of each track. */
export function audioMinusVideoUs(reports: readonly SenderReport[]): number {
  const offset = (track: 'audio' | 'video'): number => {
    const report = reports.findLast((candidate) => candidate.track === track);
    if (report === undefined) throw new Error(`no ${track} report`);
    return report.senderWallUs - report.ptsUs;
  };
  return offset('audio') - offset('video');
}
