/** Refuses requests for names that are not this server's, where nothing else would keep a rebound name out. */

import type { MiddlewareHandler } from 'hono';
import { isExpectedHost } from '../access/listening.ts';
import { HttpProblem } from './problem.ts';

/** 421 (RFC 9110 section 15.5.20) for a `Host` that {@link isExpectedHost} does not know. */
export function guardHost(names: ReadonlySet<string>): MiddlewareHandler {
  return async (context, next) => {
    const host = context.req.header('Host');
    if (!isExpectedHost(host, names)) {
      throw new HttpProblem(
        421,
        'unexpected-host',
        `This server is not known as ${host}. Add the name to server.allowedHosts, or ask for tokens (auth.mode).`,
      );
    }
    await next();
  };
}
