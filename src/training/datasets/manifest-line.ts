/** The JSONL manifest: one annotated moment a line, for data that no other reader knows. `docs/datasets.md` documents it. */

import { z } from 'zod';
import { type MediaRef, MIDDLE, type Moment, type Position, type Region } from './moment.ts';

const share = z.number().min(0).max(1);
const position = z.union([
  z.number().min(0),
  z.strictObject({ fraction: share }),
  z.strictObject({ frame: z.int().min(0) }),
]);
const path = z
  .string()
  .min(1)
  .refine((text) => !/^([/\\]|[A-Za-z]:)/.test(text) && !text.split('/').includes('..'), {
    error: 'must be a path below the folder, with / between',
  });
const media = z.union([path, z.array(path).min(1).max(4)]);
const names = z.array(z.string().min(1));
const corners = z.tuple([share, share, share, share]).refine(([x0, y0, x1, y1]) => x1 >= x0 && y1 >= y0, {
  error: 'must be left, top, right, bottom, 0 to 1',
});

const box = z.strictObject({
  class: z.string().min(1).nullable().default(null),
  box: corners,
  sounding: z.boolean().default(true),
});
const byte = z.int().min(0).max(255);
const mask = z.strictObject({
  class: z.string().min(1).nullable().default(null),
  file: path,
  sounding: z.boolean().default(true),
  /** One file for many classes: the colour of each. */
  colours: z.record(z.string().min(1), z.tuple([byte, byte, byte])).optional(),
  /** Of several pictures side by side, the one that it is of, from 0. */
  panel: z.int().min(0).max(3).optional(),
});

export const manifestLine = z.strictObject({
  id: z.string().min(1),
  /** Photo or clip; several lie side by side. */
  picture: media,
  /** Clip or recording; several sound together. Left out: the pictures' own sound. */
  sound: media.optional(),
  /** Where in the clips, seconds; or `{fraction}`, `{frame}`. Left out: the middle. */
  at: position.optional(),
  /** The same in the recordings, where that differs. */
  soundAt: position.optional(),
  heard: names.default([]),
  /** Left out: the classes of boxes and masks, or what is heard and not off screen. */
  seen: names.optional(),
  offScreen: names.default([]),
  boxes: z.array(box).default([]),
  masks: z.array(mask).default([]),
  /** Whether boxes and masks tell all there is to tell about where. Left out: whether there are any. */
  located: z.boolean().optional(),
  split: z.enum(['train', 'val', 'test']).optional(),
  group: z.string().optional(),
  note: z.string().optional(),
});

/** The optional first line. */
export const manifestHeader = z.strictObject({
  earsight: z.literal(1),
  /** All classes, in order; left out: those that occur, in alphabetical order. */
  classes: names.optional(),
});

export type ManifestLine = z.infer<typeof manifestLine>;

export function momentOfLine(line: ManifestLine): Moment {
  const at = positionOf(line.at) ?? MIDDLE;
  const pictures = [line.picture].flat();
  const sounds = [line.sound ?? pictures].flat();
  const soundAt = positionOf(line.soundAt) ?? at;
  const regions = [
    ...line.boxes.map((entry): Region => ({ name: entry.class, sounding: entry.sounding, box: entry.box })),
    ...line.masks.map(
      (entry): Region => ({
        name: entry.class,
        sounding: entry.sounding,
        mask: {
          candidates: [entry.file],
          ...(entry.colours === undefined
            ? {}
            : { colours: Object.entries(entry.colours).map(([name, rgb]) => ({ name, rgb })) }),
          ...(entry.panel === undefined ? {} : { panel: entry.panel }),
        },
      }),
    ),
  ];
  const placed = regions.map(({ name }) => name).filter((name) => name !== null);
  const heard = line.heard.filter((name) => !line.offScreen.includes(name));
  return {
    id: line.id,
    pictures: pictures.map((file): MediaRef => ({ candidates: [file], at })),
    sounds: sounds.map((file): MediaRef => ({ candidates: [file], at: soundAt })),
    heard: [...new Set([...line.heard, ...line.offScreen])],
    seen: line.seen ?? [...new Set([...placed, ...heard])],
    offScreen: line.offScreen,
    regions,
    located: line.located ?? regions.length > 0,
    split: line.split ?? null,
    note: line.note ?? line.id,
    ...(line.group === undefined ? {} : { group: line.group }),
  };
}

function positionOf(value: ManifestLine['at']): Position | undefined {
  return typeof value === 'number' ? { seconds: value } : value;
}
