/** MUSIC and MUSIC-21: solos and duets, labelled by clip, with boxes of DSOL or of AVGN on some frames. */

import { z } from 'zod';
import { type AnnotationFile, AnnotationFolder } from '../annotations/annotation-folder.ts';
import { readRows } from '../annotations/csv.ts';
import { annotationFault } from '../annotations/fault.ts';
import { readJson } from '../annotations/json.ts';
import { type DatasetChoice, refuseUnused } from '../dataset-choice.ts';
import type { MediaRef, Moment, Position, Reading, Region, Split } from '../moment.ts';
import { INSTRUMENTS } from './audioset-instrument.ts';
import { type Corners, clipped, fromXywh, hasArea } from './boxes.ts';
import { clipsOf, finish, momentOf, sortedNames, spread, stemOf } from './layout.ts';

type Part = 'solo' | 'duet';

/** DSOL numbers its boxes by AudioSet-instrument's list; these are the names that MUSIC has for them. */
const DSOL_TO_MUSIC: Readonly<Record<string, string>> = {
  Accordion: 'accordion',
  Cello: 'cello',
  Flute: 'flute',
  Guitar: 'acoustic_guitar',
  Saxophone: 'saxophone',
  Trumpet: 'trumpet',
  Violin: 'violin',
};

/** The name of a category that DSOL boxed, or null. */
export function dsolMusicName(category: number): string | null {
  const name = INSTRUMENTS[category]?.[0];
  return name === undefined ? null : (DSOL_TO_MUSIC[name] ?? null);
}

export function readMusicSolo(choice: DatasetChoice): Reading {
  return readMusic(choice, 'solo');
}

export function readMusicDuet(choice: DatasetChoice): Reading {
  return readMusic(choice, 'duet');
}

function readMusic(choice: DatasetChoice, part: Part): Reading {
  const files = new AnnotationFolder(choice);
  const boxes = choice.boxes ?? (files.find(`${part}test.json`) === null ? 'none' : 'dsol');
  if (boxes === 'none') {
    refuseUnused(choice, ['boxes', 'split', 'subset', 'momentsPerClip']);
    return labelledClips(choice, files, part);
  }
  if (boxes === 'dsol') {
    refuseUnused(choice, ['boxes', 'split', 'subset']);
    return dsolFrames(choice, files, part);
  }
  refuseUnused(choice, ['boxes']);
  if (boxes === 'authors') {
    throw annotationFault(
      choice.folder,
      null,
      'MUSIC has no boxes of its authors',
      'Say dsol, avgn-xywh, avgn-xyxy or none',
    );
  }
  return avgnFrames(files, part, boxes);
}

const SPLIT_FILES: Record<Part, Record<Split, readonly string[]>> = {
  solo: {
    train: [
      'solo_training_1.txt',
      'solo_training_2.txt',
      'solo_solo_training_1.txt',
      'solo_solo_training_2.txt',
    ],
    val: ['solo_validation.txt', 'solo_solo_validation.txt'],
    test: ['solo_testing.txt', 'solo_solo_testing.txt'],
  },
  duet: {
    train: ['duet_pairs_train.txt', 'duet_duet_pairs_train.txt'],
    val: ['duet_pairs_val.txt', 'duet_duet_pairs_val.txt'],
    test: ['duet_pairs_val.txt', 'duet_duet_pairs_val.txt'],
  },
};

/** DSOL's lists, `<clip>.flac <clip>.mp4` a row: the clips' names, or null for all. */
function clipsOfSplit(choice: DatasetChoice, files: AnnotationFolder, part: Part): string[] | null {
  const lists: AnnotationFile[] = [];
  if (choice.subset !== undefined) {
    lists.push(new AnnotationFolder({ folder: choice.subset }).need('.txt'));
  } else if (choice.split !== undefined) {
    const names = SPLIT_FILES[part][choice.split];
    const found = names.map((name) => files.find(name)).filter((file) => file !== null);
    lists.push(...(found.length > 0 ? found : [files.need(...names)]));
  }
  return lists.length === 0 ? null : lists.flatMap(readPairList);
}

/** @throws EarsightError `bad-dataset` when a row's two names differ. */
export function readPairList(file: AnnotationFile): string[] {
  return readRows(file, { cells: 2, delimiter: ' ', quote: false }).map(
    ({ line, cells: [audio = '', video = ''] }) => {
      if (stemOf(audio) === stemOf(video)) return stemOf(video);
      throw annotationFault(
        file.path,
        { line },
        `${audio} and ${video} are not of one clip`,
        'Correct the row',
      );
    },
  );
}

const videosForm = z.object({ videos: z.record(z.string(), z.array(z.string())) });

/** Clip id to its instruments. The names of a duet are parted by a blank. */
export function readVideoList(file: AnnotationFile): Map<string, string[]> {
  const { videos } = readJson(file, videosForm);
  return new Map(
    Object.entries(videos).flatMap(([names, ids]) =>
      ids.map((id): [string, string[]] => [id, names.split(' ')]),
    ),
  );
}

const MOMENTS_PER_CLIP = 10;
/** DSOL cuts `<id>_<first second>_<last second>`. */
const CUT = /_\d+_\d+$/;

function labelledClips(choice: DatasetChoice, files: AnnotationFolder, part: Part): Reading {
  const names =
    part === 'solo' ? ['MUSIC21_solo_videos.json', 'MUSIC_solo_videos.json'] : ['MUSIC_duet_videos.json'];
  const labels = readVideoList(files.need(...names));
  const classes = sortedNames([...labels.values()].flat());
  const remarks: string[] = [];
  const moments: Moment[] = [];
  for (const clip of clipsOfSplit(choice, files, part) ?? [...labels.keys()]) {
    const heard = labels.get(clip) ?? labels.get(clip.replace(CUT, ''));
    if (heard === undefined) {
      remarks.push(`${clip} is in the list and has no label: left out`);
      continue;
    }
    spread(choice.momentsPerClip ?? MOMENTS_PER_CLIP).forEach((at, index) => {
      moments.push(
        momentOf({
          id: `${clip}/${index}`,
          pictures: [videoOf(clip, part, at, heard)],
          sounds: [recordingOf(clip, part, at, heard)],
          heard,
          seen: heard,
          split: choice.split ?? null,
          note: `MUSIC ${part}: ${clip}, ${heard.join(' + ')}`,
          group: clip,
        }),
      );
    });
  }
  return finish({ classes, moments, remarks });
}

/** The clip may lie under its instrument, as downloaders put it, and may have DSOL's or the bare name. */
function videoOf(clip: string, part: Part, at: Position, heard: readonly string[]): MediaRef {
  const stems = [clip, `${clip}_0_1000`, clip.replace(CUT, '')];
  const folder = heard.join(' ');
  return {
    candidates: stems.flatMap((stem) => [
      ...clipsOf(stem),
      `${part}/video/${stem}.mp4`,
      `${part}/${stem}.mp4`,
      `${part}/${folder}/${stem}.mp4`,
      `${folder}/${stem}.mp4`,
    ]),
    at,
  };
}

function recordingOf(clip: string, part: Part, at: Position, heard: readonly string[]): MediaRef {
  const own = ['wav', 'flac'].flatMap((ending) => [
    `audio/${clip}.${ending}`,
    `${part}/audio/${clip}.${ending}`,
  ]);
  return { candidates: [...own, ...videoOf(clip, part, at, heard).candidates], at };
}

const share = z.number();
const xywh = z.tuple([share, share, share, share]);
const dsolForm = z.record(
  z.string().regex(/^.+\/frame_\d+\/\d+\.jpg$/, 'the key is not of the form clip/frame_SSS/NNNNN.jpg'),
  z.object({ bbox: z.array(z.object({ normbox: xywh, category_id: z.int() })) }),
);

export interface DsolFrame {
  key: string;
  clip: string;
  /** The second that the frame lies in, whose sound DSOL pairs it with. */
  second: number;
  /** Its number in the clip, from 0. */
  number: number;
  boxes: { name: string; box: Corners }[];
}

export function readDsolFrames(file: AnnotationFile): DsolFrame[] {
  return Object.entries(readJson(file, dsolForm)).map(([key, { bbox }]) => {
    const [clip = '', second = '', number = ''] = key.split('/');
    const boxes = bbox.map(({ normbox, category_id: category }) => {
      const name = dsolMusicName(category);
      if (name !== null) return { name, box: fromXywh(normbox) };
      throw annotationFault(
        file.path,
        { entry: `entry ${key}` },
        `category_id ${category} is none that DSOL boxed`,
        'Fetch the file again',
      );
    });
    return {
      key,
      clip,
      second: Number(second.slice('frame_'.length)),
      number: Number.parseInt(number, 10),
      boxes,
    };
  });
}

/** Frames without a box are left out, as DSOL's evaluation does. */
function dsolFrames(choice: DatasetChoice, files: AnnotationFolder, part: Part): Reading {
  const all = readDsolFrames(files.need(`${part}test.json`));
  const clips = clipsOfSplit(choice, files, part);
  const kept = clips === null ? all : all.filter(({ clip }) => clips.includes(clip));
  const boxed = kept.filter(({ boxes }) => boxes.length > 0);
  const remarks =
    boxed.length === kept.length
      ? []
      : [`${kept.length - boxed.length} frames have no box: left out, as DSOL does`];
  const players = new Map<string, string[]>();
  for (const { clip, boxes } of kept) {
    players.set(clip, sortedNames([...(players.get(clip) ?? []), ...boxes.map(({ name }) => name)]));
  }
  const moments = boxed.map(({ key, clip, second, number, boxes }) => {
    const heard = players.get(clip) ?? [];
    const seen = sortedNames(boxes.map(({ name }) => name));
    const video = videoOf(clip, part, { frame: number }, heard);
    return momentOf({
      id: key,
      pictures: [
        { ...video, candidates: [`video_frames/${key}`, `${part}/video_frames/${key}`, ...video.candidates] },
      ],
      sounds: [recordingOf(clip, part, { seconds: second + 0.5 }, heard)],
      heard,
      seen,
      offScreen: heard.filter((name) => !seen.includes(name)),
      regions: boxes.map(({ name, box }): Region => ({ name, sounding: true, box })),
      located: true,
      split: choice.split ?? null,
      note: `MUSIC ${part} (DSOL): ${key}, ${seen.join(' + ')}`,
      group: clip,
    });
  });
  return finish({ classes: Object.values(DSOL_TO_MUSIC), moments, remarks });
}

const soloForm = z.array(z.object({ file: z.string().min(11), class: z.string(), bbox: xywh }));
const duetForm = z.array(
  z.object({
    file: z.string().min(11),
    class_src1: z.string(),
    bbox_src1: xywh,
    class_src2: z.string(),
    bbox_src2: xywh,
  }),
);

/** `<clip>_<second>_<frame>`: the recording's name is the clip. */
const AVGN_TAIL = '_000_00000'.length;

function avgnFrames(files: AnnotationFolder, part: Part, boxes: 'avgn-xywh' | 'avgn-xyxy'): Reading {
  const file = files.need(`music_${part}.json`);
  const entries =
    part === 'solo'
      ? readJson(file, soloForm).map((entry) => ({
          file: entry.file,
          sources: [{ name: entry.class, numbers: entry.bbox }],
        }))
      : readJson(file, duetForm).map((entry) => ({
          file: entry.file,
          sources: [
            { name: entry.class_src1, numbers: entry.bbox_src1 },
            { name: entry.class_src2, numbers: entry.bbox_src2 },
          ],
        }));
  const toCorners = (numbers: Corners): Corners =>
    clipped(boxes === 'avgn-xywh' ? fromXywh(numbers) : numbers);
  const moments = entries.map(({ file: name, sources }) => {
    const clip = name.slice(0, -AVGN_TAIL);
    const [second, frame] = name
      .slice(-AVGN_TAIL + 1)
      .split('_')
      .map(Number);
    const heard = sources.map((source) => source.name);
    const video = videoOf(clip, part, { frame: frame ?? 0 }, heard);
    return momentOf({
      id: name,
      pictures: [{ ...video, candidates: [`frames/${name}.jpg`, ...video.candidates] }],
      sounds: [recordingOf(clip, part, { seconds: (second ?? 0) + 0.5 }, heard)],
      heard,
      seen: heard,
      regions: sources.map((source) => ({
        name: source.name,
        sounding: true,
        box: toCorners(source.numbers),
      })),
      located: true,
      note: `MUSIC ${part} (AVGN): ${name}, ${heard.join(' + ')}`,
      group: clip,
    });
  });
  const flat = moments
    .flatMap(({ regions }) => regions)
    .filter(({ box }) => box !== undefined && !hasArea(box));
  const remarks =
    flat.length === 0 ? [] : [`${flat.length} boxes have no area when read as ${boxes.slice(5)}`];
  const classes = sortedNames(entries.flatMap(({ sources }) => sources.map(({ name }) => name)));
  return finish({ classes, moments, remarks });
}
