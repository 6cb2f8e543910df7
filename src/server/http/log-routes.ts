/** `/api/v1/log`: how much the running server writes, for looking closer without a restart. */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { logLevelSchema } from '../config/sections/log.ts';
import type { AppContext } from './context.ts';
import { limitBody, requireJson } from './limits.ts';
import { refuseInvalid } from './problem.ts';
import { problems } from './schemas.ts';

const bodySchema = z.strictObject({ level: logLevelSchema });
const content = { 'application/json': { schema: bodySchema.openapi('Log') } };

export function addLogRoutes(app: OpenAPIHono, { log, limits }: AppContext): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/log',
      tags: ['operation'],
      summary: 'The least important line that is written',
      responses: { 200: { description: 'The level', content }, ...problems(401, 403) },
    }),
    (c) => c.json({ level: log.level }, 200),
  );

  app.openapi(
    createRoute({
      method: 'patch',
      path: '/api/v1/log',
      tags: ['operation'],
      summary: 'Write more, or less',
      description: 'Until the server ends, or log.level changes in the configuration file.',
      middleware: [limitBody(limits.bodyBytes), requireJson],
      request: { body: { required: true, content } },
      responses: {
        200: { description: 'The level now', content },
        ...problems(400, 401, 403, 413, 415, 422),
      },
    }),
    (c) => {
      log.level = c.req.valid('json').level;
      return c.json({ level: log.level }, 200);
    },
    refuseInvalid(bodySchema),
  );
}
