/** coturn on 127.0.0.1, as an operator would run it for webcams behind routers. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';

const TURNSERVER = '/usr/bin/turnserver';

/** Why these tests are skipped, or null. */
export const coturnMissing = existsSync(TURNSERVER)
  ? null
  : `${TURNSERVER} (Debian: coturn) is not installed`;

export class TurnServer {
  readonly url: string;
  readonly username = 'webcam';
  readonly credential = 'horse-battery';
  readonly #child: ChildProcess;
  readonly #folder: string;
  #log = '';

  private constructor(port: number, folder: string) {
    this.url = `turn:127.0.0.1:${port}?transport=udp`;
    this.#folder = folder;
    const addresses = ['--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${port}`];
    const users = ['--lt-cred-mech', `--user=${this.username}:${this.credential}`, '--realm=earsight.test'];
    const files = ['--log-file=stdout', `--pidfile=${join(folder, 'pid')}`, `--userdb=${join(folder, 'db')}`];
    const less = ['--no-tls', '--no-dtls', '--no-cli', '--allow-loopback-peers', '--verbose'];
    this.#child = spawn(TURNSERVER, ['-n', ...addresses, ...users, ...files, ...less], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
      });
    }
  }

  static async start(): Promise<TurnServer> {
    const server = new TurnServer(await freePort(), await mkdtemp(join(tmpdir(), 'earsight-turn-')));
    const end = performance.now() + 20_000;
    while (!/listener opened on : 127\.0\.0\.1/i.test(server.#log)) {
      if (performance.now() > end || server.#child.exitCode !== null) {
        await server.stop();
        throw new Error(`coturn does not listen: ${server.#log.slice(-2000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return server;
  }

  /** Sessions that it has let in, by its own log. */
  get allocations(): number {
    return this.#log.match(/ALLOCATE processed, success/g)?.length ?? 0;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'close');
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}
