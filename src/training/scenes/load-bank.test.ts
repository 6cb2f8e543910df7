import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../pipeline/ingest/demo/random.ts';
import { createBatch, type SampleShape } from '../sample.ts';
import { encodePng } from '../trainer/report/png.ts';
import { classListOf, readClassList } from './class-list.ts';
import { loadBank } from './load-bank.ts';
import type { MediaBank } from './media-bank.ts';
import { openScenes } from './open-scenes.ts';
import { encodeWav } from './preview/wav.ts';
import type { ScenePurpose, SceneSpec } from './spec.ts';
import { withCast } from './spec.ts';
import { splits } from './split.ts';

const RATE_HZ = 22_050;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'earsight-bank-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function put(root: string, name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), content);
}

/** A disc of a colour of its own on a plain or a checked ground; `seed` moves it. */
function discPng(seed: number, width = 60, height = 48, plain = true): Buffer {
  const random = createRandom(seed);
  const x0 = random.between(22, 38);
  const y0 = random.between(18, 30);
  const colour = [random.integer(120, 255), random.integer(0, 90), random.integer(0, 90)];
  // Patterns of large patches, so that no two photos look alike.
  const patches = Array.from({ length: 80 }, () => random.between(0, 120));
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const ground = plain ? 235 : 60 + patches[(x >> 3) + 8 * (y >> 3)]! + 10 * random.next();
      const inside = Math.hypot(x - x0, y - y0) < 18;
      const shade = patches[((x - 3) >> 3) + 8 * ((y + 3) >> 3)]! / 160;
      for (let c = 0; c < 3; c++) rgb[3 * (y * width + x) + c] = inside ? colour[c]! * (1 - shade) : ground;
    }
  }
  return encodePng(rgb, width, height);
}

function tone(hz: number, seconds = 1.6): Buffer {
  const samples = Float32Array.from(
    { length: Math.round(seconds * RATE_HZ) },
    (_, i) => 0.3 * Math.sin((2 * Math.PI * hz * i) / RATE_HZ),
  );
  return encodeWav(samples, RATE_HZ);
}

/** Two classes of eight photos and eight tones each, two silent things, a sound from elsewhere. */
function makeFolder(name: string): string {
  const root = join(folder, name);
  for (let i = 0; i < 8; i++) {
    put(root, `photos/bell/${i}.png`, discPng(i));
    put(root, `photos/horn/${i}.png`, discPng(50 + i, 60, 48, false));
    put(root, `sounds/bell/${i}.wav`, tone(900 + 40 * i));
    put(root, `sounds/horn/${i}.wav`, tone(200 + 10 * i));
  }
  for (let i = 0; i < 4; i++) put(root, `silent/box/${i}.png`, discPng(90 + i));
  for (let i = 0; i < 4; i++) put(root, `backgrounds/${i}.png`, discPng(70 + i, 64, 64, false));
  put(root, 'sounds/wind/1.wav', tone(3000));
  return root;
}

const load = (root: string): Promise<MediaBank> =>
  loadBank({ root, list: classListOf(root), rateHz: RATE_HZ, maxSide: 128 });

function specOf(root: string, bank: MediaBank, purpose: ScenePurpose): SceneSpec {
  const classes = withCast(classListOf(root).classes);
  const shape: SampleShape = {
    classes: classes.map(({ name }) => name),
    frame: { width: 64, height: 64 },
    logmel: { columns: 51, mels: 64 },
    grid: { rows: 4, cols: 4 },
  };
  return { kind: 'scenes', seed: 3, split: 'train', shape, purpose, classes, bank, drawnShare: 0 };
}

/** The loudest of the frequencies around `hz`, half a semitone apart, in shares of it. */
function loudestOf(samples: Float32Array, hz: number): number {
  let best = { speed: 0, power: -1 };
  for (let step = -10; step <= 10; step++) {
    const speed = 2 ** (step / 24);
    let re = 0;
    let im = 0;
    for (let i = 0; i < samples.length; i++) {
      const angle = (2 * Math.PI * hz * speed * i) / RATE_HZ;
      re += samples[i]! * Math.cos(angle);
      im += samples[i]! * Math.sin(angle);
    }
    const power = re * re + im * im;
    if (power > best.power) best = { speed, power };
  }
  return best.speed;
}

describe('a bank of photos and recordings', () => {
  it('takes classes from names that have both, the rest as silent and off screen', async () => {
    const root = makeFolder('whole');
    const list = classListOf(root);
    expect(list.classes.map(({ name }) => name)).toEqual(['bell', 'horn']);
    expect(list.offScreen).toEqual(['wind']);
    const bank = await load(root);
    expect(bank.skipped).toEqual([]);
    expect(bank.photos).toHaveLength(24);
    expect(bank.sounds).toHaveLength(17);
    for (const category of ['bell', 'horn']) {
      for (const split of splits) {
        expect(bank.photos.some((photo) => photo.category === category && photo.split === split)).toBe(true);
        expect(bank.sounds.some((sound) => sound.category === category && sound.split === split)).toBe(true);
      }
    }
    // A tone's RMS, 0.3 / sqrt 2; what fills it is kept to the sample.
    for (const { activeRms, count } of bank.sounds) {
      expect(activeRms).toBeCloseTo(0.3 / Math.SQRT2, 2);
      expect(count).toBe(Math.round(1.6 * RATE_HZ));
    }
  });

  it('follows links to files and folders, and names one that leads nowhere', async () => {
    const real = makeFolder('elsewhere');
    const root = join(folder, 'linked');
    mkdirSync(join(root, 'photos'), { recursive: true });
    for (const name of ['bell', 'horn']) symlinkSync(join(real, 'photos', name), join(root, 'photos', name));
    for (const name of ['bell/0.wav', 'bell/1.wav', 'bell/2.wav', 'horn/0.wav', 'horn/1.wav', 'horn/2.wav']) {
      mkdirSync(dirname(join(root, 'sounds', name)), { recursive: true });
      symlinkSync(join(real, 'sounds', name), join(root, 'sounds', name));
    }
    symlinkSync(join(real, 'gone.wav'), join(root, 'sounds/bell/gone.wav'));
    const bank = await load(root);
    expect([bank.photos.length, bank.sounds.length]).toEqual([16, 6]);
    expect(bank.skipped).toEqual([
      { file: 'sounds/bell/gone.wav', reason: expect.stringMatching(/no such file/i) },
    ]);
  });

  it('finds the disc on its plain ground', async () => {
    const bank = await load(makeFolder('plain'));
    for (const { category, objects } of bank.photos.filter((photo) => photo.category === 'bell')) {
      expect(objects).toHaveLength(1);
      const { x0, y0, x1, y1, known, mask } = objects[0]!;
      expect([category, known, mask !== null]).toEqual(['bell', true, true]);
      expect((x1 - x0) * 60).toBeGreaterThan(33);
      expect((x1 - x0) * 60).toBeLessThan(38);
      expect((y1 - y0) * 48).toBeGreaterThan(33);
      expect((y1 - y0) * 48).toBeLessThan(38);
    }
  });

  it('keeps a split whatever other files there are', async () => {
    const root = makeFolder('grown');
    const before = new Map((await load(root)).sounds.map(({ file, split }) => [file, split]));
    put(root, 'sounds/bell/new.wav', tone(1500));
    const after = (await load(root)).sounds.filter(({ file }) => before.has(file));
    const moved = after.filter(({ file, split }) => before.get(file) !== split);
    // Only what had been moved to fill an empty split may move back.
    expect(moved.length).toBeLessThanOrEqual(2);
  });

  it('gives boxes, outlines and masks the last word over what it finds', async () => {
    const root = makeFolder('told');
    put(root, 'boxes.csv', 'file,class,x0,y0,x1,y1\nhorn/0.png,horn,0.1,0.2,0.5,0.6\n');
    put(
      root,
      'photos/polygons.csv',
      'file,class,points\nhorn/1.png,horn,0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n',
    );
    const white = new Uint8Array(60 * 48 * 3);
    for (let y = 12; y < 36; y++) white.fill(255, 3 * (y * 60 + 15), 3 * (y * 60 + 30));
    put(root, 'masks/horn/2.png', encodePng(white, 60, 48));
    const bank = await load(root);
    const objectOf = (name: string) =>
      bank.photos.find(({ file }) => file === `photos/horn/${name}`)!.objects;
    expect(objectOf('0.png')).toMatchObject([{ known: true, x0: 0.1, y0: 0.2, x1: 0.5, y1: 0.6 }]);
    for (const [name, box] of [
      ['1.png', [0.25, 0.25, 0.75, 0.75]],
      ['2.png', [0.25, 0.25, 0.5, 0.75]],
    ] as const) {
      const [object, ...more] = objectOf(name);
      expect(more).toEqual([]);
      expect(object!.mask).not.toBeNull();
      const found = [object!.x0, object!.y0, object!.x1, object!.y1];
      found.forEach((edge, i) => expect(Math.abs(edge - box[i]!)).toBeLessThan(0.04));
    }
  });

  it('composes scenes of them that repeat to the byte and use one split alone', async () => {
    const root = makeFolder('scenes');
    const bank = await load(root);
    const spec = specOf(root, bank, { kind: 'training' });
    const one = createBatch(spec.shape, 8);
    const two = createBatch(spec.shape, 8);
    const source = await openScenes(spec);
    const again = await openScenes({ ...spec, bank: await load(root) });
    for (let i = 0; i < 8; i++) source.write(i, one, i);
    for (let i = 7; i >= 0; i--) again.write(i, two, i);
    expect(two).toEqual(one);
    const train = new Set(bank.sounds.filter(({ split }) => split === 'train').map(({ file }) => file));
    const used = new Set<string>();
    for (let i = 0; i < 60; i++) {
      for (const file of source.write(i, one, 0).note.match(/sounds\/\S+wav/g) ?? []) used.add(file);
    }
    expect(used.size).toBeGreaterThan(5);
    for (const file of used) expect(train.has(file)).toBe(true);
  });

  it('plays recordings at other speeds for learning, as they are for judging', async () => {
    const root = makeFolder('speeds');
    const bank = await load(root);
    const speedsOf = async (purpose: ScenePurpose): Promise<number[]> => {
      const source = await openScenes(specOf(root, bank, purpose));
      const batch = createBatch(source.shape, 1);
      const speeds: number[] = [];
      for (let i = 0; speeds.length < 25; i++) {
        const { note } = source.write(i, batch, 0);
        const [file, ...more] = note.match(/sounds\/\w+\/\d+/g) ?? [];
        if (file === undefined || more.length > 0 || batch.heard.every((heard) => heard === 0)) continue;
        const [, kind, number] = file.split('/');
        const hz = kind === 'bell' ? 900 + 40 * Number(number) : 200 + 10 * Number(number);
        speeds.push(loudestOf(source.lastSound, hz));
      }
      return speeds;
    };
    const judged = await speedsOf({ kind: 'evaluation', level: 1, style: 'photo' });
    for (const speed of judged) expect(speed).toBeCloseTo(1, 5);
    const learnt = await speedsOf({ kind: 'sounds' });
    const changed = learnt.filter((speed) => Math.abs(Math.log2(speed)) > 1 / 24);
    expect(changed.length).toBeGreaterThan(5);
    expect(changed.length).toBeLessThan(25);
    for (const speed of learnt) expect(Math.abs(Math.log2(speed))).toBeLessThanOrEqual(3.5 / 12);
  });

  it('shows photos whole and side by side where there is nothing but the classes', async () => {
    const root = makeFolder('plain-classes');
    rmSync(join(root, 'silent'), { recursive: true });
    rmSync(join(root, 'backgrounds'), { recursive: true });
    const spec = specOf(root, await load(root), { kind: 'training' });
    const source = await openScenes(spec);
    const batch = createBatch(spec.shape, 1);
    const layouts = new Set<string>();
    for (let i = 0; i < 60; i++) {
      const { note } = source.write(i, batch, 0);
      layouts.add(note.slice(0, note.indexOf(':')));
    }
    expect([...layouts]).toEqual(expect.arrayContaining(['cut-outs', 'whole', 'panels']));
  });

  it('evaluates on what it names: one class sounds, where its box is', async () => {
    const root = makeFolder('evaluation');
    const spec = specOf(root, await load(root), { kind: 'evaluation', level: 1, style: 'photo' });
    const source = await openScenes({ ...spec, split: 'test' });
    const batch = createBatch(spec.shape, 1);
    for (let i = 0; i < 12; i++) {
      const { boxes, offScreen } = source.write(i, batch, 0);
      expect(offScreen).toEqual([]);
      expect(boxes.filter(({ sounding }) => sounding)).toHaveLength(1);
      for (const { x0, y0, x1, y1 } of boxes) {
        expect(Math.min(x0, y0)).toBeGreaterThanOrEqual(0);
        expect(Math.max(x1, y1)).toBeLessThanOrEqual(1);
      }
    }
  });
});

describe('files that are no use', () => {
  it('are left out, each with why and the mend', async () => {
    const root = makeFolder('some');
    put(root, 'photos/bell/dot.png', encodePng(Uint8Array.of(1, 2, 3), 1, 1));
    put(root, 'photos/bell/cut.png', discPng(1).subarray(0, 30));
    put(root, 'sounds/horn/text.wav', 'no sound at all');
    put(root, 'sounds/horn/quiet.wav', encodeWav(new Float32Array(RATE_HZ), RATE_HZ));
    put(root, 'sounds/horn/short.wav', tone(300, 0.02));
    const { skipped } = await load(root);
    const reasons = new Map(skipped.map(({ file, reason }) => [file, reason]));
    expect([...reasons.keys()].sort()).toEqual([
      'photos/bell/cut.png',
      'photos/bell/dot.png',
      'sounds/horn/quiet.wav',
      'sounds/horn/short.wav',
      'sounds/horn/text.wav',
    ]);
    expect(reasons.get('photos/bell/dot.png')).toContain('1 x 1 pixels');
    expect(reasons.get('sounds/horn/quiet.wav')).toContain('silent');
    expect(reasons.get('sounds/horn/short.wav')).toContain('lasts less than');
    for (const reason of reasons.values()) expect(reason).toContain('Replace or delete it');
  });

  it('end the loading where a class has nothing else, naming folder and file', async () => {
    const root = makeFolder('none');
    rmSync(join(root, 'photos/bell'), { recursive: true });
    put(root, 'photos/bell/dot.png', encodePng(Uint8Array.of(1, 2, 3), 1, 1));
    await expect(load(root)).rejects.toMatchObject({
      code: 'bad-dataset',
      message: expect.stringMatching(/photos\/bell holds 1 files of which none.*dot\.png.*1 x 1/) as unknown,
    });
    rmSync(join(root, 'photos/bell/dot.png'));
    await expect(load(root)).rejects.toMatchObject({
      message: expect.stringMatching(/photos\/bell holds no photo.*Put photos there/) as unknown,
    });
  });

  it('are faults where they are annotations: row and mask are named', async () => {
    const root = makeFolder('faults');
    put(root, 'boxes.csv', 'file,class,x0,y0,x1,y1\nhorn/0.png,horn,0.1,0.2,0.05,0.6\n');
    await expect(load(root)).rejects.toMatchObject({
      code: 'bad-dataset',
      message: expect.stringMatching(/boxes\.csv, row 2: .*Correct the row/) as unknown,
    });
    rmSync(join(root, 'boxes.csv'));
    put(root, 'masks/horn/2.png', discPng(1, 48, 60));
    await expect(load(root)).rejects.toMatchObject({
      message: expect.stringMatching(/masks\/horn\/2\.png is 48 x 60, of another shape/) as unknown,
    });
    put(root, 'masks/horn/2.png', encodePng(new Uint8Array(60 * 48 * 3), 60, 48));
    await expect(load(root)).rejects.toMatchObject({
      message: expect.stringMatching(/dark all over/) as unknown,
    });
  });

  it('are class lists that name a folder twice, or none', () => {
    const file = join(folder, 'list.yaml');
    writeFileSync(file, 'classes:\n  - name: bell\n  - name: horn\n    photos: [bell]\n');
    expect(() => readClassList(file)).toThrow(/folder of photos "bell" is named twice/);
    writeFileSync(file, 'classes: []\n');
    expect(() => readClassList(file)).toThrow(/list\.yaml/);
    expect(() => classListOf(join(folder, 'nowhere'))).toThrow(/holds no class/);
  });

  it('are classes in another order than the network has them', async () => {
    const root = makeFolder('order');
    const spec = specOf(root, await load(root), { kind: 'training' });
    expect(() => openScenes({ ...spec, classes: [...spec.classes].reverse() })).toThrow(
      expect.objectContaining({
        code: 'bad-config',
        message: expect.stringContaining('horn, bell') as unknown,
      }),
    );
  });
});
