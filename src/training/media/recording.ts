/** A recording of any kind (ogg, wav, flac, mp3, ... or the sound of a film) as mono samples at one rate. */

import { AVMEDIA_TYPE_AUDIO } from 'node-av/constants';
import { MonoResampler } from '../../pipeline/ingest/media/mono-resampler.ts';
import { decodeFirstStream } from './decode-first-stream.ts';

/**
 * The samples of a local file, -32768..32767: half the memory of floats, and no recording is finer. What lies beyond
 * `maxSeconds` is left out.
 *
 * @throws EarsightError `bad-dataset` when no sound can be read; the message says why, not which file
 */
export function decodeRecording(file: string, rateHz: number, maxSeconds: number): Int16Array {
  const most = Math.round(rateHz * maxSeconds);
  const parts: Float32Array[] = [];
  let count = 0;
  const keep = (samples: Float32Array): void => {
    parts.push(samples);
    count += samples.length;
  };
  const resampler = new MonoResampler({ rateHz });
  try {
    decodeFirstStream(file, AVMEDIA_TYPE_AUDIO, (frame) => {
      // Gaps between packets are no part of a recording's sound: everything is taken one after the other.
      for (const chunk of resampler.push(frame, null)) keep(chunk.samples);
      return count < most;
    });
    for (const chunk of resampler.flush()) keep(chunk.samples);
  } finally {
    resampler.close();
  }
  const out = new Int16Array(Math.min(count, most));
  let at = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length && at < out.length; i++, at++) {
      out[at] = Math.max(-32_768, Math.min(32_767, Math.round(part[i]! * 32_768)));
    }
  }
  return out;
}
