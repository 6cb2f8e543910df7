/** What is answered while the server stops: it still tells how things are, and takes nothing new. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { EarsightError } from '../../pipeline/errors.ts';

/** Ending something is welcome. */
const STILL_TAKEN: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);

/** Requests that would begin or change something get 503 with Retry-After; no connection is kept for a next request. */
export function refuseWhileStopping(app: OpenAPIHono, isStopping: () => boolean): void {
  app.use(async (context, next) => {
    if (!isStopping()) {
      await next();
      return;
    }
    context.header('Connection', 'close');
    if (!STILL_TAKEN.has(context.req.method)) {
      throw new EarsightError(
        'closed',
        'The server is shutting down and takes nothing new. Try again when it is back, or at another one.',
        { retryable: true },
      );
    }
    await next();
  });
}
