/** Opens the server's address, or says why it cannot be had. */

import { once } from 'node:events';
import type { Server } from 'node:http';
import { EarsightError } from '../pipeline/errors.ts';
import type { Config } from './config/schema.ts';

/** Resolves when it listens. @throws EarsightError `bad-config` with the mend */
export async function listen(http: Server, { host, port }: Config['server']): Promise<void> {
  http.listen(port, host);
  try {
    await once(http, 'listening');
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    const why =
      code === 'EADDRINUSE'
        ? `Port ${port} of ${host} is in use, perhaps by another Earsight. Stop that one, or choose another with --port.`
        : code === 'EACCES'
          ? `Port ${port} may not be used by this user. Choose one from 1024 on with --port.`
          : code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND'
            ? `${host} is no address of this machine. Choose another with --host, such as 127.0.0.1 or 0.0.0.0.`
            : `Cannot listen on ${host}:${port}: ${message}. Choose another address with --host and --port.`;
    throw new EarsightError('bad-config', why, { cause: thrown });
  }
}
