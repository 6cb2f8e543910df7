import { describe, expect, it } from 'vitest';
import type { CastClass } from '../../pipeline/ingest/demo/actor.ts';
import { createBatch, type SampleBatch, type SampleShape } from '../sample.ts';
import { openScenes } from './open-scenes.ts';
import { createSampleProducer } from './sample-producer.ts';
import type { SceneParts, ScenePurpose, SceneSpec } from './spec.ts';
import { drawnClasses } from './spec.ts';

const names: CastClass[] = ['dog', 'guitar', 'clock', 'speech'];
const shape: SampleShape = {
  classes: names,
  frame: { width: 64, height: 64 },
  logmel: { columns: 51, mels: 64 },
  grid: { rows: 4, cols: 4 },
};

function spec(purpose: ScenePurpose = { kind: 'training' }, seed = 1): SceneSpec {
  return {
    kind: 'scenes',
    seed,
    split: 'train',
    shape,
    purpose,
    classes: drawnClasses(names),
    bank: null,
    drawnShare: 1,
  };
}

describe('drawn scenes', () => {
  it('depend on spec and number alone, in any order', async () => {
    const forwards = createBatch(shape, 12);
    const backwards = createBatch(shape, 12);
    const one = await openScenes(spec());
    const two = await openScenes(spec());
    const truths = [];
    for (let i = 0; i < 12; i++) truths[i] = one.write(i, forwards, i);
    for (let i = 11; i >= 0; i--) expect(two.write(i, backwards, i)).toEqual(truths[i]);
    expect(backwards).toEqual(forwards);
    const other = createBatch(shape, 12);
    const three = await openScenes(spec({ kind: 'training' }, 2));
    for (let i = 0; i < 12; i++) three.write(i, other, i);
    expect(Buffer.compare(other.frames, forwards.frames)).not.toBe(0);
  });

  it.each<ScenePurpose>([{ kind: 'training' }, { kind: 'things' }, { kind: 'sounds' }])(
    'of $kind have the same picture without the sound, and the same sound without the picture',
    async (purpose) => {
      const write = async (parts: SceneParts): Promise<SampleBatch> => {
        const batch = createBatch(shape, 12);
        const source = await openScenes({ ...spec(purpose), parts });
        for (let i = 0; i < 12; i++) source.write(i, batch, i);
        return batch;
      };
      const both = await write('both');
      const empty = createBatch(shape, 12);
      const { logmel, heard } = both;
      expect(await write('picture')).toEqual({ ...both, logmel: empty.logmel, heard: empty.heard });
      expect(await write('sound')).toEqual({
        ...empty,
        logmel,
        heard,
        located: new Float32Array(12).fill(1),
      });
      if (purpose.kind === 'training')
        expect([both.frames, both.logmel, heard].map((array) => array.some((value) => value !== 0))).toEqual([
          true,
          true,
          true,
        ]);
    },
  );

  it('cover cells where their boxes are, and nowhere else', async () => {
    const source = await openScenes(spec());
    const batch = createBatch(shape, 1);
    let boxes = 0;
    for (let i = 0; i < 60; i++) {
      const truth = source.write(i, batch, 0);
      expect(batch.located[0]).toBe(1);
      for (let c = 0; c < names.length; c++) {
        const own = truth.boxes.filter(({ classIndex }) => classIndex === c);
        boxes += own.length;
        expect(batch.seen[c]).toBe(own.length > 0 ? 1 : 0);
        for (const box of own) expect(box.sounding).toBe(batch.heard[c] === 1);
        expect(truth.offScreen.includes(c)).toBe(batch.heard[c] === 1 && own.length === 0);
        for (let cell = 0; cell < 16; cell++) {
          const covered = batch.coverage[c * 16 + cell]!;
          const x = (cell % 4) / 4;
          const y = Math.floor(cell / 4) / 4;
          const touched = own.some(
            (box) => box.x0 < x + 0.25 && box.x1 > x && box.y0 < y + 0.25 && box.y1 > y,
          );
          // Soft edges reach a little beyond the box.
          if (!touched) expect(covered).toBeLessThan(0.05);
          expect(covered).toBeLessThanOrEqual(1);
        }
        if (own.length > 0) {
          const sum = batch.coverage.subarray(c * 16, (c + 1) * 16).reduce((a, b) => a + b, 0) / 16;
          const area = own.reduce((a, b) => a + (b.x1 - b.x0) * (b.y1 - b.y0), 0);
          expect(sum).toBeGreaterThan(0.15 * Math.min(1, area));
          expect(sum).toBeLessThan(1.1 * area + 0.02);
        }
      }
    }
    expect(boxes).toBeGreaterThan(60);
  });

  it('of each evaluation level sound and show what the level says', async () => {
    const batch = createBatch(shape, 1);
    for (const level of [1, 2, 3] as const) {
      const source = await openScenes(spec({ kind: 'evaluation', level, style: 'drawn' }));
      let silent = 0;
      for (let i = 0; i < 30; i++) {
        const truth = source.write(i, batch, 0);
        const heard = batch.heard.reduce((a, b) => a + b, 0);
        expect(heard).toBe(level);
        if (truth.boxes.some(({ sounding }) => !sounding)) silent++;
        expect(truth.offScreen).toEqual([]);
      }
      expect(silent).toBe(15);
    }
    const quiet = await openScenes(spec({ kind: 'evaluation', level: 'none', style: 'drawn' }));
    const away = await openScenes(spec({ kind: 'evaluation', level: 'off-screen', style: 'drawn' }));
    let offScreen = 0;
    for (let i = 0; i < 30; i++) {
      quiet.write(i, batch, 0);
      expect(batch.heard.every((value) => value === 0)).toBe(true);
      const truth = away.write(i, batch, 0);
      expect(truth.boxes.every(({ sounding }) => !sounding)).toBe(true);
      offScreen += truth.offScreen.length;
    }
    expect(offScreen).toBe(30);
  });
});

describe('sounds alone', () => {
  it('show nothing, and none to three are heard', async () => {
    const source = await openScenes(spec({ kind: 'sounds' }));
    const batch = createBatch(shape, 1);
    batch.frames.fill(99);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 80; i++) {
      const truth = source.write(i, batch, 0);
      const heard = batch.heard.reduce((a, b) => a + b, 0);
      counts[heard]!++;
      expect(truth.boxes).toEqual([]);
      expect(truth.offScreen).toHaveLength(heard);
      expect(batch.seen.every((value) => value === 0)).toBe(true);
    }
    expect(batch.frames.every((value) => value === 0)).toBe(true);
    for (const count of counts) expect(count).toBeGreaterThan(2);
  });
});

describe('sample producer', () => {
  it('gives the same batches in order with one thread and with three', async () => {
    const collect = async (threads: number): Promise<Uint8Array[]> => {
      const producer = createSampleProducer({ spec: spec(), batchSize: 4, threads, startIndex: 8 });
      const frames: Uint8Array[] = [];
      try {
        for (let i = 0; i < 7; i++) {
          const batch = await producer.next();
          expect(producer.truthsOf(batch)).toHaveLength(4);
          frames.push(batch.frames.slice());
          producer.recycle(batch);
        }
      } finally {
        await producer.close();
      }
      return frames;
    };
    const one = await collect(1);
    expect(await collect(3)).toEqual(one);
    const batch = createBatch(shape, 4);
    const source = await openScenes(spec());
    for (let i = 0; i < 4; i++) source.write(8 + 4 + i, batch, i);
    expect(one[1]).toEqual(batch.frames);
  });

  it('holds no more batches than its bound, and fails what waits when it is closed', async () => {
    const producer = createSampleProducer({ spec: spec(), batchSize: 2, threads: 1 });
    const held = [await producer.next(), await producer.next()];
    const third = producer.next();
    expect(await Promise.race([third, new Promise((resolve) => setTimeout(resolve, 300, 'waits'))])).toBe(
      'waits',
    );
    producer.recycle(held[0]!);
    expect((await third).size).toBe(2);
    const fourth = producer.next();
    const refused = expect(fourth).rejects.toMatchObject({ code: 'closed' });
    await producer.close();
    await refused;
    await expect(producer.next()).rejects.toMatchObject({ code: 'closed' });
  });
});
