/** A webcam tab: an independent WebRTC publisher in a process of its own, which can be closed without a word. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Caller } from './call-in.ts';

export class ForkedPublisher implements Caller {
  readonly #child: ChildProcess = fork(new URL('./publisher-child.ts', import.meta.url), { execArgv: [] });
  readonly #offer = once(this.#child, 'message');

  async offer(): Promise<string> {
    const [sdp] = (await this.#offer) as [string];
    return sdp;
  }

  answer(sdp: string): Promise<void> {
    this.#child.send(sdp);
    return Promise.resolve();
  }

  /** Dies at once (SIGKILL): no goodbye, no DELETE. Idempotent. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
