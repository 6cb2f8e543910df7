/** AudioSet-instrument: clips of 10 s with tags of 15 instruments, boxes on a frame of each second of the test clips. */

import { z } from 'zod';
import { type AnnotationFile, AnnotationFolder } from '../annotations/annotation-folder.ts';
import { readRows } from '../annotations/csv.ts';
import { annotationFault } from '../annotations/fault.ts';
import { readJson } from '../annotations/json.ts';
import { numbersOf, readPickle } from '../annotations/pickle.ts';
import { type DatasetChoice, refuseUnused } from '../dataset-choice.ts';
import type { MediaRef, Moment, Position, Reading, Region } from '../moment.ts';
import { type Corners, fromXywh } from './boxes.ts';
import { clipsOf, finish, momentOf, spread } from './layout.ts';
import { readSubset } from './subset.ts';

/** The authors' order; AudioSet's machine ids. */
export const INSTRUMENTS = [
  ['Banjo', '/m/018j2'],
  ['Cello', '/m/01xqw'],
  ['Drum', '/m/026t6'],
  ['Guitar', '/m/0342h'],
  ['Harp', '/m/03m5k'],
  ['Harmonica', '/m/03qjg'],
  ['Oboe', '/m/05kms'],
  ['Piano', '/m/05r5c'],
  ['Saxophone', '/m/06ncr'],
  ['Trombone', '/m/07c6l'],
  ['Trumpet', '/m/07gql'],
  ['Violin', '/m/07y_7'],
  ['Flute', '/m/0l14j_'],
  ['Accordion', '/m/0mkg'],
  ['Horn', '/m/0319l'],
] as const;
const NAMES: readonly string[] = INSTRUMENTS.map(([name]) => name);

/**
 * DSOL numbers its boxes without Oboe, of which there is no box, and without Trumpet, whose boxes it leaves out: the
 * same boxes in normav.json tell so. 30 of the 4503 frames have no box there for that reason.
 */
const DSOL_NAMES = NAMES.filter((name) => name !== 'Oboe' && name !== 'Trumpet');

const FRAMES_PER_CLIP = 10;

interface FrameBoxes {
  clip: string;
  frame: number;
  boxes: { name: string; box: Corners }[];
}

/**
 * `val` and `test` (the default): the annotated frames; the authors pair a frame with the second that it lies in.
 * `train`: clips of AudioSet's segment lists that have one of the instruments' tags, without boxes.
 */
export function readAudioSetInstrument(choice: DatasetChoice): Reading {
  const files = new AnnotationFolder(choice);
  if (choice.split === 'train') {
    refuseUnused(choice, ['split', 'subset', 'momentsPerClip']);
    return trainingClips(choice, files);
  }
  refuseUnused(choice, ['split', 'subset', 'boxes']);
  const pickled = files.find('val_audio.pkl');
  const tags = pickled === null ? null : readTags(pickled);
  const authors = files.find('normav.json');
  const wanted = choice.boxes ?? (authors === null ? 'dsol' : 'authors');
  if (wanted !== 'authors' && wanted !== 'dsol') {
    throw annotationFault(choice.folder, null, `boxes cannot be "${wanted}"`, 'Say authors or dsol');
  }
  const remarks: string[] = [];
  const frames =
    wanted === 'dsol'
      ? dsolBoxes(files.need('audioset_box.json'))
      : authorsBoxes(files.need('normav.json'), clipNames(tags, files));
  const ids = choice.subset === undefined ? null : new Set(readSubset(choice.subset).ids ?? []);
  const kept = frames.filter(({ clip }) => ids?.has(clip) ?? true);
  const heard = tags ?? tagsOfSegments(files) ?? boxedClasses(kept, remarks);
  return finish({ classes: NAMES, moments: kept.map((frame) => momentOfFrame(frame, heard)), remarks });
}

function momentOfFrame({ clip, frame, boxes }: FrameBoxes, tags: ReadonlyMap<string, string[]>): Moment {
  const seen = [...new Set(boxes.map(({ name }) => name))];
  const heard = tags.get(clip) ?? seen;
  const { picture, sound } = mediaOf('val', clip, { seconds: frame + 0.5 }, frame);
  return momentOf({
    id: `${clip}/${frame}`,
    pictures: [picture],
    sounds: [sound],
    heard,
    seen,
    offScreen: heard.filter((name) => !seen.includes(name)),
    regions: boxes.map(({ name, box }): Region => ({ name, sounding: heard.includes(name), box })),
    located: true,
    note: `AudioSet-instrument: ${clip} frame ${frame}, ${seen.join(' + ') || 'no box'}`,
    group: clip,
  });
}

/** The authors' folders, or clips of 10 s. */
function mediaOf(
  folder: string,
  clip: string,
  at: Position,
  frame: number,
): { picture: MediaRef; sound: MediaRef } {
  const file = `${folder}/${clip}/${String(frame).padStart(4, '0')}`;
  return {
    picture: { candidates: [`${file}.jpg`, `${file}.png`, ...clipsOf(clip)], at },
    sound: { candidates: [`${folder}/audio/${clip}.wav`, `audio/${clip}.wav`, ...clipsOf(clip)], at },
  };
}

function clipNames(tags: ReadonlyMap<string, unknown> | null, files: AnnotationFolder): string[] {
  // The frames of normav.json are numbered by the place of their clip among these names in order.
  if (tags === null) files.need('val_audio.pkl');
  return [...(tags?.keys() ?? [])].sort();
}

/** Clip to its tags. */
function readTags(file: AnnotationFile): Map<string, string[]> {
  const clips = readPickle(file);
  if (!(clips instanceof Map)) {
    throw annotationFault(
      file.path,
      null,
      'it is no dictionary of clips',
      'Fetch the published val_audio.pkl again',
    );
  }
  return new Map(
    [...(clips as Map<unknown, unknown>)].map(([clip, value]) => {
      const tags = numbersOf(value);
      if (tags?.length !== NAMES.length) {
        throw annotationFault(
          file.path,
          { entry: `clip ${String(clip)}` },
          `its tags are not ${NAMES.length} numbers`,
          'Fetch the published val_audio.pkl again',
        );
      }
      return [String(clip), NAMES.filter((_, index) => tags[index]! > 0)];
    }),
  );
}

const share = z.number();
const xywh = z.tuple([share, share, share, share]);
const dsolForm = z.record(
  z.string().regex(/^.+\/\d$/, 'the key is not of the form clip/frame'),
  z.object({
    bbox: z.array(
      z.object({
        category: z
          .int()
          .min(0)
          .max(DSOL_NAMES.length - 1),
        normbox: xywh,
      }),
    ),
  }),
);

export function dsolBoxes(file: AnnotationFile): FrameBoxes[] {
  return Object.entries(readJson(file, dsolForm)).map(([key, { bbox }]) => {
    const cut = key.lastIndexOf('/');
    return {
      clip: key.slice(0, cut),
      frame: Number(key.slice(cut + 1)),
      boxes: bbox.map(({ category, normbox }) => ({ name: DSOL_NAMES[category]!, box: fromXywh(normbox) })),
    };
  });
}

const cocoForm = z.object({
  annotations: z.array(
    z.object({
      image_id: z.int().min(0),
      category_id: z
        .int()
        .min(0)
        .max(NAMES.length - 1),
      bbox: xywh,
    }),
  ),
});

export function authorsBoxes(file: AnnotationFile, clips: readonly string[]): FrameBoxes[] {
  const frames = new Map<number, FrameBoxes>();
  for (const { image_id: image, category_id: category, bbox } of readJson(file, cocoForm).annotations) {
    const clip = clips[Math.floor(image / FRAMES_PER_CLIP)];
    if (clip === undefined) {
      throw annotationFault(
        file.path,
        { entry: `image_id ${image}` },
        `val_audio.pkl has only ${clips.length} clips`,
        'Use the two files of one release',
      );
    }
    let frame = frames.get(image);
    if (frame === undefined) {
      frame = { clip, frame: image % FRAMES_PER_CLIP, boxes: [] };
      frames.set(image, frame);
    }
    frame.boxes.push({ name: NAMES[category]!, box: fromXywh(bbox) });
  }
  return [...frames.values()];
}

const SEGMENTS = ['balanced_train_segments.csv', 'unbalanced_train_segments.csv', 'eval_segments.csv'];

/** Clip to its instruments, of one of AudioSet's lists. */
export function readSegments(file: AnnotationFile): Map<string, string[]> {
  const rows = readRows(file, { cells: 4, comment: '#' });
  return new Map(
    rows.map(({ cells: [clip = '', , , labels = ''] }) => {
      const mids = labels.split(',');
      return [clip, INSTRUMENTS.filter(([, mid]) => mids.includes(mid)).map(([name]): string => name)];
    }),
  );
}

function tagsOfSegments(files: AnnotationFolder): Map<string, string[]> | null {
  const found = SEGMENTS.map((name) => files.find(name)).filter((file) => file !== null);
  return found.length === 0 ? null : new Map(found.flatMap((file) => [...readSegments(file)]));
}

function boxedClasses(frames: readonly FrameBoxes[], remarks: string[]): Map<string, string[]> {
  remarks.push(
    'no val_audio.pkl and no segment list: the classes boxed anywhere in a clip are taken for its tags',
  );
  const tags = new Map<string, string[]>();
  for (const { clip, boxes } of frames) {
    tags.set(clip, [...new Set([...(tags.get(clip) ?? []), ...boxes.map(({ name }) => name)])]);
  }
  return tags;
}

function trainingClips(choice: DatasetChoice, files: AnnotationFolder): Reading {
  const tags = readSegments(files.need(...SEGMENTS));
  const ids = choice.subset === undefined ? null : new Set(readSubset(choice.subset).ids ?? []);
  const moments: Moment[] = [];
  for (const [clip, heard] of tags) {
    if (heard.length === 0 || ids?.has(clip) === false) continue;
    spread(choice.momentsPerClip ?? FRAMES_PER_CLIP).forEach((at, index) => {
      const { picture, sound } = mediaOf('train', clip, at, index);
      moments.push(
        momentOf({
          id: `${clip}/${index}`,
          pictures: [picture],
          sounds: [sound],
          heard,
          seen: heard,
          split: 'train',
          note: `AudioSet-instrument: ${clip}, ${heard.join(' + ')}`,
          group: clip,
        }),
      );
    });
  }
  return finish({ classes: NAMES, moments, remarks: [] });
}
