/** Where the server keeps what must outlive a restart. */

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Config } from './schema.ts';
import type { Environment } from './variables.ts';

/**
 * `auto` is systemd's StateDirectory where there is one, else a folder of this user and port, so that servers on
 * several ports do not share it. A server on a free port is another one at each start and keeps nothing.
 * @returns null when nothing is kept
 */
export function dataFolder(
  { data, server }: Pick<Config, 'data' | 'server'>,
  environment: Environment,
): string | null {
  if (data.folder === null) return null;
  if (data.folder !== 'auto') return resolve(data.folder);
  const ofUnit = environment['STATE_DIRECTORY']?.split(':')[0];
  if (ofUnit !== undefined && ofUnit !== '') return ofUnit;
  if (server.port === 0) return null;
  const states = environment['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state');
  return join(states, 'earsight', String(server.port));
}
