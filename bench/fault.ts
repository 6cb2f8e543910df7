/** What the bench of faults measures: a fault that can be made, and when the stream is well again. */

import { setTimeout as sleep } from 'node:timers/promises';
import { subscribe } from '../src/client/subscriber.ts';
import { messageOf } from '../src/pipeline/errors.ts';
import { quantilesOf } from './quantiles.ts';
import type { ServerUnderTest } from './server-under-test.ts';
import type { Row } from './table.ts';

export interface Fault {
  name: string;
  /** The stream whose results are watched. */
  stream: string;
  /**
   * Makes the fault, and its end where it has one. Resolves with the `performance.now()` from which recovery counts:
   * that of the source's return, or of the fault itself where the source never left. Where the fault works only after a
   * while, it resolves then, so that what came in between is looked at too.
   */
  inject(): Promise<number>;
}

/** A server with the sources that faults befall; each has a stream of its own. */
export interface FaultScene {
  server: Pick<ServerUnderTest, 'url'>;
  faults: readonly Fault[];
  /** Whether each waits for the one before: where what is measured computes much, it would measure its neighbours. */
  oneByOne?: boolean;
  close(): Promise<void>;
}

/** Results flow when for so long no two that follow each other are further apart than this. */
const LARGEST_GAP_MS = 1000;
const FLOW_MS = 1500;
const PATIENCE_MS = 90_000;
/** Between repetitions, so that none begins in the last one's aftermath, and backoff counts the stream as healthy. */
const REST_MS = 10_500;

/** When each result of one stream came that has a complete second of sound (`aligned` or `unaligned`). */
class ResultWatch {
  readonly #timesMs: number[] = [];
  readonly #subscription: { close(): void };

  constructor(serverUrl: string, stream: string) {
    this.#subscription = subscribe(`${serverUrl}/api/v1/heatmaps`, {
      streams: [stream],
      onHeatmap: ({ alignment }) => {
        if (alignment === 'aligned' || alignment === 'unaligned') this.#timesMs.push(performance.now());
      },
    });
  }

  /** Waits until results flow; the time from `sinceMs` to the first of them. */
  async flowsAfterMs(sinceMs: number): Promise<number> {
    while (performance.now() - sinceMs < PATIENCE_MS) {
      const first = this.#beginOfFlow(sinceMs);
      if (first !== null) return first - sinceMs;
      await sleep(50);
    }
    throw new Error(`no results within ${PATIENCE_MS / 1000} s`);
  }

  close(): void {
    this.#subscription.close();
  }

  /** Of the latest run of results without a larger gap, once it is long enough and goes on. */
  #beginOfFlow(sinceMs: number): number | null {
    let first = Number.POSITIVE_INFINITY;
    let lastMs = Number.NEGATIVE_INFINITY;
    for (const timeMs of this.#timesMs) {
      if (timeMs < sinceMs) continue;
      if (timeMs - lastMs > LARGEST_GAP_MS) first = timeMs;
      lastMs = timeMs;
    }
    const goesOn = performance.now() - lastMs < LARGEST_GAP_MS;
    return goesOn && lastMs - first >= FLOW_MS ? first : null;
  }
}

/**
 * One row a fault: how long until results flow again, in seconds. A fault that stops nothing recovers within a frame.
 * The faults happen to streams of their own, and side by side unless the scene says otherwise.
 */
export async function measureScene(
  { server, faults, oneByOne = false }: FaultScene,
  repetitions: number,
): Promise<Row[]> {
  if (oneByOne) {
    const rows: Row[] = [];
    for (const fault of faults) rows.push(await measureFault(server, fault, repetitions));
    return rows;
  }
  return await Promise.all(
    faults.map(async (fault, index) => {
      await sleep((index * REST_MS) / faults.length);
      return await measureFault(server, fault, repetitions);
    }),
  );
}

async function measureFault(server: FaultScene['server'], fault: Fault, repetitions: number): Promise<Row> {
  const watch = new ResultWatch(server.url, fault.stream);
  const seconds: number[] = [];
  let trouble = '-';
  try {
    for (let repetition = 0; repetition < repetitions; repetition++) {
      await watch.flowsAfterMs(performance.now());
      await sleep(REST_MS);
      seconds.push((await watch.flowsAfterMs(await fault.inject())) / 1000);
      console.log(`${fault.name}: ${seconds.at(-1)!.toFixed(2)} s`);
    }
  } catch (error) {
    trouble = messageOf(error);
  } finally {
    watch.close();
  }
  const [median, worst] = quantilesOf(seconds, [0.5, 1]);
  return {
    fault: fault.name,
    times: seconds.length,
    'median s': median ?? Number.NaN,
    'worst s': worst ?? Number.NaN,
    trouble,
  };
}
