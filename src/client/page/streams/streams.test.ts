/** The figures of a stream: rates, latencies, histories, words. */

import { describe, expect, it } from 'vitest';
import type { HeatmapMessage } from '../../../protocol/messages.ts';
import { FeedStatistics } from './feed-statistics.ts';
import { formatCount, formatMs, formatRate, formatSignedMs } from './formats.ts';
import { HeardHistory, HISTORY_COLUMNS } from './heard-history.ts';
import { stateSentence } from './status-words.ts';

function result(captureToSendMs: number, inferenceUs = 20_000): HeatmapMessage {
  return {
    type: 'heatmap',
    stream: 'a',
    sequence: 0,
    ptsUs: 0,
    captureWallMs: 1_000,
    sendWallMs: 1_000 + captureToSendMs,
    alignment: 'aligned',
    skewUs: null,
    audioWindow: null,
    picture: { width: 4, height: 3 },
    grid: { rows: 1, cols: 1 },
    stages: { decodeUs: 0, alignUs: 0, queueUs: 0, inferenceUs, heatUs: 0 },
    classes: [],
    preview: null,
  };
}

describe('FeedStatistics', () => {
  it('gives rate, quantiles and mean stage times', () => {
    const statistics = new FeedStatistics();
    for (let i = 0; i <= 100; i++) statistics.accept(result(i, i * 1_000), i * 40);
    const summary = statistics.summarise(4_000);
    expect(summary.resultRateHz).toBeCloseTo(25, 5);
    expect(summary.captureToSendMs?.p50).toBe(50);
    expect(summary.captureToSendMs?.p95).toBe(95);
    expect(summary.stages?.inferenceUs).toBeCloseTo(50_000, 5);
  });

  it('forgets: a stream that stopped has no figures after five seconds', () => {
    const statistics = new FeedStatistics();
    for (let i = 0; i < 50; i++) statistics.accept(result(10), i * 40);
    expect(statistics.summarise(4_500).resultRateHz).toBeLessThan(20);
    expect(statistics.summarise(8_000)).toEqual({ resultRateHz: 0, captureToSendMs: null, stages: null });
  });
});

describe('HeardHistory', () => {
  it('keeps the largest value of each quarter second, oldest first, and gaps as gaps', () => {
    const history = new HeardHistory(2);
    history.accept(1, 0.2, 10_000);
    history.accept(1, 0.9, 10_100);
    history.accept(1, 0.4, 10_200);
    history.accept(1, 0.5, 10_500);
    const values = new Float32Array(HISTORY_COLUMNS);
    history.read(1, values);
    expect([...values.slice(-3)]).toEqual([Math.fround(0.9), Number.NaN, 0.5]);
    history.read(0, values);
    expect([...values].every(Number.isNaN)).toBe(true);
  });

  it('loses what is older than its span, also after a long silence', () => {
    const history = new HeardHistory(1);
    const values = new Float32Array(HISTORY_COLUMNS);
    history.accept(0, 1, 0);
    history.advance(29_900);
    history.read(0, values);
    expect(values[0]).toBe(1);
    history.advance(30_100);
    history.read(0, values);
    expect([...values].every(Number.isNaN)).toBe(true);
    history.accept(0, 1, 30_100);
    history.advance(500_000);
    history.read(0, values);
    expect([...values].every(Number.isNaN)).toBe(true);
  });

  it('ignores a class the model has not', () => {
    const history = new HeardHistory(1);
    history.accept(7, 1, 0);
    const values = new Float32Array(HISTORY_COLUMNS);
    history.read(0, values);
    expect([...values].every(Number.isNaN)).toBe(true);
  });
});

describe('words and numbers', () => {
  it('writes numbers with their units', () => {
    expect([formatMs(0.42), formatMs(9.96), formatMs(48.4), formatMs(1_340)]).toEqual([
      '0.4 ms',
      '10 ms',
      '48 ms',
      '1.3 s',
    ]);
    expect([formatSignedMs(3), formatSignedMs(-12)]).toEqual(['+3.0 ms', '−12 ms']);
    expect([formatRate(29.97), formatRate(120.2)]).toEqual(['30.0', '120']);
    expect([formatCount(950), formatCount(12_340), formatCount(4_500_000)]).toEqual(['950', '12.3k', '4.5M']);
  });

  it('says why a stream is not live: the server sentence first, then the reason in words', () => {
    const info = {
      id: 'a',
      name: 'A',
      kind: 'url' as const,
      state: 'degraded' as const,
      reason: 'no-audio',
      detail: null,
      sinceWallMs: 0,
      tracks: { video: true, audio: false },
      picture: null,
    };
    expect(stateSentence({ ...info, detail: 'The microphone is off.' })).toBe('The microphone is off.');
    expect(stateSentence(info)).toContain('no sound');
    expect(stateSentence({ ...info, reason: 'moon-phase' })).toBe('Reason: moon phase.');
    expect(stateSentence({ ...info, state: 'live', reason: null })).toBeNull();
  });
});
