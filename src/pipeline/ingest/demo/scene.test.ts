import { beforeAll, describe, expect, it } from 'vitest';
import { i420Bytes } from '../../i420.ts';
import type { DemoScene } from './scene.ts';
import { createDemoScene, DEMO_RATE_HZ } from './scene.ts';

const width = 320;
const height = 240;

function frame(scene: DemoScene, timeS: number): Uint8Array {
  const out = new Uint8Array(i420Bytes(scene.width, scene.height));
  scene.renderFrame(timeS * 1e6, out);
  return out;
}

function audio(scene: DemoScene, startSample: number, count: number): Float32Array {
  const out = new Float32Array(count);
  scene.renderAudio(startSample, count, out);
  return out;
}

function rms(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
}

describe('createDemoScene', () => {
  let scene: DemoScene;
  beforeAll(() => {
    scene = createDemoScene({ seed: 1, width, height });
  });

  it('gives bit-equal pictures and sound for equal seeds in any order, and others for other seeds', () => {
    const again = createDemoScene({ seed: 1, width, height });
    const other = createDemoScene({ seed: 2, width, height });
    const late = frame(again, 4000.5);
    for (const timeS of [0, 2.5, 4000.5]) expect(frame(again, timeS)).toEqual(frame(scene, timeS));
    expect(frame(scene, 4000.5)).toEqual(late);
    expect(audio(again, 1e9, 66_150)).toEqual(audio(scene, 1e9, 66_150));
    expect(Buffer.compare(frame(other, 2.5), frame(scene, 2.5))).not.toBe(0);
    expect(audio(other, 0, 66_150)).not.toEqual(audio(scene, 0, 66_150));
  });

  it('gives the same samples however they are cut', () => {
    const start = 143_325 * 3 - 40_000;
    const whole = audio(scene, start, 90_000);
    const cut = new Float32Array(whole.length);
    for (let at = 0, step = 1; at < cut.length; at += step, step = ((step * 7) % 5003) + 1) {
      const count = Math.min(step, cut.length - at);
      scene.renderAudio(start + at, count, cut.subarray(at, at + count));
    }
    expect(cut).toEqual(whole);
    expect(rms(whole)).toBeGreaterThan(0.01);
  });

  it('tells exactly when there is sound: silence is zero, and one sounding actor has the level of the mix', () => {
    const windowUs = 100_000;
    const seen = new Set<string>();
    let silent = 0;
    let solo = 0;
    let duet = 0;
    for (let end = windowUs; end < 80e6; end += windowUs) {
      const truth = scene.groundTruth(end, windowUs);
      const count = Math.round(0.1 * DEMO_RATE_HZ);
      const mix = audio(scene, Math.round((end / 1e6) * DEMO_RATE_HZ) - count, count);
      const sounding = truth.filter((actor) => actor.sounding);
      for (const actor of sounding) seen.add(actor.className);
      if (truth.every((actor) => actor.level === 0)) {
        expect(mix.every((x) => x === 0)).toBe(true);
        silent++;
      } else if (truth.filter((actor) => actor.level > 0).length === 1) {
        expect(rms(mix)).toBeCloseTo(Math.max(...truth.map((actor) => actor.level)), 6);
        solo++;
      } else duet++;
      expect(Math.max(...mix.map(Math.abs))).toBeLessThan(1);
    }
    expect([...seen].sort()).toEqual([...scene.classes].sort());
    expect(silent).toBeGreaterThan(150);
    expect(solo).toBeGreaterThan(200);
    expect(duet).toBeGreaterThan(20);
  });

  it('lets the silence between turns be a second and longer', () => {
    let longest = 0;
    let run = 0;
    for (const sample of audio(scene, 0, 20 * DEMO_RATE_HZ)) {
      run = sample === 0 ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    expect(longest).toBeGreaterThan(1.2 * DEMO_RATE_HZ);
  });

  it('boxes what is drawn: pictures of two moments differ only inside boxes and shadows', () => {
    let checked = 0;
    for (const timeS of [2.5, 9, 34.5]) {
      const a = frame(scene, timeS);
      const b = frame(scene, timeS + 0.2);
      const boxes = [timeS, timeS + 0.2].flatMap((t) =>
        scene.groundTruth(t * 1e6).flatMap(({ box }) => (box === null ? [] : [box])),
      );
      expect(boxes.length).toBeGreaterThanOrEqual(10);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          if (Math.abs(a[y * width + x]! - b[y * width + x]!) < 40) continue;
          checked++;
          const inside = boxes.some(
            (box) =>
              x >= box.x * width &&
              x < (box.x + box.width) * width &&
              y >= box.y * height &&
              y < (box.y + box.height) * height,
          );
          expect(inside).toBe(true);
        }
      }
    }
    expect(checked).toBeGreaterThan(200);
  });

  it('shows the helicopter only about its turns, and then fully inside the window when it is heard', () => {
    let present = 0;
    let absent = 0;
    for (let timeS = 0.5; timeS < 80; timeS += 0.25) {
      const helicopter = scene.groundTruth(timeS * 1e6).find((actor) => actor.className === 'helicopter')!;
      if (helicopter.box === null) {
        expect(helicopter.sounding).toBe(false);
        absent++;
      } else present++;
    }
    expect(present).toBeGreaterThan(20);
    expect(absent).toBeGreaterThan(20);
  });

  it('keeps the company apart: no box covers more than a fifth of another', () => {
    const boxes = scene.groundTruth(3e6).flatMap(({ box }) => (box === null ? [] : [box]));
    for (const a of boxes) {
      for (const b of boxes) {
        if (a === b) continue;
        const w = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
        const h = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
        expect(Math.max(0, w) * Math.max(0, h)).toBeLessThan(0.2 * a.width * a.height);
      }
    }
  });

  it.each([
    [1280, 720],
    [640, 480],
    [161, 241],
  ])('fills a picture of %d x %d without leaving a border', (w, h) => {
    const sized = createDemoScene({ seed: 1, width: w, height: h });
    const picture = frame(sized, 2.5);
    for (const [x, y] of [
      [0, 0],
      [w - 1, 0],
      [0, h - 1],
      [w - 1, h - 1],
    ] as const) {
      expect(picture[y * w + x]).toBeGreaterThan(30);
    }
    for (const { box } of sized.groundTruth(2.5e6)) {
      if (box === null) continue;
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(1);
      expect(box.y + box.height).toBeLessThanOrEqual(1);
    }
  });
});
