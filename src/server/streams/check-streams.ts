/** Whether the streams that there would be under another configuration can be, before anything is changed. */

import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import type { StreamSpec } from '../config/stream-spec.ts';
import type { SourceFactory } from './ports.ts';
import type { Stream } from './stream.ts';

/**
 * @param listed what the new file names
 * @param running what there is now
 * @param removed ids that the file names no more
 * @throws EarsightError `bad-config` with every problem, one a line
 */
export function checkStreams(
  sources: Pick<SourceFactory, 'check'>,
  listed: readonly StreamSpec[],
  running: readonly Pick<Stream, 'id' | 'origin' | 'spec' | 'trusted'>[],
  removed: ReadonlySet<string>,
  maxStreams: number,
): void {
  const problems: string[] = [];
  const check = (what: string, spec: StreamSpec, trusted: boolean): void => {
    try {
      sources.check(spec, trusted);
    } catch (thrown) {
      problems.push(`${what}: ${messageOf(thrown)}`);
    }
  };
  for (const [index, spec] of listed.entries()) check(`streams[${index}] (${spec.id})`, spec, true);
  const names = new Set(listed.map(({ id }) => id));
  const others = running.filter(
    ({ id, origin }) => !names.has(id) && !(origin === 'configuration' && removed.has(id)),
  );
  for (const { id, spec, trusted } of others) {
    check(`The stream "${id}", which the API added and can remove`, spec, trusted);
  }
  const count = names.size + others.length;
  if (count > maxStreams) {
    problems.push(
      `limits.streams is ${maxStreams}, but there would be ${count} streams. Raise it, or remove some.`,
    );
  }
  if (problems.length > 0) {
    throw new EarsightError('bad-config', problems.join('\n'), { details: { problems } });
  }
}
