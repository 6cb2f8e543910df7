/** Opens a crowd of subscribers in a child process and measures what they get. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { CrowdReport } from './crowd.ts';

export class Crowd {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** @param stuck how many more connect and never read. */
  static async open(
    serverUrl: string,
    readers: number,
    options: { stuck?: number; query?: string } = {},
  ): Promise<Crowd> {
    const url = `${serverUrl.replace(/^http/, 'ws')}/api/v1/heatmaps?${options.query ?? 'streams=*'}`;
    const child = fork(new URL('./crowd.ts', import.meta.url), [
      url,
      String(readers),
      String(options.stuck ?? 0),
    ]);
    await once(child, 'message');
    return new Crowd(child);
  }

  begin(): void {
    this.#child.send('begin');
  }

  /** What was received since `begin`; closes the crowd. */
  async finish(): Promise<CrowdReport> {
    const answer = once(this.#child, 'message');
    this.#child.send('finish');
    const [report] = (await answer) as [CrowdReport];
    await once(this.#child, 'exit');
    return report;
  }

  /** Ends it without a goodbye, as a crash would. */
  async kill(): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}
