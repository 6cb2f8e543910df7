/** Prometheus and its promtool, where Debian's package is installed; a server to scrape comes from elsewhere. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import { freePort } from './free-port.ts';

export const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));

export const hasPrometheus =
  spawnSync('promtool', ['--version']).error === undefined &&
  spawnSync('prometheus', ['--version']).error === undefined;

export function promtool(args: readonly string[], input?: string): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', input });
  return { status, said: stdout + stderr };
}

/** A Prometheus on a free port that scrapes `target` by our own configuration, once a second. */
export class PrometheusProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.#url = url;
  }

  /** @param folder for its data; removed by the caller */
  static async start(folder: string, target: string): Promise<PrometheusProcess> {
    const configuration = parseDocument(readFileSync(join(DEPLOY, 'prometheus/prometheus.yml'), 'utf8'));
    configuration.setIn(['global', 'scrape_interval'], '1s');
    configuration.setIn(['global', 'evaluation_interval'], '1s');
    configuration.setIn(['rule_files'], [join(DEPLOY, 'prometheus/earsight.rules.yml')]);
    configuration.setIn(['scrape_configs', 0, 'static_configs', 0, 'targets'], [target]);
    const file = join(folder, 'prometheus.yml');
    writeFileSync(file, configuration.toString());
    const listen = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      'prometheus',
      [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(folder, 'tsdb')}`,
        `--web.listen-address=${listen}`,
        '--log.level=error',
      ],
      { stdio: 'ignore' },
    );
    return new PrometheusProcess(child, `http://${listen}`);
  }

  /** The API's `data`; null while it does not answer. */
  async get<Data>(path: string): Promise<Data | null> {
    try {
      const answer = await fetch(`${this.#url}/api/v1/${path}`);
      return answer.ok ? ((await answer.json()) as { data: Data }).data : null;
    } catch {
      return null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
