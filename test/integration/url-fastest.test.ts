/** `pace: fastest` through the live pipeline: a model slower than the file, and every frame answered. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/pipeline/clock.ts';
import { UrlSource } from '../../src/pipeline/ingest/url/url-source.ts';
import type { HeatmapResult } from '../../src/pipeline/ports.ts';
import { QIAN_LOG_MEL } from '../../src/pipeline/prep/log-mel-parameters.ts';
import { secretUrl } from '../../src/pipeline/secret.ts';
import { LocalizationPipeline } from '../../src/pipeline/session-pipeline.ts';
import { writeClip } from '../support/clips/write-clip.ts';
import { FakeModel, TINY_SHAPE } from '../support/fake-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'url-fastest-'));
const clip = (name: string): string => pathToFileURL(join(folder, name)).href;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  await writeClip(join(folder, 'clip.mov'), { seconds: 4, bFrames: 2 });
  await writeClip(join(folder, 'half-silent.mov'), { seconds: 6, soundSeconds: 2 });
  // Pictures of 29 KB: several in one piece of the pipe.
  await writeClip(join(folder, 'small.ts'), { seconds: 4, sizes: [{ width: 160, height: 120 }] });
});
afterEach(() => Promise.all(closers.splice(0).map((close) => close())));
afterAll(() => rmSync(folder, { recursive: true }));

/** Plays a file to its end; resolves with what was answered by the time the session said `ended`. */
async function analyse(
  url: string,
  delayMs: number,
  maxRateHz: number | null = null,
  // Longer than a busy machine starves the child.
  stallMs = 5000,
): Promise<{ messages: HeatmapResult['message'][]; drops: Record<string, number>; mostHeld: number }> {
  const results: HeatmapResult[] = [];
  const model = new FakeModel({ shape: { ...TINY_SHAPE, logmel: { columns: 51, mels: 64 } }, delayMs });
  const plain = { slope: 1, intercept: 0 };
  const pipeline = new LocalizationPipeline({
    model,
    logmel: QIAN_LOG_MEL,
    resampler: 'area',
    calibration: {
      classes: TINY_SHAPE.classes.map(() => ({ heard: { ...plain, on: 0.5, off: 0.3 }, seen: plain })),
      similarity: { low: 0, high: 1 },
      mapThreshold: 0.5,
    },
    sink: { publish: (result) => results.push(result) },
    clock: systemClock,
    observer: {
      frameReceived: () => undefined,
      audioReceived: () => undefined,
      windowFilled: () => undefined,
      dropped: () => undefined,
      packetsLost: () => undefined,
      batch: () => undefined,
      result: () => undefined,
      restarted: () => undefined,
      clock: () => undefined,
    },
    batch: { maxBatch: 4, maxDelayMs: 0 },
  });
  closers.push(async () => {
    await pipeline.close();
    await model.close();
  });
  const source = new UrlSource('clip', { url: secretUrl(url), reading: { pace: 'fastest', maxRateHz } });
  const session = pipeline.attach(
    source,
    {
      maxRateHz,
      lookaheadMs: 0,
      maxAudioWaitMs: 0,
      avOffsetMs: 0,
      smoothingMs: 0,
      normalise: 'calibrated',
      stallMs,
    },
    () => undefined,
  );
  let mostHeld = 0;
  while (session.status().state !== 'ended') {
    const { framesReceived, results: answered } = session.stats();
    mostHeld = Math.max(mostHeld, framesReceived - answered);
    expect(session.status().state).not.toBe('stalled');
    await sleep(5);
  }
  return { messages: results.map(({ message }) => message), drops: session.stats().drops, mostHeld };
}

const everyFrame = (count: number): number[] => Array.from({ length: count }, (_, i) => i * 40_000);

it.each(['clip.mov', 'small.ts'])('answers every frame of %s, in order, and holds few', async (name) => {
  const { messages, drops, mostHeld } = await analyse(clip(name), 15);
  const first = messages[0]!.ptsUs;
  expect(messages.map(({ ptsUs }) => ptsUs - first)).toEqual(everyFrame(100));
  expect(drops).toEqual({});
  // All but the three quarters of a second at the beginning, and at most the frame beyond the last sample.
  const aligned = messages.filter(({ alignment }) => alignment === 'aligned').length;
  expect(aligned).toBeGreaterThanOrEqual(100 - 19 - 2);
  expect(mostHeld).toBeLessThanOrEqual(60);
});

it('is not mistaken for a stalled source by a model that takes longer than a stall', async () => {
  const { messages, drops } = await analyse(clip('clip.mov'), 250, 5, 500);
  expect(messages.map(({ ptsUs }) => ptsUs)).toEqual(Array.from({ length: 20 }, (_, i) => i * 200_000));
  expect(drops).toEqual({ 'rate-cap': 80 });
});

it('says late, and loses no frame, where the sound ends before the picture', async () => {
  const { messages, drops } = await analyse(clip('half-silent.mov'), 2);
  expect(messages.map(({ ptsUs }) => ptsUs)).toEqual(everyFrame(150));
  expect(drops).toEqual({});
  const words = messages.map(({ alignment }) => alignment);
  expect(words.slice(20, 49)).toEqual(Array(29).fill('aligned'));
  expect(new Set(words.slice(60))).toEqual(new Set(['late']));
});
