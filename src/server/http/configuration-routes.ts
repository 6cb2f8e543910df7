/** `/api/v1/configuration`: what of the configuration file is not in force yet. */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { AppContext } from './context.ts';
import { problems } from './schemas.ts';

const viewSchema = z
  .strictObject({
    waitsForRestart: z
      .array(z.string())
      .describe('Settings that the file has otherwise than they run, such as engine.workers.'),
  })
  .openapi('Configuration');

export function addConfigurationRoutes(app: OpenAPIHono, context: AppContext): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/configuration',
      tags: ['operation'],
      summary: 'Which changes of the configuration wait for a restart',
      responses: {
        200: { description: 'Their names', content: { 'application/json': { schema: viewSchema } } },
        ...problems(401, 403),
      },
    }),
    (c) => c.json({ waitsForRestart: [...context.waitsForRestart()] }, 200),
  );
}
