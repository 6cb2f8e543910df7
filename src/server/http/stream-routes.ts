/** `/api/v1/streams`: add, list, read, change, remove. */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { mayOn, ownerOf } from '../access/principal.ts';
import { streamCreateSchema, streamPatchSchema } from '../config/stream-spec.ts';
import type { Stream } from '../streams/stream.ts';
import type { AppContext } from './context.ts';
import { limitBody, requireJson } from './limits.ts';
import { refuseInvalid } from './problem.ts';
import { problems, type StreamView, streamListSchema, streamViewSchema } from './schemas.ts';

const params = z.object({ id: z.string().describe('Identifier of the stream.') });
const one = { 'application/json': { schema: streamViewSchema } };

const tags = ['streams'];

/** What the API shows of a stream: never a credential. */
export function viewOf(stream: Stream): StreamView {
  const { spec } = stream;
  return {
    ...stream.info(),
    enabled: spec.enabled,
    ephemeral: stream.ephemeral,
    url: spec.kind === 'url' ? spec.url.toString() : null,
    session: stream.options,
    stats: stream.stats(),
  };
}

export function addStreamRoutes(app: OpenAPIHono, context: AppContext): void {
  const { registry } = context;
  const body = [limitBody(context.limits.bodyBytes), requireJson];

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/streams',
      tags,
      summary: 'The streams that the token may see, in the order they were added',
      responses: {
        200: { description: 'The streams', content: { 'application/json': { schema: streamListSchema } } },
      },
    }),
    (c) => {
      const visible = registry.list().filter(({ id }) => mayOn(c.get('principal'), 'view', id));
      return c.json({ streams: visible.map(viewOf) }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/streams',
      tags,
      summary: 'Add a stream',
      description: 'Connects at once; whether the camera answers shows in the state of the stream.',
      middleware: body,
      request: { body: { required: true, content: { 'application/json': { schema: streamCreateSchema } } } },
      responses: {
        201: {
          description: 'The stream was added',
          headers: { Location: { description: 'Where it is', schema: { type: 'string' } } },
          content: one,
        },
        ...problems(400, 409, 413, 415, 422, 503),
      },
    }),
    async (c) => {
      const stream = registry.add(c.req.valid('json'), { owner: ownerOf(c.get('principal')) });
      await context.kept();
      return c.json(viewOf(stream), 201, { Location: `/api/v1/streams/${stream.id}` });
    },
    refuseInvalid(streamCreateSchema),
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/streams/{id}',
      tags,
      summary: 'One stream',
      request: { params },
      responses: { 200: { description: 'The stream', content: one }, ...problems(404) },
    }),
    (c) => c.json(viewOf(registry.get(c.req.valid('param').id)), 200),
  );

  app.openapi(
    createRoute({
      method: 'patch',
      path: '/api/v1/streams/{id}',
      tags,
      summary: 'Change a stream',
      description:
        'What is left out stays. A new url restarts the source and drops credentials given apart from it.',
      middleware: body,
      request: {
        params,
        body: { required: true, content: { 'application/json': { schema: streamPatchSchema } } },
      },
      responses: {
        200: { description: 'The stream as it is now', content: one },
        ...problems(400, 404, 413, 415, 422, 503),
      },
    }),
    async (c) => {
      const stream = await registry.patch(c.req.valid('param').id, c.req.valid('json'));
      await context.kept();
      return c.json(viewOf(stream), 200);
    },
    refuseInvalid(streamPatchSchema),
  );

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/api/v1/streams/{id}',
      tags,
      summary: 'Remove a stream',
      request: { params },
      responses: { 204: { description: 'It is gone' }, ...problems(404) },
    }),
    async (c) => {
      await registry.remove(c.req.valid('param').id);
      await context.kept();
      return c.body(null, 204);
    },
  );
}
