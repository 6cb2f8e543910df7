/** A stream of a running server, followed by its results and by every state it was in. */

import { setTimeout as sleep } from 'node:timers/promises';
import { subscribe } from '../../src/client/subscriber.ts';
import type { SessionStats } from '../../src/pipeline/session.ts';
import type { HeatmapMessage, StreamInfo } from '../../src/protocol/messages.ts';

/** Generous: machines that test are slow and have company. */
const PATIENCE_MS = 60_000;

export function isUsable({ alignment }: HeatmapMessage): boolean {
  return alignment === 'aligned' || alignment === 'unaligned';
}

export class WatchedStream implements Disposable {
  readonly id: string;
  readonly results: HeatmapMessage[] = [];
  /** Every change of its state, reason or detail. */
  readonly statuses: StreamInfo[] = [];
  readonly #api: string;
  readonly #subscription: { close(): void };

  /** Follows a stream that is there, or will be. */
  constructor(serverUrl: string, id: string) {
    this.id = id;
    this.#api = `${serverUrl}/api/v1`;
    this.#subscription = subscribe(`${this.#api}/heatmaps`, {
      streams: [id],
      onHeatmap: (message) => this.results.push(message),
      onStatus: (info) => {
        if (info.id === id) this.statuses.push(info);
      },
    });
  }

  /** Adds a camera by the API and follows it. */
  static async add(
    serverUrl: string,
    id: string,
    url: string,
    options: Record<string, unknown> = {},
  ): Promise<WatchedStream> {
    const answer = await fetch(`${serverUrl}/api/v1/streams`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'url', id, url, ...options }),
    });
    if (!answer.ok) throw new Error(`adding ${id}: ${answer.status} ${await answer.text()}`);
    return new WatchedStream(serverUrl, id);
  }

  /** Its state now, as the API tells it. */
  async now(): Promise<StreamInfo & { stats: SessionStats }> {
    return (await (await fetch(`${this.#api}/streams/${this.id}`)).json()) as StreamInfo & {
      stats: SessionStats;
    };
  }

  async until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; ) {
      if (await condition()) return;
      await sleep(50);
    }
    const last = this.results.slice(-8).map(({ alignment }) => alignment);
    const statuses = this.statuses.slice(-6).map(({ state, reason, detail }) => [state, reason, detail]);
    const told = JSON.stringify({ now: await this.now(), last, statuses });
    throw new Error(`no "${what}" of ${this.id} within a minute: ${told}`);
  }

  /** Waits until the API shows a state, and a reason where one is named. */
  async untilState(state: StreamInfo['state'], reason?: string): Promise<void> {
    await this.until(
      async () => {
        const info = await this.now();
        return info.state === state && (reason === undefined || info.reason === reason);
      },
      `${state} ${reason ?? ''}`,
    );
  }

  /** Waits for so many results from now on that pass; gives them. */
  async fresh(
    count: number,
    passes: (message: HeatmapMessage) => boolean = isUsable,
  ): Promise<HeatmapMessage[]> {
    const from = this.results.length;
    const found = (): HeatmapMessage[] => this.results.slice(from).filter(passes);
    await this.until(() => found().length >= count, `${count} fresh results`);
    return found();
  }

  /** Stops following; the stream goes on. */
  [Symbol.dispose](): void {
    this.#subscription.close();
  }
}
