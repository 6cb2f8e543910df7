/** Every kind of data set, on media of our own making laid out as published: found, decoded, served. */

import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  npyOf,
  type Rgb,
  write,
  writeFlashingClip,
  writePhoto,
  writeTone,
} from '../../../test/support/datasets/media.ts';
import { LogMel } from '../../pipeline/prep/log-mel.ts';
import { QIAN_LOG_MEL } from '../../pipeline/prep/log-mel-parameters.ts';
import { createBatch, type SampleBatch, type SampleShape, type SampleTruth } from '../sample.ts';
import type { DatasetChoice } from './dataset-choice.ts';
import { type DatasetSpec, type OpenedDataset, openDataset } from './open-dataset.ts';
import { avssColour } from './readers/avsbench.ts';

let root: string;
/** A clip of 10 s with a flash and a beep at each whole second, made once and copied. */
let tenSeconds: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'earsight-datasets-'));
  tenSeconds = join(root, 'ten.mp4');
  await writeFlashingClip(tenSeconds, 10);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
function newFolder(): string {
  return join(root, `set-${folders++}`);
}

function shapeOf(classes: string[], frame = { width: 32, height: 32 }): SampleShape {
  return { classes, frame, logmel: { columns: 51, mels: 64 }, grid: { rows: 2, cols: 2 } };
}

async function open(
  dataset: DatasetChoice,
  classes: string[],
  more: Partial<DatasetSpec> = {},
): Promise<OpenedDataset> {
  return openDataset({ dataset, shape: shapeOf(classes), ...more });
}

function example(source: OpenedDataset, index: number): { batch: SampleBatch; truth: SampleTruth } {
  const batch = createBatch(source.shape, 1);
  // What was there before must not show.
  for (const array of [batch.frames, batch.logmel, batch.heard, batch.seen, batch.coverage, batch.located])
    array.fill(1);
  return { batch, truth: source.write(index, batch, 0) };
}

function pixel({ frames }: SampleBatch, x: number, y: number, width = 32): number[] {
  return [...frames.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

/** The mel band that holds most of the sound, over the inner columns. */
function loudestBand({ logmel }: SampleBatch): number {
  const sums = Array.from({ length: 64 }, (_, mel) => {
    let sum = 0;
    for (let column = 5; column < 46; column++) sum += Math.exp(logmel[column * 64 + mel]!);
    return sum;
  });
  return sums.indexOf(Math.max(...sums));
}

/** What a tone of `hz` gives, computed from samples of our own. */
function bandOf(hz: number): number {
  const logMel = new LogMel(QIAN_LOG_MEL);
  const samples = Float32Array.from(
    { length: 22_050 },
    (_, n) => 0.5 * Math.sin((2 * Math.PI * hz * n) / 22_050),
  );
  const logmel = new Float32Array(51 * 64);
  logMel.write(samples, logmel, 0);
  return loudestBand({ logmel } as SampleBatch);
}

/** Which columns of the window are loud. */
function loudColumns({ logmel }: SampleBatch): number[] {
  return Array.from({ length: 51 }, (_, column) =>
    Math.max(...logmel.subarray(column * 64, (column + 1) * 64)),
  )
    .map((peak, column) => (peak > -3 ? column : -1))
    .filter((column) => column >= 0);
}

const RED: Rgb = [255, 0, 0];
const BLUE: Rgb = [0, 0, 255];
const leftRed =
  (width: number) =>
  (x: number): Rgb =>
    x < width / 2 ? RED : BLUE;

function copyClip(path: string): void {
  write(path, '');
  cpSync(tenSeconds, path);
}

/** `frames/<id>.jpg` and `audio/<id>.wav`. */
async function layPair(folder: string, id: string, hz: number, colour: Rgb = RED): Promise<void> {
  await writePhoto(join(folder, `frames/${id}.jpg`), 40, 24, () => colour);
  writeTone(join(folder, `audio/${id}.wav`), { seconds: 3, hz, rateHz: 44_100 });
}

describe('flickr', () => {
  it('serves photos with XML boxes, squashed, and the negatives of SLAVC', async () => {
    const folder = newFolder();
    await writePhoto(join(folder, 'frames/10000130166.jpg'), 64, 32, leftRed(64));
    writeTone(join(folder, 'audio/10000130166.wav'), { seconds: 5, hz: 500, rateHz: 22_050 });
    await layPair(folder, '10437048305', 3000);
    write(
      join(folder, 'Annotations/10000130166.xml'),
      '<?xml version="1.0"?><annotation><person><bbox><label>object</label><xmin>1</xmin><ymin>2</ymin><xmax>128</xmax><ymax>256</ymax></bbox></person>' +
        '<person><bbox><label>object</label><xmin>65</xmin><ymin>1</ymin><xmax>256</xmax><ymax>129</ymax></bbox></person></annotation>',
    );
    write(join(folder, 'flickr_test.csv'), '10000130166,202\n3908875357,0\n');
    const source = await open({ kind: 'flickr', folder }, ['dog']);
    expect(source.length).toBe(1);
    expect(source.report.remarks).toEqual(['3908875357 is in the list and has no annotation: left out']);
    const { batch, truth } = example(source, 0);
    expect(truth.boxes).toEqual([
      { classIndex: -1, sounding: true, x0: 1 / 256, y0: 2 / 256, x1: 0.5, y1: 1 },
      { classIndex: -1, sounding: true, x0: 65 / 256, y0: 1 / 256, x1: 1, y1: 129 / 256 },
    ]);
    const [red, , blue] = pixel(batch, 4, 16);
    expect([red! > 200, blue! < 80]).toEqual([true, true]);
    expect(pixel(batch, 28, 16)[2]).toBeGreaterThan(200);
    expect(loudestBand(batch)).toBe(bandOf(500));
    expect([[...batch.heard], [...batch.coverage], batch.located[0]]).toEqual([[0], [0, 0, 0, 0], 0]);

    write(join(root, 'negatives.csv'), 'video,audio,label\n10000130166,10437048305,non-sounding\n');
    const extended = await open({ kind: 'flickr', folder, subset: join(root, 'negatives.csv') }, ['dog']);
    expect(extended.length).toBe(2);
    const negative = example(extended, 1);
    expect(negative.truth.boxes).toEqual([]);
    expect(negative.batch.located[0]).toBe(1);
    expect(loudestBand(negative.batch)).toBe(bandOf(3000));
  });

  it('takes gtdata as JSON with the published paths, and names what is wrong in XML', async () => {
    const folder = newFolder();
    await writePhoto(join(folder, 'Dataset/Data/0/7.jpg'), 16, 16, () => RED);
    writeTone(join(folder, 'Dataset/Data/0/7.wav'), { seconds: 5, hz: 500 });
    write(
      join(folder, 'gtdata.json'),
      '{"0": {"visual": "./Dataset/Data/0/7.jpg", "audio": "./Dataset/Data/0/7.wav", "anno": [["83","108","167","256"]]}}',
    );
    expect((await open({ kind: 'flickr', folder }, [])).length).toBe(1);

    const broken = newFolder();
    write(join(broken, 'Annotations/1.xml'), '<a>\n<bbox><n>x</n><x>1</x>\n</a>');
    await expect(open({ kind: 'flickr', folder: broken }, [])).rejects.toThrow(/1\.xml:3: /);
    write(
      join(broken, 'Annotations/1.xml'),
      '<a><b><bbox><n>x</n><x>9</x><y>1</y><x>5</x><y>2</y></bbox></b></a>',
    );
    await expect(open({ kind: 'flickr', folder: broken }, [])).rejects.toThrow(
      /1\.xml: box 1 \(9, 1, 5, 2\)/,
    );
  });
});

// {'aaaaaaaaaaa': [.. Guitar and Piano ..], 'bbbbbbbbbbb': [.. Piano ..]} by pickle.dumps, protocol 2.
function tagsPickle(): Uint8Array {
  const list = (...on: number[]): Buffer =>
    Buffer.concat([
      Buffer.from(']('),
      ...Array.from({ length: 15 }, (_, index) => {
        const bytes = Buffer.alloc(9);
        bytes.write('G');
        bytes.writeDoubleBE(on.includes(index) ? 1 : 0, 1);
        return bytes;
      }),
      Buffer.from('e'),
    ]);
  const name = (text: string): Buffer =>
    Buffer.concat([Buffer.from([0x58, text.length, 0, 0, 0]), Buffer.from(text)]);
  return Buffer.concat([
    Buffer.from([0x80, 2]),
    Buffer.from('}('),
    name('bbbbbbbbbbb'),
    list(7),
    name('aaaaaaaaaaa'),
    list(3, 7),
    Buffer.from('u.'),
  ]);
}

describe('audioset-instrument', () => {
  const classes = ['piano', 'guitar'];
  const map = Object.fromEntries(
    [
      'Banjo',
      'Cello',
      'Drum',
      'Harp',
      'Harmonica',
      'Oboe',
      'Saxophone',
      'Trombone',
      'Trumpet',
      'Violin',
      'Flute',
      'Accordion',
      'Horn',
    ].map((name) => [name, null]),
  );

  it("serves the authors' frames: pictures of each second with the second's sound, classes of the clip heard", async () => {
    const folder = newFolder();
    write(join(folder, 'val_audio.pkl'), tagsPickle());
    write(
      join(folder, 'normav.json'),
      JSON.stringify({
        images: [{ id: 3, width: 640, height: 360 }],
        annotations: [
          { image_id: 3, category_id: 3, bbox: [0, 0, 0.5, 1], segmentation: [[0]], iscrowd: 0 },
          { image_id: 17, category_id: 7, bbox: [0.5, 0.5, 0.5, 0.5], segmentation: [[0]], iscrowd: 0 },
        ],
      }),
    );
    await writePhoto(join(folder, 'val/aaaaaaaaaaa/0003.jpg'), 64, 36, leftRed(64));
    copyClip(join(folder, 'val/audio/aaaaaaaaaaa.wav'));
    copyClip(join(folder, 'clips/bbbbbbbbbbb.mp4'));
    const source = await open({ kind: 'audioset-instrument', folder }, classes, { classMap: map });
    expect(source.length).toBe(2);
    const first = example(source, 0);
    expect(first.truth).toMatchObject({
      boxes: [{ classIndex: 1, sounding: true, x0: 0, y0: 0, x1: 0.5, y1: 1 }],
      offScreen: [0],
      group: 'aaaaaaaaaaa',
    });
    expect([[...first.batch.heard], [...first.batch.seen]]).toEqual([
      [1, 1],
      [0, 1],
    ]);
    expect([...first.batch.coverage]).toEqual([0, 0, 0, 0, 1, 0, 1, 0]);
    expect(pixel(first.batch, 4, 16)[0]).toBeGreaterThan(200);
    // Frame 3 stands at 3.5 s; the window ends there, so the beep at 3 s is in its middle.
    expect(loudColumns(first.batch).every((column) => column >= 24 && column <= 31)).toBe(true);
    // Frame 7 of the clip itself: at 7.5 s there is no flash.
    const second = example(source, 1);
    expect(pixel(second.batch, 16, 16)[0]).toBeLessThan(60);
    expect(second.truth.boxes).toEqual([{ classIndex: 0, sounding: true, x0: 0.5, y0: 0.5, x1: 1, y1: 1 }]);
  });

  it("serves DSOL's boxes with tags of AudioSet's segments, and training clips of them", async () => {
    const folder = newFolder();
    write(
      join(folder, 'audioset_box.json'),
      '{"aaaaaaaaaaa/0": {"bbox": [{"category": 6, "normbox": [0.5, 0, 0.5, 1]}]}, "aaaaaaaaaaa/9": {"bbox": []}}',
    );
    write(
      join(folder, 'eval_segments.csv'),
      '# a\n# b\n# YTID, start_seconds, end_seconds, positive_labels\naaaaaaaaaaa, 30.000, 40.000, "/m/09x0r,/m/05r5c,/m/0342h"\nccccccccccc, 0.000, 10.000, "/m/09x0r"\n',
    );
    copyClip(join(folder, 'clips/aaaaaaaaaaa.mp4'));
    const source = await open({ kind: 'audioset-instrument', folder, boxes: 'dsol' }, classes, {
      classMap: map,
    });
    expect(source.length).toBe(2);
    const { batch, truth } = example(source, 0);
    expect(truth.boxes).toMatchObject([{ classIndex: 0, x0: 0.5 }]);
    expect([...batch.heard]).toEqual([1, 1]);
    // The window of the first frame cannot end at 0.5 s: it is the first second, whose beep begins at once.
    expect(loudColumns(batch)[0]).toBe(0);
    const training = await open(
      { kind: 'audioset-instrument', folder, split: 'train', momentsPerClip: 5 },
      classes,
      {
        classMap: map,
      },
    );
    expect(training.length).toBe(5);
    const clip = example(training, 2);
    expect([[...clip.batch.heard], [...clip.batch.seen], clip.batch.located[0]]).toEqual([[1, 1], [1, 1], 0]);
  });
});

describe('ave', () => {
  it('serves the seconds of each event, by split', async () => {
    const folder = newFolder();
    const rows = ['Church bell&RUhOCu3LNXM&good&0&10', 'Male speech, man speaking&VWi2ENBuTbw&good&2&4'];
    write(
      join(folder, 'Annotations.txt'),
      `Category&VideoID&Quality&StartTime&EndTime\n${rows.join('\n')}\n`,
    );
    write(join(folder, 'valSet.txt'), `${rows[1]}\n`);
    write(join(folder, 'train_order.txt'), '0\n');
    copyClip(join(folder, 'AVE/VWi2ENBuTbw.mp4'));
    const source = await open({ kind: 'ave', folder, split: 'val' }, ['speech', 'bell'], {
      classMap: { 'church bell': 'bell', 'Male speech, man speaking': 'speech' },
      alignment: 'centred',
    });
    expect(source.length).toBe(2);
    const { batch, truth } = example(source, 1);
    expect(truth.note).toBe('AVE: VWi2ENBuTbw second 3, Male speech, man speaking');
    expect([...batch.heard]).toEqual([1, 0]);
    // Centred on 3.5 s: the second from 3 to 4, whose beep begins it.
    expect(loudColumns(batch)[0]).toBe(0);
    await expect(
      open({ kind: 'ave', folder, split: 'train' }, ['Church bell', 'Male speech, man speaking']),
    ).rejects.toThrow(
      /None of the 10 moments of ave .* RUhOCu3LNXM\/0 was looked for as AVE\/RUhOCu3LNXM\.mp4/,
    );
    write(join(folder, 'Annotations.txt'), 'Dog&x&good&5&2\n');
    await expect(open({ kind: 'ave', folder }, ['Dog'])).rejects.toThrow(
      /Annotations\.txt:1: the event lasts from 5 to 2/,
    );
  });
});

describe('music', () => {
  const classes = ['accordion', 'acoustic guitar', 'cello', 'flute', 'saxophone', 'trumpet', 'violin'];

  it("serves DSOL's frames of the clips, boxed ones only", async () => {
    const folder = newFolder();
    write(
      join(folder, 'duettest.json'),
      JSON.stringify({
        'HnUOaSfTA6c_0_1000/frame_004/00102.jpg': {
          bbox: [
            { box: [0, 0, 32, 48], normbox: [0, 0, 0.5, 1], category_id: 1 },
            { box: [32, 0, 32, 48], normbox: [0.5, 0, 0.5, 1], category_id: 3 },
          ],
          wdith: 64,
          height: 48,
        },
        'HnUOaSfTA6c_0_1000/frame_006/00150.jpg': { bbox: [], wdith: 64, height: 48 },
        'HnUOaSfTA6c_0_1000/frame_007/00190.jpg': {
          bbox: [{ box: [0, 0, 32, 48], normbox: [0, 0, 0.5, 1], category_id: 1 }],
          wdith: 64,
          height: 48,
        },
      }),
    );
    write(join(folder, 'duet_pairs_val.txt'), 'HnUOaSfTA6c_0_1000.flac HnUOaSfTA6c_0_1000.mp4\n');
    copyClip(join(folder, 'video/HnUOaSfTA6c_0_1000.mp4'));
    const source = await open({ kind: 'music-duet', folder, split: 'test' }, classes);
    expect(source.length).toBe(2);
    const { batch, truth } = example(source, 0);
    expect(truth.boxes.map(({ classIndex }) => classIndex)).toEqual([2, 1]);
    // Frame 102 of 25 a second is the last of the flash at 4 s; frame 190 lies in the dark.
    expect(pixel(batch, 16, 16)[0]).toBeGreaterThan(200);
    expect(pixel(example(source, 1).batch, 16, 16)[0]).toBeLessThan(60);
    expect(example(source, 1).truth.offScreen).toEqual([1]);
  });

  it('serves the frames of AVGN, read either way', async () => {
    const folder = newFolder();
    await writePhoto(join(folder, 'frames/-_-TDDxoaAc_002_00067.jpg'), 32, 32, leftRed(32));
    writeTone(join(folder, 'audio/-_-TDDxoaAc.wav'), { seconds: 6, hz: 700 });
    write(
      join(folder, 'music_solo.json'),
      '[{"file": "-_-TDDxoaAc_002_00067", "class": "cello", "bbox": [0.5, 0.25, 0.25, 0.5]}]',
    );
    const right = await open({ kind: 'music-solo', folder, boxes: 'avgn-xywh' }, ['cello']);
    expect(example(right, 0).truth.boxes).toMatchObject([{ x0: 0.5, y0: 0.25, x1: 0.75, y1: 0.75 }]);
    expect(loudestBand(example(right, 0).batch)).toBe(bandOf(700));
    const wrong = await open({ kind: 'music-solo', folder, boxes: 'avgn-xyxy' }, ['cello']);
    expect(example(wrong, 0).truth.boxes).toMatchObject([{ x0: 0.5, x1: 0.25 }]);
    expect([...example(wrong, 0).batch.coverage]).toEqual([0, 0, 0, 0]);
  });

  it('serves labelled clips of MUSIC-21 without boxes', async () => {
    const folder = newFolder();
    write(
      join(folder, 'MUSIC21_solo_videos.json'),
      '{"videos": {"cello": ["aaaaaaaaaaa"], "flute": ["bbbbbbbbbbb"]}}',
    );
    copyClip(join(folder, 'solo/cello/aaaaaaaaaaa.mp4'));
    copyClip(join(folder, 'video/bbbbbbbbbbb_0_1000.mp4'));
    const source = await open({ kind: 'music-solo', folder, momentsPerClip: 2 }, ['cello', 'flute']);
    expect(source.length).toBe(4);
    expect([...example(source, 3).batch.heard]).toEqual([0, 1]);
  });
});

describe('dsol-synthetic', () => {
  it('serves boxes of .npy', async () => {
    const folder = newFolder();
    await writePhoto(join(folder, 'video/0001.jpg'), 32, 32, () => RED);
    writeTone(join(folder, 'audio/0001.wav'), { seconds: 1, hz: 900 });
    write(join(folder, 'box/0001.npy'), npyOf([2, 5], [0, 0, 0.5, 0.5, 13, 0.5, 0.5, 0.5, 0.5, 8]));
    const classes =
      'accordion acoustic_guitar cello clarinet erhu flute saxophone trumpet tuba violin xylophone'.split(
        ' ',
      );
    const source = await open({ kind: 'dsol-synthetic', folder }, classes);
    const { batch, truth } = example(source, 0);
    expect(truth.boxes.map(({ classIndex }) => classIndex)).toEqual([0, 6]);
    expect([...batch.coverage.subarray(0, 4)]).toEqual([1, 0, 0, 0]);
    expect([...batch.coverage.subarray(24, 28)]).toEqual([0, 0, 0, 1]);
    write(join(folder, 'box/0001.npy'), npyOf([1, 4], [0, 0, 1, 1]));
    await expect(open({ kind: 'dsol-synthetic', folder }, classes)).rejects.toThrow(
      /0001\.npy: its shape is \(1, 4\)/,
    );
  });
});

describe('vggsound and vggss', () => {
  it('serves clips by label, and the middle frame with boxes', async () => {
    const folder = newFolder();
    write(
      join(folder, 'vggsound.csv'),
      '---g-f_I2yQ,1,people marching,test\n-A,30,"bird chirping, tweeting",train\n',
    );
    write(
      join(folder, 'vggss.json'),
      '[{"file": "---g-f_I2yQ_000001", "class": "people marching", "bbox": [[0, 0, 0.5, 1], [0.5, 0.5, -2.8823037615171176e+16, 1]]}]',
    );
    copyClip(join(folder, 'videos/---g-f_I2yQ_000001.mp4'));
    await layPair(folder, '-A_000030', 2000);
    const names = ['bird chirping tweeting', 'people marching'];
    const labelled = await open({ kind: 'vggsound', folder }, names);
    expect(labelled.length).toBe(2);
    expect([...example(labelled, 1).batch.heard]).toEqual([1, 0]);
    expect((await open({ kind: 'vggsound', folder, split: 'train', momentsPerClip: 3 }, names)).length).toBe(
      3,
    );

    const boxes = await open({ kind: 'vggss', folder }, ['people marching']);
    const { batch, truth } = example(boxes, 0);
    expect(truth.boxes).toEqual([
      { classIndex: 0, sounding: true, x0: 0, y0: 0, x1: 0.5, y1: 1 },
      { classIndex: 0, sounding: true, x0: 0.5, y0: 0.5, x1: 0, y1: 1 },
    ]);
    expect([...batch.coverage]).toEqual([1, 0, 1, 0]);
    expect(boxes.report.remarks).toHaveLength(1);
    // The middle of 10 s is the first picture of the flash at 5 s.
    expect(pixel(batch, 16, 16)[0]).toBeGreaterThan(200);
  });
});

describe('pairs', () => {
  it('serves VGGSound-Duet source by source, the sounds of both mixed', async () => {
    const folder = newFolder();
    await layPair(folder, 'aaaaaaaaaaa_000001', 600, RED);
    await layPair(folder, 'bbbbbbbbbbb_000002', 4000, BLUE);
    write(
      join(folder, 'vggsound_duet_test.csv'),
      'aaaaaaaaaaa_000001,dog_barking,bbbbbbbbbbb_000002,cat_hissing\n',
    );
    write(
      join(folder, 'vggss.json'),
      '[{"file": "aaaaaaaaaaa_000001", "class": "dog barking", "bbox": [[0, 0, 1, 0.5]]}, {"file": "bbbbbbbbbbb_000002", "class": "cat hissing", "bbox": [[0, 0.5, 1, 1]]}]',
    );
    const source = await open({ kind: 'vggsound-duet', folder }, ['cat hissing', 'dog barking']);
    expect(source.length).toBe(2);
    const [first, second] = [example(source, 0), example(source, 1)];
    expect([[...first.batch.heard], [...first.batch.seen], first.truth.offScreen]).toEqual([
      [1, 1],
      [0, 1],
      [0],
    ]);
    expect(first.truth.group).toBe(second.truth.group);
    expect([pixel(first.batch, 16, 16)[0]! > 200, pixel(second.batch, 16, 16)[2]! > 200]).toEqual([
      true,
      true,
    ]);
    expect(first.batch.logmel).toEqual(second.batch.logmel);
    const column = first.batch.logmel.subarray(25 * 64, 26 * 64);
    expect([column[bandOf(600)]! > 0, column[bandOf(4000)]! > 0]).toEqual([true, true]);

    const sides = await open({ kind: 'vggsound-duet', folder, pairing: 'side-by-side' }, [
      'cat hissing',
      'dog barking',
    ]);
    const { batch, truth } = example(sides, 0);
    expect([pixel(batch, 8, 16)[0]! > 200, pixel(batch, 24, 16)[2]! > 200]).toEqual([true, true]);
    expect(truth.boxes).toEqual([
      { classIndex: 1, sounding: true, x0: 0, y0: 0, x1: 0.5, y1: 0.5 },
      { classIndex: 0, sounding: true, x0: 0.5, y0: 0.5, x1: 1, y1: 1 },
    ]);
    expect([...batch.coverage]).toEqual([0, 0, 0, 1, 1, 0, 0, 0]);
  });

  it('serves VGGSound-Instruments with masks, alone and in pairs', async () => {
    const folder = newFolder();
    await layPair(folder, 'sample0000', 600);
    await layPair(folder, 'sample0190', 900, BLUE);
    write(join(folder, 'vgginstruments_test.csv'), 'sample0000,accordion\nsample0190,steel_guitar\n');
    write(join(folder, 'vgginstruments_multi_test.csv'), 'sample0000,accordion,sample0190,steel_guitar\n');
    write(join(folder, 'masks/sample0000.npy'), npyOf([1, 2, 2], [1, 0, 1, 0]));
    await writePhoto(join(folder, 'masks/sample0190.png'), 4, 4, (_, y) =>
      y < 2 ? [255, 255, 255] : [0, 0, 0],
    );
    const classes = ['accordion', 'steel guitar'];
    const alone = await open({ kind: 'vggsound-instruments', folder }, classes);
    expect(alone.length).toBe(2);
    expect([...example(alone, 0).batch.coverage]).toEqual([1, 0, 1, 0, 0, 0, 0, 0]);
    expect(example(alone, 1).truth.masks).toMatchObject([
      { classIndex: 1, sounding: true, width: 4, height: 4 },
    ]);
    const sides = await open(
      { kind: 'vggsound-instruments-pairs', folder, pairing: 'side-by-side' },
      classes,
    );
    const { batch, truth } = example(sides, 0);
    expect(truth.masks?.map(({ width, height }) => [width, height])).toEqual([
      [4, 2],
      [8, 4],
    ]);
    expect([...truth.masks![0]!.data]).toEqual([1, 0, 0, 0, 1, 0, 0, 0]);
    expect([...batch.coverage]).toEqual([0.5, 0, 0.5, 0, 0, 1, 0, 0]);
  });
});

describe('is3', () => {
  it('knows the silent object of the same picture, by boxes and by masks', async () => {
    const folder = newFolder();
    const entries = [];
    for (const [name, hz, gtBox] of [
      ['accordion', 500, [0, 0, 112, 224]],
      ['female', 2500, [112, 0, 224, 112]],
    ] as const) {
      const id = `accordion_female_10438_${name}`;
      await writePhoto(join(folder, `visual_frames/${id}.jpg`), 32, 32, leftRed(32));
      await writePhoto(join(folder, `gt_masks/${id}.jpg`), 32, 32, (x) =>
        (name === 'accordion') === x < 16 ? [255, 255, 255] : [0, 0, 0],
      );
      writeTone(join(folder, `audio_wav/${id}.wav`), { seconds: 10, hz });
      entries.push({
        image: `/mnt/x/visual_frames/${id}.jpg`,
        audio: `/mnt/x/audio_wav/${id}.wav`,
        gt_box: gtBox,
      });
    }
    write(join(folder, 'synthetic3240_bbox.json'), JSON.stringify(entries));
    const masks = entries.map((entry) => ({
      ...entry,
      gt_box: entry.image.replace('visual_frames', 'gt_masks'),
      offset: 1,
    }));
    write(join(folder, 'synthetic3240_seg.json'), JSON.stringify(masks));
    const classes = ['accordion', 'female'];
    const source = await open({ kind: 'is3', folder }, classes);
    const { batch, truth } = example(source, 1);
    expect(truth.boxes).toEqual([
      { classIndex: 0, sounding: false, x0: 0, y0: 0, x1: 0.5, y1: 1 },
      { classIndex: 1, sounding: true, x0: 0.5, y0: 0, x1: 1, y1: 0.5 },
    ]);
    expect([[...batch.heard], [...batch.seen]]).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect(loudestBand(batch)).toBe(bandOf(2500));
    const masked = await open(
      { kind: 'is3', folder, annotations: join(folder, 'synthetic3240_seg.json') },
      classes,
    );
    const { truth: withMasks } = example(masked, 0);
    expect(withMasks.masks?.map(({ classIndex, sounding }) => [classIndex, sounding])).toEqual([
      [0, true],
      [1, false],
    ]);
    expect(withMasks.masks?.[0]?.data.reduce((sum, value) => sum + value, 0)).toBeCloseTo(16 * 32, -2);
  });
});

describe('avsbench', () => {
  const bands = (x: number): Rgb => (x < 4 ? [255, 255, 255] : [0, 0, 0]);

  it('S4: one mask of training videos, five of others', async () => {
    const folder = newFolder();
    write(
      join(folder, 's4_meta_data.csv'),
      'name,start,category,split\nv1,0,dog_barking,train\nv2,5,cat_meowing,test\n',
    );
    for (const [name, category, split] of [
      ['v1', 'dog_barking', 'train'],
      ['v2', 'cat_meowing', 'test'],
    ] as const) {
      for (let frame = 1; frame <= 5; frame++) {
        await writePhoto(
          join(folder, `s4_data/visual_frames/${split}/${category}/${name}/${name}_${frame}.png`),
          8,
          8,
          bands,
        );
        await writePhoto(
          join(folder, `s4_data/gt_masks/${split}/${category}/${name}/${name}_${frame}.png`),
          8,
          8,
          bands,
        );
      }
      copyClip(join(folder, `s4_data/audio_wav/${split}/${category}/${name}.wav`));
    }
    const source = await open({ kind: 'avsbench-s4', folder }, ['cat meowing', 'dog barking']);
    expect(source.length).toBe(6);
    const { batch, truth } = example(source, 5);
    expect(truth).toMatchObject({
      masks: [{ classIndex: 0, width: 8, height: 8 }],
      note: 'AVSBench S4: v2 frame 5, cat_meowing',
    });
    expect([...batch.coverage]).toEqual([1, 0, 1, 0, 0, 0, 0, 0]);
    // The second before 4.9375 s holds the beep at 4 s from its first sixteenth on.
    expect(loudColumns(batch)[0]).toBeGreaterThanOrEqual(2);
    expect(loudColumns(batch).at(-1)).toBeLessThanOrEqual(10);
    const train = await open({ kind: 'avsbench-s4', folder, split: 'train' }, ['cat meowing', 'dog barking']);
    expect(train.length).toBe(1);
  });

  it("MS3: masks without classes, unless ACL's list names them", async () => {
    const folder = newFolder();
    write(join(folder, 'ms3_meta_data.csv'), 'video_id,split\n0WxgIKuetYI_0,val\n');
    for (let frame = 1; frame <= 5; frame++) {
      await writePhoto(
        join(folder, `visual_frames/0WxgIKuetYI_0/0WxgIKuetYI_0.mp4_${frame}.png`),
        8,
        8,
        bands,
      );
      const dark: Rgb = [0, 0, 0];
      // Frame 2 shows nothing that sounds.
      await writePhoto(join(folder, `gt_masks/val/0WxgIKuetYI_0/0WxgIKuetYI_0_${frame}.png`), 8, 8, (x) =>
        x < 4 && frame !== 2 ? [0, 3, 0] : dark,
      );
    }
    copyClip(join(folder, 'audio_wav/val/0WxgIKuetYI_0.wav'));
    const source = await open({ kind: 'avsbench-ms3', folder }, ['man']);
    expect(source.length).toBe(5);
    expect(example(source, 0).truth.masks).toMatchObject([{ classIndex: -1 }]);
    expect(example(source, 1).truth.masks?.[0]?.data.includes(1)).toBe(false);
    write(join(root, 'acl.csv'), '0WxgIKuetYI_0_1,man\n0WxgIKuetYI_0_4,man\n');
    const named = await open({ kind: 'avsbench-ms3', folder, subset: join(root, 'acl.csv') }, ['man']);
    expect(named.length).toBe(2);
    expect([...example(named, 1).batch.coverage]).toEqual([1, 0, 1, 0]);
  });

  it('AVSS: the colours of a mask name its classes', async () => {
    expect([0, 1, 2, 3, 4, 8, 70].map(avssColour)).toEqual([
      [0, 0, 0],
      [128, 0, 0],
      [0, 128, 0],
      [128, 128, 0],
      [0, 0, 128],
      [64, 0, 0],
      [32, 128, 128],
    ]);
    const folder = newFolder();
    write(
      join(folder, 'metadata.csv'),
      'vid,uid,s_min,s_sec,a_obj,split,label\nx,x_0_10000,0,0,man,test,v2\n',
    );
    write(join(folder, 'label2idx.json'), '{"background": 0, "man": 3, "dog": 8}');
    for (let second = 0; second < 9; second++) {
      await writePhoto(join(folder, `v2/x_0_10000/frames/${second}.jpg`), 8, 8, bands);
      await writePhoto(join(folder, `v2/x_0_10000/labels_rgb/${second}.png`), 8, 8, (x) =>
        x < 2 ? avssColour(3) : x < 4 && second > 0 ? avssColour(8) : [0, 0, 0],
      );
    }
    copyClip(join(folder, 'v2/x_0_10000/audio.wav'));
    const source = await open({ kind: 'avss', folder }, ['dog', 'man']);
    expect(source.length).toBe(9);
    expect(source.report.missing.map(({ id, what }) => [id, what])).toEqual([
      ['x_0_10000/9', 'picture'],
      ['x_0_10000/9', 'mask'],
    ]);
    const { batch } = example(source, 1);
    expect([...batch.heard]).toEqual([1, 1]);
    expect([...batch.coverage]).toEqual([0.5, 0, 0.5, 0, 0.5, 0, 0.5, 0]);
    const men = await open({ kind: 'avss', folder }, ['man'], { otherClasses: 'leave-out' });
    expect([men.length, men.report.leftOut]).toEqual([1, 8]);
  });
});

describe('the cache', () => {
  const dataset = (folder: string): DatasetChoice => ({ kind: 'jsonl', folder });

  async function lay(): Promise<string> {
    const folder = newFolder();
    await writePhoto(join(folder, 'a.png'), 20, 10, leftRed(20));
    writeTone(join(folder, 'a.wav'), { seconds: 0.4, hz: 1000 });
    copyClip(join(folder, 'clip.mp4'));
    write(join(folder, 'broken.mp4'), 'no clip');
    const lines = [
      {
        id: 'a',
        picture: 'a.png',
        sound: 'a.wav',
        heard: ['dog'],
        boxes: [{ class: 'dog', box: [0, 0, 0.5, 0.5] }],
      },
      { id: 'b', picture: 'clip.mp4', at: 2.05, heard: ['cat'] },
      { id: 'late', picture: 'clip.mp4', at: 60, heard: ['cat'] },
      { id: 'gone', picture: 'gone.jpg', sound: 'a.wav', heard: ['dog'] },
      { id: 'broken', picture: 'broken.mp4', heard: ['dog'] },
    ];
    write(join(folder, 'manifest.jsonl'), lines.map((line) => JSON.stringify(line)).join('\n'));
    return folder;
  }

  it('lists and counts what is missing and unreadable, and serves the rest', async () => {
    const folder = await lay();
    const progress: [number, number, number][] = [];
    const source = await openDataset(
      { dataset: dataset(folder), shape: shapeOf(['cat', 'dog']) },
      { onProgress: ({ done, total, unreadable }) => progress.push([done, total, unreadable]) },
    );
    const { annotated, usable, missing, unreadable } = source.report;
    expect([annotated, usable, source.length]).toEqual([5, 2, 2]);
    expect(missing).toEqual([{ id: 'gone', what: 'picture', tried: ['gone.jpg'] }]);
    expect(unreadable.map(({ id }) => id)).toEqual(['late', 'broken']);
    expect(unreadable[0]?.reason).toMatch(/clip\.mp4: it ends before the moment/);
    expect(unreadable[1]?.reason).toMatch(/broken\.mp4: it cannot be opened/);
    expect(progress.at(-1)).toEqual([4, 4, 2]);
    // A recording shorter than the window is repeated.
    expect(loudColumns(example(source, 0).batch)).toHaveLength(51);
    expect(pixel(example(source, 1).batch, 16, 16)[0]).toBeGreaterThan(200);
  });

  it('is resumed: nothing is decoded twice, also not what failed, until a file changes', async () => {
    const folder = await lay();
    const totals: number[] = [];
    const again = async (more: Partial<DatasetSpec> = {}): Promise<OpenedDataset> => {
      let total = 0;
      const spec = { dataset: dataset(folder), shape: shapeOf(['cat', 'dog']), ...more };
      const source = await openDataset(spec, { onProgress: (progress) => (total = progress.total) });
      totals.push(total);
      return source;
    };
    const first = example(await again(), 0);
    const second = example(await again(), 0);
    expect(totals).toEqual([4, 0]);
    expect(second.batch.frames).toEqual(first.batch.frames);
    expect(second.batch.logmel).toEqual(first.batch.logmel);
    // Another window is another entry; another frame size is the same one.
    await again({ alignment: 'centred' });
    await again({ shape: shapeOf(['cat', 'dog'], { width: 24, height: 16 }) });
    cpSync(tenSeconds, join(folder, 'broken.mp4'));
    utimesSync(join(folder, 'broken.mp4'), 1, 1);
    expect((await again()).length).toBe(3);
    expect(totals).toEqual([4, 0, 4, 0, 1]);
    const files = readdirSync(join(folder, '.earsight-cache'), { recursive: true }).map(String);
    expect(files.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('stops when told to, and keeps what is whole', async () => {
    const folder = await lay();
    const stop = new AbortController();
    const opening = openDataset(
      { dataset: dataset(folder), shape: shapeOf(['cat', 'dog']) },
      { onProgress: () => stop.abort(new Error('enough')), signal: stop.signal },
    );
    await expect(opening).rejects.toThrow('enough');
    let total = 0;
    await openDataset(
      { dataset: dataset(folder), shape: shapeOf(['cat', 'dog']) },
      { onProgress: (progress) => (total = progress.total) },
    );
    expect(total).toBeLessThan(4);
  });

  it('names a damaged entry and the mend', async () => {
    const folder = await lay();
    const source = await open(dataset(folder), ['cat', 'dog']);
    const cache = join(folder, '.earsight-cache');
    for (const name of readdirSync(cache, { recursive: true }).map(String)) {
      if (name.endsWith('.moment')) truncateSync(join(cache, name), 5000);
    }
    expect(() => example(source, 0)).toThrow(/\.moment in the cache is damaged: .*Delete it/);
  });

  it('refuses a place that cannot be written, leaving nothing', async () => {
    const folder = await lay();
    const cacheFolder = join(folder, 'a.wav', 'cache');
    await expect(open(dataset(folder), ['cat', 'dog'], { cacheFolder })).rejects.toThrow(
      /The cache .* cannot be written/,
    );
    expect(existsSync(join(folder, '.earsight-cache'))).toBe(false);
  });

  it('refuses a front end that does not fit the model', async () => {
    const folder = await lay();
    const logmel = { ...QIAN_LOG_MEL, mels: 40 };
    await expect(open(dataset(folder), ['cat', 'dog'], { logmel })).rejects.toThrow(/51 columns of 40 bands/);
  });

  it('serves longer windows where the model has them', async () => {
    const folder = await lay();
    const shape = { ...shapeOf(['cat', 'dog']), logmel: { columns: 101, mels: 64 } };
    const source = await openDataset({ dataset: dataset(folder), shape });
    const batch = createBatch(shape, 2);
    source.write(1, batch, 1);
    // Two seconds that end at 2.05 s: beeps at 1 s and 2 s.
    const loud = Array.from({ length: 101 }, (_, column) =>
      Math.max(...batch.logmel.subarray((101 + column) * 64, (102 + column) * 64)),
    ).flatMap((peak, column) => (peak > -3 ? [column] : []));
    expect(loud.some((column) => column > 45 && column < 53)).toBe(true);
    expect(loud.at(-1)).toBe(100);
    expect(loud.some((column) => column > 55 && column < 90)).toBe(false);
  });
});
