/** Who may use the API from a browser: its own page, and the origins that the configuration names. */

import type { MiddlewareHandler } from 'hono';
import { isOriginAllowed } from '../fan-out/origin.ts';
import { HttpProblem } from './problem.ts';

const EXPOSED = 'Location, Link, ETag, Retry-After, Accept-Post, Accept-Patch';
const METHODS = 'GET, HEAD, POST, PATCH, DELETE, OPTIONS';
const HEADERS = 'Content-Type, If-Match, Authorization';

/**
 * Adds CORS headers for allowed origins and refuses the rest. Reading is kept from other pages by the browser;
 * requests that change something are refused here, since the browser only hides their answers.
 * @param allowedOrigins beside the server's own
 */
export function guardOrigin(allowedOrigins: readonly string[]): MiddlewareHandler {
  const allowed = new Set(allowedOrigins.map((origin) => new URL(origin).origin));
  return async (context, next) => {
    const origin = context.req.header('Origin');
    if (
      origin === undefined ||
      isOriginAllowed(origin, context.req.header('Host') ?? new URL(context.req.url).host, [])
    ) {
      await next();
      return;
    }
    const isAllowed = allowed.has(origin);
    if (!isAllowed && !['GET', 'HEAD', 'OPTIONS'].includes(context.req.method)) {
      throw new HttpProblem(
        403,
        'forbidden-origin',
        `Pages of ${origin} may not use this server. Add the origin to server.allowedOrigins if they should.`,
      );
    }
    if (isAllowed && context.req.method === 'OPTIONS') {
      context.header('Access-Control-Allow-Methods', METHODS);
      context.header('Access-Control-Allow-Headers', HEADERS);
      context.header('Access-Control-Max-Age', '600');
    }
    await next();
    context.res.headers.append('Vary', 'Origin');
    if (isAllowed) {
      context.res.headers.set('Access-Control-Allow-Origin', origin);
      context.res.headers.set('Access-Control-Expose-Headers', EXPOSED);
    }
  };
}
