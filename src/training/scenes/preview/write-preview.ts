/** Composes a few scenes and writes what they look and sound like: a page, a contact sheet and the clips. */

import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { QIAN_LOG_MEL } from '../../../pipeline/prep/log-mel-parameters.ts';
import { classColour } from '../../export/class-colours.ts';
import { createBatch, type SampleShape } from '../../sample.ts';
import { writeAtomically } from '../../trainer/atomic-file.ts';
import { classListOf, readClassList } from '../class-list.ts';
import { loadBank } from '../load-bank.ts';
import type { SkippedFile } from '../media-bank.ts';
import { openScenes } from '../open-scenes.ts';
import { drawnClasses, type ScenePurpose, type SceneSpec, withCast } from '../spec.ts';
import type { Split } from '../split.ts';
import { boxed, type Colour, contactSheet, type Picture } from './contact-sheet.ts';
import { type PreviewTile, previewPage } from './preview-page.ts';
import { encodeWav } from './wav.ts';

export interface PreviewOptions {
  /** Folder of photos and sounds; null for the drawn cast alone. */
  data: string | null;
  /** Class list of the folder; its subfolders' names where null. */
  classList: string | null;
  /** Folder that is made, or whose earlier preview is replaced. */
  out: string;
  purpose: ScenePurpose;
  split: Split;
  count: number;
  seed: number;
  /** A picture as a JPEG file. */
  encodeJpeg: (picture: Picture) => Promise<Uint8Array>;
  onProgress?: (what: string, done: number, total: number) => void;
}

export const PREVIEW_PAGE = 'preview.html';
export const PREVIEW_SHEET = 'preview.jpg';
const CLIPS = 'clips';
/** Side of the previewed pictures and of the photos kept for them, pixels. */
const SIDE = 256;
const PHOTO_SIDE = 320;
/** As `earsight train` mixes them. */
const DRAWN_SHARE = 0.3;

/**
 * @returns the files that could not be used
 * @throws EarsightError `bad-config`, `bad-dataset`; the file system's errors
 */
export async function writePreview(options: PreviewOptions): Promise<SkippedFile[]> {
  const { out, count, seed, split, purpose, encodeJpeg, onProgress } = options;
  const { classes, bank } = await openMedia(options);
  const names = classes.map(({ name }) => name);
  const shape: SampleShape = {
    classes: names,
    frame: { width: SIDE, height: SIDE },
    logmel: { columns: QIAN_LOG_MEL.windowSamples / QIAN_LOG_MEL.hopSamples + 1, mels: QIAN_LOG_MEL.mels },
    grid: { rows: SIDE / 16, cols: SIDE / 16 },
  };
  const source = await openScenes({
    kind: 'scenes',
    seed,
    split,
    shape,
    purpose,
    classes,
    bank,
    drawnShare: bank === null ? 1 : DRAWN_SHARE,
  });
  const batch = createBatch(shape, 1);
  const tiles: PreviewTile[] = [];
  const pictures: Picture[] = [];
  const clips: Buffer[] = [];
  for (let index = 0; index < count; index++) {
    onProgress?.('scenes', index, count);
    const truth = source.write(index, batch, 0);
    const picture = boxed({ width: SIDE, height: SIDE, rgb: batch.frames }, truth.boxes, rgbOf);
    const clip = encodeWav(source.lastSound, QIAN_LOG_MEL.rateHz);
    pictures.push(picture);
    clips.push(clip);
    const silent = truth.boxes.filter(({ sounding }) => !sounding).map(({ classIndex }) => classIndex);
    tiles.push({
      index,
      picture: dataUri('image/jpeg', await encodeJpeg(picture)),
      sound: dataUri('audio/wav', clip),
      heard: names.filter((_, c) => batch.heard[c] === 1),
      silent: [...new Set(silent)].map((c) => names[c]!),
      offScreen: truth.offScreen.map((c) => names[c]!),
      located: batch.located[0] === 1,
      note: truth.note,
    });
  }
  const page = previewPage(
    {
      title: `Scenes of ${options.data === null ? 'the drawn cast' : basename(options.data)}`,
      facts: [
        `${count} examples of the ${split} split, seed ${seed}, composed for ${purposeName(purpose)}.`,
        'A box of a whole line sounds; a broken one is silent. Each clip is the second of sound that ends with the picture.',
        ...(bank?.skipped ?? []).map(({ file, reason }) => `${file} was left out: ${reason}`),
      ],
      legend: names.map((name, c) => ({ name, colour: classColour(c) })),
    },
    tiles,
  );
  await mkdir(out, { recursive: true });
  await rm(join(out, CLIPS), { recursive: true, force: true });
  await mkdir(join(out, CLIPS));
  const digits = String(count - 1).length;
  for (const [index, clip] of clips.entries()) {
    await writeAtomically(join(out, CLIPS, `${String(index).padStart(digits, '0')}.wav`), clip);
  }
  await writeAtomically(join(out, PREVIEW_SHEET), await encodeJpeg(contactSheet(pictures)));
  await writeAtomically(join(out, PREVIEW_PAGE), page);
  await source.close();
  return bank?.skipped ?? [];
}

async function openMedia(options: PreviewOptions): Promise<Pick<SceneSpec, 'classes' | 'bank'>> {
  const { data, classList, onProgress } = options;
  if (data === null) return { classes: drawnClasses(), bank: null };
  const list = classList === null ? classListOf(data) : readClassList(classList);
  const bank = await loadBank({
    root: data,
    list,
    rateHz: QIAN_LOG_MEL.rateHz,
    maxSide: PHOTO_SIDE,
    onProgress: (done, total) => onProgress?.('files', done, total),
  });
  return { classes: withCast(list.classes), bank };
}

function rgbOf(classIndex: number): Colour {
  const value = Number.parseInt(classColour(classIndex).slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

const dataUri = (type: string, bytes: Uint8Array): string =>
  `data:${type};base64,${Buffer.from(bytes).toString('base64')}`;

function purposeName(purpose: ScenePurpose): string {
  if (purpose.kind === 'training') return 'training';
  if (purpose.kind === 'things') return 'teaching the eye first';
  if (purpose.kind === 'sounds') return 'teaching the ear first';
  return typeof purpose.level === 'number'
    ? `evaluation, level ${purpose.level}`
    : `evaluation, ${purpose.level}`;
}
