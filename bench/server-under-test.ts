/** Starts the real server in a process of its own and asks it the way any client would. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { SessionStats } from '../src/pipeline/session.ts';
import type { StreamInfo } from '../src/protocol/messages.ts';
import { freePort } from '../test/support/free-port.ts';
import { type Usage, usageOfTree } from './process-usage.ts';

export type StreamDetail = StreamInfo & { stats: SessionStats };

/** What the YAML file would say. */
interface ServerSettings {
  ingest?: Record<string, unknown>;
  [section: string]: unknown;
}

/** Node's own inspector, for looking into the server from outside. */
export interface InspectedServer {
  /** Null unless the server was started with it. */
  readonly inspectorPort: number | null;
  readonly pid: number;
}

export class ServerUnderTest implements InspectedServer {
  readonly url: string;
  readonly inspectorPort: number | null;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(url: string, inspectorPort: number | null, child: ChildProcess, folder: string) {
    this.url = url;
    this.inspectorPort = inspectorPort;
    this.#child = child;
    this.#folder = folder;
  }

  /**
   * The port is chosen here.
   * @param options.inspected starts Node with its inspector, see `inspected-memory.ts`
   */
  static async start(
    { ingest, ...config }: ServerSettings,
    options: { inspected?: boolean } = {},
  ): Promise<ServerUnderTest> {
    const port = await freePort();
    const inspectorPort = options.inspected === true ? await freePort() : null;
    const folder = mkdtempSync(join(tmpdir(), 'earsight-bench-'));
    const file = join(folder, 'earsight.yaml');
    writeFileSync(
      file,
      stringify({
        streams: [],
        ...config,
        // The benches' cameras and publishers are on this machine.
        ingest: { allowedNetworks: ['any'], ...ingest },
        server: { host: '127.0.0.1', port },
      }),
    );
    const main = new URL('../src/server/main.ts', import.meta.url).pathname;
    const nodeFlags =
      inspectorPort === null ? [] : [`--inspect=127.0.0.1:${inspectorPort}`, '--inspect-publish-uid=http'];
    const child = spawn(
      process.execPath,
      [...nodeFlags, main, 'serve', '--config', file, '--log-format', 'json'],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const server = new ServerUnderTest(`http://127.0.0.1:${port}`, inspectorPort, child, folder);
    for (let tries = 0; tries < 300; tries++) {
      if (child.exitCode !== null) throw new Error(`the server ended with code ${child.exitCode}`);
      const ready = await fetch(`${server.url}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (ready) return server;
      await sleep(100);
    }
    await server.close();
    throw new Error('the server was not ready within 30 s');
  }

  async addUrl(id: string, url: string, options: Record<string, unknown> = {}): Promise<void> {
    const answer = await fetch(`${this.url}/api/v1/streams`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'url', id, url, ...options }),
    });
    if (!answer.ok) throw new Error(`adding ${id}: ${answer.status} ${await answer.text()}`);
  }

  async streams(): Promise<StreamDetail[]> {
    const answer = await fetch(`${this.url}/api/v1/streams`);
    return ((await answer.json()) as { streams: StreamDetail[] }).streams;
  }

  /** Waits until every stream is live. */
  async live(timeoutMs = 60_000): Promise<void> {
    const until = performance.now() + timeoutMs;
    for (;;) {
      const streams = await this.streams();
      if (streams.length > 0 && streams.every((stream) => stream.state === 'live')) return;
      if (performance.now() > until) {
        throw new Error(`not live: ${streams.map((s) => `${s.id} ${s.state} ${s.reason ?? ''}`).join(', ')}`);
      }
      await sleep(200);
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  usage(): Usage {
    return usageOfTree(this.#child.pid!);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null) {
      const gone = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      const killer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
      await gone;
      clearTimeout(killer);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
