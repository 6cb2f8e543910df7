/** `earsight scenes [folder] --preview <out>`: what a network would be trained on, to look at and listen to. */

import { basename, resolve } from 'node:path';
import { EarsightError } from '../../pipeline/errors.ts';
import { rgbToI420 } from '../../pipeline/i420.ts';
import { PREVIEW_PAGE, PREVIEW_SHEET, writePreview } from '../../training/scenes/preview/write-preview.ts';
import type { ScenePurpose } from '../../training/scenes/spec.ts';
import { splits } from '../../training/scenes/split.ts';
import { JpegEncoder } from '../picture/jpeg-encoder.ts';
import { statusLine } from './status-line.ts';

export interface ScenesFlags {
  preview: string;
  scenes?: string;
  show: string;
  split: string;
  count: string;
  seed: string;
}

const MAX_COUNT = 400;
const JPEG_QUALITY = 88;

/** @returns the exit code. @throws EarsightError when folder or flags do not serve; nothing is written then */
export async function scenes(folder: string | undefined, flags: ScenesFlags): Promise<number> {
  if (folder === undefined && flags.scenes !== undefined) {
    throw new EarsightError('bad-config', '--scenes names classes of a folder, but no folder is given.');
  }
  const split = splits.find((name) => name === flags.split);
  if (split === undefined) {
    throw new EarsightError('bad-config', `--split must be ${splits.join(', ')}, but is "${flags.split}".`);
  }
  const out = resolve(flags.preview);
  const line = statusLine(process.stderr);
  const encoder = new JpegEncoder({ quality: JPEG_QUALITY });
  try {
    const skipped = await writePreview({
      data: folder === undefined ? null : resolve(folder),
      classList: flags.scenes === undefined ? null : resolve(flags.scenes),
      out,
      purpose: purposeOf(flags.show, folder === undefined ? 'drawn' : 'photo'),
      split,
      count: wholeNumber('--count', flags.count, 1, MAX_COUNT),
      seed: wholeNumber('--seed', flags.seed, 0, 0xffff_ffff),
      encodeJpeg: ({ width, height, rgb }) =>
        encoder.encode({ width, height, data: rgbToI420(rgb, width, height) }),
      onProgress: (what, done, total) => line.passing(`${what}: ${done} of ${total}`),
    });
    line.end();
    for (const { file, reason } of skipped) process.stdout.write(`Left out: ${file}: ${reason}\n`);
    process.stdout.write(
      `Look at ${resolve(out, PREVIEW_PAGE)}, or at ${PREVIEW_SHEET} and the clips in ${basename(out)}.\n`,
    );
    return 0;
  } finally {
    line.end();
    await encoder.close();
  }
}

function purposeOf(show: string, style: 'photo' | 'drawn'): ScenePurpose {
  if (show === 'training') return { kind: 'training' };
  if (show === 'none' || show === 'off-screen') return { kind: 'evaluation', level: show, style };
  const level = ([1, 2, 3] as const).find((number) => String(number) === show);
  if (level !== undefined) return { kind: 'evaluation', level, style };
  throw new EarsightError(
    'bad-config',
    `--show must be training, 1, 2, 3, none or off-screen, but is "${show}".`,
  );
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most && text.trim() !== '') return value;
  throw new EarsightError(
    'bad-config',
    `${flag} must be a whole number from ${least} to ${most}, but is "${text}".`,
  );
}
