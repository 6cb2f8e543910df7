/** OpenTelemetry spans of sampled results: from the capture of a picture, through every stage, to the sockets. */

import { systemClock } from '../../pipeline/clock.ts';
import type { Clock, HeatmapResult, HeatmapSink } from '../../pipeline/ports.ts';
import type { HeatmapMessage } from '../../protocol/messages.ts';
import type { Tracing } from './load-tracing.ts';

/** In the order that a picture goes through them; they follow one another without a gap. */
const STAGES = [
  ['decode', 'decodeUs'],
  ['align', 'alignUs'],
  ['queue', 'queueUs'],
  ['inference', 'inferenceUs'],
  ['heat', 'heatUs'],
] as const;

/**
 * Hands every result on, and makes spans of a share of them after the fact: the message holds the time of each stage,
 * so nothing is measured twice and a result that is not sampled costs an addition.
 */
export class TracedSink implements HeatmapSink {
  readonly #inner: HeatmapSink;
  #tracing: Tracing | null = null;
  #ratio = 0;
  readonly #clock: Clock;
  #due = 0;

  constructor(inner: HeatmapSink, clock: Clock = systemClock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  /**
   * From the next result on.
   * @param tracing null: none is traced
   * @param ratio share of the results, 0..1
   */
  sample(tracing: Tracing | null, ratio: number): void {
    this.#tracing = tracing;
    this.#ratio = tracing === null ? 0 : ratio;
  }

  publish(result: HeatmapResult): void {
    this.#inner.publish(result);
    this.#due += this.#ratio;
    if (this.#due < 1) return;
    this.#due -= 1;
    if (this.#tracing !== null) this.#trace(this.#tracing, result.message, this.#clock.wallMs());
  }

  #trace(tracing: Tracing, message: HeatmapMessage, sentWallMs: number): void {
    const { stages, captureWallMs, sendWallMs, stream, sequence, alignment, skewUs, classes } = message;
    const totalUs = STAGES.reduce((sum, [, key]) => sum + stages[key], 0);
    const arrivalWallMs = sendWallMs - totalUs / 1000;
    // Where the capture is not known, it is taken to be the arrival, give or take the rounding.
    const startTime = Math.min(captureWallMs, arrivalWallMs);
    const { tracer, within } = tracing;
    const frame = tracer.startSpan('earsight.frame', {
      startTime,
      attributes: {
        'earsight.stream': stream,
        'earsight.sequence': sequence,
        'earsight.alignment': alignment,
        'earsight.active_classes': classes.filter(({ active }) => active).length,
        ...(skewUs === null ? {} : { 'earsight.skew_us': skewUs }),
      },
    });
    const inside = within(frame);
    const child = (name: string, fromMs: number, toMs: number): void =>
      tracer.startSpan(name, { startTime: fromMs }, inside).end(toMs);
    if (startTime < arrivalWallMs) child('earsight.network', startTime, arrivalWallMs);
    let fromMs = arrivalWallMs;
    for (const [name, key] of STAGES) {
      const toMs = fromMs + stages[key] / 1000;
      child(`earsight.${name}`, fromMs, toMs);
      fromMs = toMs;
    }
    child('earsight.send', fromMs, Math.max(fromMs, sentWallMs));
    frame.end(Math.max(fromMs, sentWallMs));
  }
}
