/** `/api/v1/streams/{id}/snapshot.jpg|png`: the newest picture that has a result. */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { AppContext } from './context.ts';
import { HttpProblem } from './problem.ts';
import { problems } from './schemas.ts';

const request = {
  params: z.object({ id: z.string() }),
  query: z.object({
    overlay: z
      .enum(['true', 'false'])
      .default('true')
      .describe('Whether the heat is drawn over the picture.'),
  }),
};

const file = { schema: { type: 'string', format: 'binary' } as const };

export function addSnapshotRoutes(app: OpenAPIHono, context: AppContext): void {
  for (const [format, mediaType] of [
    ['jpg', 'image/jpeg'],
    ['png', 'image/png'],
  ] as const) {
    app.openapi(
      createRoute({
        method: 'get',
        path: `/api/v1/streams/{id}/snapshot.${format}`,
        tags: ['streams'],
        summary: 'The newest picture with its heat',
        request,
        responses: {
          200: { description: 'The picture', content: { [mediaType]: file } },
          ...problems(404, 422, 503),
        },
      }),
      async (c) => {
        const stream = context.registry.get(c.req.valid('param').id);
        const result = stream.lastResult();
        if (result === null) {
          throw new HttpProblem(
            503,
            'no-picture',
            `"${stream.id}" has no result yet: it is ${stream.info().state}.`,
            {
              'Retry-After': '1',
            },
          );
        }
        const overlay = c.req.valid('query').overlay === 'true';
        const { classes } = context.model;
        const bytes = await context.renderSnapshot(result, { format, overlay, classes });
        return c.body(bytes, 200, { 'Content-Type': mediaType, 'Cache-Control': 'no-store' });
      },
    );
  }
}
