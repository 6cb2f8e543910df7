/** The log over time: repeated messages summed, the level changed at run time; and traces of sampled results. */

import type { Context, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HeatmapResult } from '../../src/pipeline/ports.ts';
import { createLogger } from '../../src/server/log/logger.ts';
import { type LogCall, Repeats } from '../../src/server/log/repeats.ts';
import { loadTracing } from '../../src/server/tracing/load-tracing.ts';
import { TracedSink } from '../../src/server/tracing/traced-sink.ts';
import { exampleResult } from '../support/server-fakes.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const call = (stream: string | null, message: string, level = 30): LogCall => ({
  level,
  fields: stream === null ? {} : { stream },
  message,
});

describe('Repeats', () => {
  function setUp() {
    const lines: string[] = [];
    const repeats = new Repeats(({ fields, message }) =>
      lines.push(`${message}${'repeated' in fields ? ` x${String(fields['repeated'])}` : ''}`),
    );
    return { lines, repeats };
  }

  it('writes the first at once and the rest of the second as one', () => {
    const { lines, repeats } = setUp();
    for (let i = 0; i < 42; i++) repeats.take(call('a', `error at ${i}`));
    expect(lines).toEqual(['error at 0']);
    vi.advanceTimersByTime(1000);
    expect(lines).toEqual(['error at 0', 'error at 41 x41']);
    for (let i = 0; i < 2; i++) repeats.take(call('a', 'error at 9'));
    expect(lines).toHaveLength(2);
    vi.advanceTimersByTime(1000);
    expect(lines.slice(2)).toEqual(['error at 9 x2']);
    vi.advanceTimersByTime(1000);
    repeats.take(call('a', 'error at 10'));
    expect(lines.at(-1)).toBe('error at 10');
    vi.advanceTimersByTime(1000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps streams, levels and texts apart, and what is of no stream alone', () => {
    const { lines, repeats } = setUp();
    for (const one of [call('a', 'x'), call('b', 'x'), call('a', 'x', 40), call('a', 'y')]) repeats.take(one);
    for (let i = 0; i < 3; i++) repeats.take(call(null, 'server'));
    expect(lines).toEqual(['x', 'x', 'x', 'y', 'server', 'server', 'server']);
    vi.advanceTimersByTime(1000);
    expect(lines).toHaveLength(7);
  });

  it('lets every change of state through, in order', () => {
    const { lines, repeats } = setUp();
    for (const state of ['live', 'stalled', 'live', 'stalled']) {
      repeats.take({ level: 30, fields: { stream: 'a', state }, message: state });
    }
    expect(lines).toEqual(['live', 'stalled', 'live', 'stalled']);
  });

  it('remembers a bounded number', () => {
    const { lines, repeats } = setUp();
    const name = (i: number): string => 'm'.repeat(i + 1);
    for (let round = 0; round < 2; round++) for (let i = 0; i < 1200; i++) repeats.take(call('a', name(i)));
    expect(lines).toHaveLength(1200 + 200);
  });
});

describe('createLogger', () => {
  it('sums what a stream repeats, and takes a level at run time', () => {
    const records: { msg: string; level: number; repeated?: number }[] = [];
    const log = createLogger(
      { level: 'info', format: 'json' },
      { write: (text: string) => records.push(JSON.parse(text) as { msg: string; level: number }) },
    );
    for (let i = 0; i < 5; i++) log.warn({ stream: 'a' }, `lost ${i}`);
    log.debug({ stream: 'a' }, 'unseen');
    log.level = 'debug';
    log.debug({ stream: 'a' }, 'seen');
    log.info('plain');
    log.flush();
    expect(records.map(({ msg, level, repeated }) => [msg, level, repeated])).toEqual([
      ['lost 0', 40, undefined],
      ['seen', 20, undefined],
      ['plain', 30, undefined],
      ['lost 4', 40, 4],
    ]);
  });
});

it('a log takes another form at run time, times included', () => {
  let text = '';
  const log = createLogger({ level: 'info', format: 'json' }, { write: (more: string) => (text += more) });
  log.info('first');
  log.format = 'line';
  log.info('second');
  log.format = 'json';
  log.info('third');
  const [first, second, third] = text.split('\n');
  const record = { level: 30, time: expect.stringMatching(/^\d{4}-.*Z$/) };
  expect(JSON.parse(first!)).toEqual({ ...record, msg: 'first' });
  expect(second).toMatch(/^\d\d:\d\d:\d\d second$/);
  expect(JSON.parse(third!)).toEqual({ ...record, msg: 'third' });
});

describe('a log whose reader is stuck', () => {
  it('waits in bounded memory, and tells what is missing', () => {
    const records: { msg: string; records?: number }[] = [];
    const output = {
      writableLength: 0,
      write: (text: string): void => {
        records.push(JSON.parse(text) as { msg: string });
        output.writableLength += Buffer.byteLength(text);
      },
    };
    const log = createLogger({ level: 'info', format: 'json' }, output);
    const long = 'x'.repeat(1000);
    for (let i = 0; i < 5000; i++) log.info(`${i} ${long}`);
    expect(output.writableLength).toBeLessThan(1.01 * 2 ** 20);
    const written = records.length;
    expect(written).toBeGreaterThan(900);
    output.writableLength = 0;
    log.info('read again');
    expect(records.slice(written).map((record) => [record.msg, record.records])).toEqual([
      ['records were left out: who reads this log does not keep up', 5000 - written],
      ['read again', undefined],
    ]);
  });
});

describe('TracedSink', () => {
  interface Recorded {
    name: string;
    parent: string | null;
    startMs: number;
    endMs: number;
    attributes: SpanOptions['attributes'];
  }

  function setUp(ratio: number) {
    const spans: Recorded[] = [];
    const published: HeatmapResult[] = [];
    const tracer = {
      startSpan(name: string, options: SpanOptions = {}, context?: Context) {
        const parent = (context as unknown as { name: string } | undefined)?.name ?? null;
        const span: Recorded = {
          name,
          parent,
          startMs: Number(options.startTime),
          endMs: Number.NaN,
          attributes: options.attributes,
        };
        spans.push(span);
        return { name, end: (endMs: number) => (span.endMs = endMs) } as unknown as Span;
      },
    } as unknown as Tracer;
    const tracing = { tracer, within: (span: Span) => span as unknown as Context };
    const clock = { monotonicUs: () => 0, wallMs: () => 1052 };
    const sink = new TracedSink({ publish: (result) => published.push(result) }, clock);
    sink.sample(tracing, ratio);
    return { spans, published, sink, tracing };
  }

  it('lays the stages end to end, from capture to the sockets', () => {
    const { spans, sink, published } = setUp(1);
    sink.publish(exampleResult('door'));
    expect(published).toHaveLength(1);
    // Captured at 1000 ms, sent at 1050 ms; its stages take 10.5 ms together.
    expect(spans.map(({ name, parent, startMs, endMs }) => [name, parent, startMs, endMs])).toEqual([
      ['earsight.frame', null, 1000, 1052],
      ['earsight.network', 'earsight.frame', 1000, 1039.5],
      ['earsight.decode', 'earsight.frame', 1039.5, 1040.5],
      ['earsight.align', 'earsight.frame', 1040.5, 1042.5],
      ['earsight.queue', 'earsight.frame', 1042.5, 1045.5],
      ['earsight.inference', 'earsight.frame', 1045.5, 1049.5],
      ['earsight.heat', 'earsight.frame', 1049.5, 1050],
      ['earsight.send', 'earsight.frame', 1050, 1052],
    ]);
    expect(spans[0]?.attributes).toMatchObject({ 'earsight.stream': 'door', 'earsight.active_classes': 1 });
  });

  it('takes its share of the results, and hands all of them on', () => {
    const { spans, sink, published } = setUp(0.1);
    for (let i = 0; i < 100; i++) sink.publish(exampleResult('door'));
    expect(published).toHaveLength(100);
    const frames = spans.filter(({ name }) => name === 'earsight.frame').length;
    expect(frames).toBeGreaterThanOrEqual(9);
    expect(frames).toBeLessThanOrEqual(10);
  });

  it('takes another share at run time, and none', () => {
    const { spans, sink, tracing } = setUp(0);
    const framesOf = (): number => {
      spans.length = 0;
      for (let i = 0; i < 10; i++) sink.publish(exampleResult('door'));
      return spans.filter(({ name }) => name === 'earsight.frame').length;
    };
    expect(framesOf()).toBe(0);
    sink.sample(tracing, 0.5);
    expect(framesOf()).toBe(5);
    sink.sample(null, 0.5);
    expect(framesOf()).toBe(0);
  });

  it('speaks to the real API, whose spans go nowhere without an SDK', async () => {
    const tracing = await loadTracing('1');
    if (tracing === null) throw new Error('@opentelemetry/api is a development dependency');
    const published: HeatmapResult[] = [];
    const sink = new TracedSink({ publish: (result) => published.push(result) });
    sink.sample(tracing, 1);
    sink.publish(exampleResult('a'));
    expect(published).toHaveLength(1);
  });
});
