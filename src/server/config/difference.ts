/** What a new configuration changes of the one in force, and what of it has to wait for the next start. Pure. */

import { isDeepStrictEqual } from 'node:util';
import { EarsightError } from '../../pipeline/errors.ts';
import { isTokenRequired } from '../access/listening.ts';
import { revealed } from './revealed.ts';
import type { Config } from './schema.ts';
import type { StreamSpec } from './stream-spec.ts';

export interface Difference {
  /** What can be in force now: the new configuration, with the old values of what has to wait. */
  effective: Config;
  /** The settings that differ and wait for a restart, as `engine.workers`. */
  waiting: string[];
  /** Streams of the old file that the new one does not name. */
  removed: string[];
  /** Streams that the new file names first, or otherwise than the old one. */
  placed: StreamSpec[];
}

/** Names of settings, after another configuration was taken. */
export interface WaitingForRestart {
  /** Differ from what runs, and wait. */
  waiting: readonly string[];
  /** Waited before, and are as they run again. */
  takenBack: readonly string[];
}

/**
 * Streams are compared as the files have them, so that what the API changed in the meantime stays as long as the
 * file says the same.
 * @throws EarsightError `bad-config` when the mix of both would leave the server open to everyone
 */
export function differenceOf(running: Config, next: Config): Difference {
  const { server } = running;
  const effective: Config = {
    ...next,
    server: {
      ...next.server,
      host: server.host,
      port: server.port,
      tls: server.tls,
    },
    model: running.model,
    engine: running.engine,
    data: running.data,
  };
  const { host } = server;
  const { mode, tokens } = effective.auth;
  if (isTokenRequired(mode, host) && tokens.length === 0) {
    throw new EarsightError(
      'bad-config',
      `server.host is ${host} until the next start, so a token is needed until then. Keep one under auth.tokens, and take it away after that.`,
    );
  }
  const kept: [name: string, now: unknown, then: unknown][] = [
    ['server.host', server.host, next.server.host],
    ['server.port', server.port, next.server.port],
    ['server.tls', server.tls, next.server.tls],
    ['model', running.model, next.model],
    ['engine', running.engine, next.engine],
    ['data', running.data, next.data],
  ];
  const before = new Map(running.streams.map((spec) => [spec.id, revealed(spec)]));
  const after = new Set(next.streams.map(({ id }) => id));
  return {
    effective,
    waiting: kept.flatMap(([name, now, then]) => differing(name, now, then)),
    removed: [...before.keys()].filter((id) => !after.has(id)),
    placed: next.streams.filter((spec) => !isDeepStrictEqual(before.get(spec.id), revealed(spec))),
  };
}

/** The settings below `name` that differ. A list counts as one. */
function differing(name: string, now: unknown, then: unknown): string[] {
  if (!isSection(now) || !isSection(then)) return isDeepStrictEqual(now, then) ? [] : [name];
  const keys = new Set([...Object.keys(now), ...Object.keys(then)]);
  return [...keys].flatMap((key) => differing(`${name}.${key}`, now[key], then[key]));
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
