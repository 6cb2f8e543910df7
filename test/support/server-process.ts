/** The real program in a process of its own, as a person starts it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/server/main.ts', import.meta.url));
const START_LIMIT_MS = 60_000;
/** Of all servers under test, not the person's own. */
const CACHE = join(tmpdir(), 'earsight-test-cache');

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the program to its end. */
export async function run(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Finished> {
  const server = new ServerProcess(args, environment);
  return await server.ended;
}

/** A started program; `end` it. */
export class ServerProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly ended: Promise<Finished>;
  /** Where it listens, once {@link serve} has resolved. */
  url = '';
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], environment: Record<string, string> = {}) {
    const inherited = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(EARSIGHT_|ORT_)/.test(name)),
    );
    this.child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { XDG_CACHE_HOME: CACHE, ...inherited, ...environment },
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = once(this.child, 'close').then((values) => ({
      code: values[0] as number | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** `serve` on a free port, logging JSON; resolves when it is ready. */
  static async serve(
    args: readonly string[] = [],
    environment: Record<string, string> = {},
  ): Promise<ServerProcess> {
    const server = new ServerProcess(['serve', '--port', '0', '--log-format', 'json', ...args], environment);
    await server.until(() => server.records.some(({ msg }) => msg === 'listening'), 'listening');
    server.url = String(server.records.find(({ msg }) => msg === 'listening')?.['url']);
    return server;
  }

  /** What it logged. */
  get records(): (Record<string, unknown> & { msg?: string })[] {
    return this.stdout
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const deadline = performance.now() + START_LIMIT_MS;
    while (!(await condition())) {
      if (this.child.exitCode !== null || performance.now() > deadline) {
        throw new Error(`no "${what}": exit code ${this.child.exitCode}\n${this.stdout}\n${this.stderr}`);
      }
      await sleep(50);
    }
  }

  /** Process ids of its children. Linux only. */
  children(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((name) => {
        try {
          const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
          return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === this.child.pid;
        } catch {
          return false;
        }
      })
      .map(Number);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    this.child.kill(signal);
    return await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.stop('SIGKILL');
  }
}

/** Whether a process is there and not a zombie. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}
