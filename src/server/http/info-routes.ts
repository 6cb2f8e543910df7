/** `/api/v1/model`, the heatmaps' address for those who come without a WebSocket, health, readiness, metrics. */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON } from '../../protocol/messages.ts';
import type { AppContext } from './context.ts';
import { HttpProblem } from './problem.ts';
import { healthSchema, modelViewSchema, problems, readinessSchema } from './schemas.ts';

export function addInfoRoutes(app: OpenAPIHono, context: AppContext): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/model',
      tags: ['model'],
      summary: 'The model: its classes with their colours, its grid',
      responses: {
        200: { description: 'The model', content: { 'application/json': { schema: modelViewSchema } } },
      },
    }),
    (c) => c.json(context.model, 200),
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/heatmaps',
      tags: ['heatmaps'],
      summary: 'The WebSocket of the heatmaps',
      description: `Upgrade with the subprotocol ${SUBPROTOCOL_BINARY} or ${SUBPROTOCOL_JSON}; docs/protocol.md describes the messages.`,
      request: {
        query: z.object({
          streams: z
            .string()
            .optional()
            .describe('Ids to subscribe to at once, parted by commas; * for all.'),
        }),
      },
      responses: { 101: { description: 'The WebSocket is open' }, ...problems(426) },
    }),
    () => {
      throw new HttpProblem(
        426,
        'upgrade-required',
        `Heatmaps come over a WebSocket: connect with the subprotocol ${SUBPROTOCOL_BINARY} or ${SUBPROTOCOL_JSON}.`,
        { Upgrade: 'websocket' },
      );
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/healthz',
      tags: ['operation'],
      summary: 'Whether the process answers',
      responses: {
        200: { description: 'It does', content: { 'application/json': { schema: healthSchema } } },
      },
    }),
    (c) => c.json({ status: 'ok' as const }, 200),
  );

  const readiness = { 'application/json': { schema: readinessSchema } };
  app.openapi(
    createRoute({
      method: 'get',
      path: '/readyz',
      tags: ['operation'],
      summary:
        'Whether the model is warm and the server takes work; trouble of a single camera does not count',
      responses: {
        200: { description: 'Ready', content: readiness },
        503: { description: 'Not ready; reason says why', content: readiness },
      },
    }),
    (c) => {
      const state = context.readiness();
      return state.ready ? c.json(state, 200) : c.json(state, 503);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/metrics',
      tags: ['operation'],
      summary: 'Prometheus metrics',
      responses: { 200: { description: 'Text format', content: { 'text/plain': { schema: z.string() } } } },
    }),
    async (c) => c.text(await context.metrics.text(), 200, { 'Content-Type': context.metrics.contentType }),
  );
}
