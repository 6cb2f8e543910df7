/** How much a camera may claim before it is believed: what is larger is an attack or a fault, not a camera. */

import { EarsightError } from '../../errors.ts';

/** Pixels of a picture: 8K, 7680 x 4320. The decoder refuses larger ones before it takes memory for them. */
export const MAX_PIXELS = 33_177_600;

/** Samples a second of a sound track, and its channels; the lowest rate is that of nothing in use. */
const MAX_AUDIO_RATE_HZ = 384_000;
const MIN_AUDIO_RATE_HZ = 1_000;
const MAX_AUDIO_CHANNELS = 64;

/** @throws EarsightError `source-unsupported`. Numbers are 0 while they are not known. */
export function requirePossiblePicture({ width, height }: { width: number; height: number }): void {
  if (width * height <= MAX_PIXELS) return;
  throw new EarsightError(
    'source-unsupported',
    `its pictures have ${width}x${height} pixels, more than ${MAX_PIXELS}; choose a smaller stream in the camera`,
  );
}

/** @throws EarsightError `source-unsupported`. Numbers are 0 while they are not known. */
export function requirePossibleSound({ rateHz, channels }: { rateHz: number; channels: number }): void {
  const isRate = rateHz === 0 || (rateHz >= MIN_AUDIO_RATE_HZ && rateHz <= MAX_AUDIO_RATE_HZ);
  if (isRate && channels >= 0 && channels <= MAX_AUDIO_CHANNELS) return;
  throw new EarsightError(
    'source-unsupported',
    `its sound has ${rateHz} samples a second in ${channels} channels, which no microphone has; check the camera`,
  );
}
