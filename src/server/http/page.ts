/** The built page: static files with caching that fits how Vite names them. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import type { OpenAPIHono } from '@hono/zod-openapi';

/** Names under assets/ carry a hash of their content, so they never change; everything else is asked for again. */
export function addPage(app: OpenAPIHono, directory: string): void {
  if (!existsSync(join(directory, 'index.html'))) {
    app.get('/', (c) => c.text(NOT_BUILT, 503));
    return;
  }
  app.get('*', async (c, next) => {
    await next();
    if (!c.res.ok) return;
    const isHashed = c.req.path.startsWith('/assets/');
    c.header('Cache-Control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
  });
  app.get('*', serveStatic({ root: directory }));
}

const NOT_BUILT = `The server runs, but its page has not been built.

Build it with "npx vite build" in the checkout, then start again.
The API works without it: /openapi.json describes it, /api/v1/streams lists the streams.
`;
