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
    message: 'must be a path below the folder, with / between',
  });
const media = z.union([path, z.array(path).min(1).max(4)]);
const names = z.array(z.string().min(1));
const corners = z.tuple([share, share, share, share]).refine(([x0, y0, x1, y1]) => x1 >= x0 && y1 >= y0, {
  message: 'must be left, top, right, bottom, 0 to 1',
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

/**
 * A moment as a line of a manifest.
 * @param found - The path below the folder that a medium or mask has; null leaves the first that it may have.
 */
export function lineOfMoment(
  moment: Moment,
  found: (candidates: readonly string[]) => string | null,
): z.input<typeof manifestLine> {
  const pathOf = ({ candidates }: { candidates: readonly string[] }): string =>
    found(candidates) ?? candidates[0] ?? '';
  const [picture] = moment.pictures;
  const [sound] = moment.sounds;
  return {
    id: moment.id,
    picture: moment.pictures.map(pathOf),
    sound: moment.sounds.map(pathOf),
    at: plainPosition(picture?.at ?? MIDDLE),
    soundAt: plainPosition(sound?.at ?? MIDDLE),
    heard: [...moment.heard],
    seen: [...moment.seen],
    offScreen: [...moment.offScreen],
    boxes: moment.regions.flatMap(({ name, sounding, box: at }) =>
      at === undefined ? [] : [{ class: name, sounding, box: [...clippedCorners(at)] as Corners }],
    ),
    masks: moment.regions.flatMap(({ name, sounding, mask: of }) =>
      of === undefined
        ? []
        : [
            {
              class: name,
              sounding,
              file: pathOf(of),
              ...(of.panel === undefined ? {} : { panel: of.panel }),
              ...(of.colours === undefined
                ? {}
                : {
                    colours: Object.fromEntries(
                      of.colours.map((colour) => [colour.name, [...colour.rgb] as [number, number, number]]),
                    ),
                  }),
            },
          ],
    ),
    located: moment.located,
    ...(moment.split === null ? {} : { split: moment.split }),
    ...(moment.group === undefined ? {} : { group: moment.group }),
    note: moment.note,
  };
}

type Corners = [number, number, number, number];

/** Published boxes may stand over the edge by a rounding, and the corrupt ones end before they begin. */
function clippedCorners([x0, y0, x1, y1]: readonly [number, number, number, number]): Corners {
  const clip = (value: number): number => Math.min(1, Math.max(0, value));
  const [left, top] = [clip(x0), clip(y0)];
  return [left, top, Math.max(left, clip(x1)), Math.max(top, clip(y1))];
}

function positionOf(value: ManifestLine['at']): Position | undefined {
  return typeof value === 'number' ? { seconds: value } : value;
}

function plainPosition(at: Position): NonNullable<ManifestLine['at']> {
  return 'seconds' in at ? at.seconds : at;
}
