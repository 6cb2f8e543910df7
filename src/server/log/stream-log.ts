/** Writes a line whenever a stream's state or its reason changes. */

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
    const now = `${state} ${reason ?? ''}`;
    if (this.#last.get(id) === now) return;
    this.#last.set(id, now);
    const message = detail === null ? state : `${state}: ${detail}`;
    const fields = { stream: id, state, ...(reason === null || reason === state ? {} : { reason }) };
    if (TROUBLE.has(state)) this.#log.warn(fields, message);
    else this.#log.info(fields, message);
  }

  streamRemoved(streamId: string): void {
    this.#last.delete(streamId);
    this.#log.info({ stream: streamId, state: 'removed' }, 'removed');
  }
}
