/** Writes a line whenever a stream's state or its reason changes, or what is wrong with its clocks. */

import type { Logger } from 'pino';
import type { StreamInfo } from '../../protocol/messages.ts';
import type { StreamListener } from '../streams/ports.ts';

const TROUBLE: ReadonlySet<StreamInfo['state']> = new Set(['degraded', 'stalled', 'reconnecting', 'failed']);

export class StreamLog implements StreamListener {
  readonly #log: Logger;
  readonly #last = new Map<string, string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  streamChanged({ id, state, reason, detail }: StreamInfo): void {
    // What is wrong with a live stream is worth a line; details of other states come and go with each attempt.
    const wrong = state === 'live' ? detail : null;
    const now = `${state} ${reason ?? wrong ?? ''}`;
    if (this.#last.get(id) === now) return;
    this.#last.set(id, now);
    const message = detail === null ? state : `${state}: ${detail}`;
    const fields = { stream: id, state, ...(reason === null || reason === state ? {} : { reason }) };
    if (TROUBLE.has(state) || wrong !== null) this.#log.warn(fields, message);
    else this.#log.info(fields, message);
  }

  streamRemoved(streamId: string): void {
    this.#last.delete(streamId);
    this.#log.info({ stream: streamId, state: 'removed' }, 'removed');
  }
}
