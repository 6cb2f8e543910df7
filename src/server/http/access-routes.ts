/** `/api/v1/access`: what the one who asks may do. `/api/v1/tickets`: a ticket for the WebSocket. */

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { hasRole, ROLES } from '../access/principal.ts';
import type { AppContext } from './context.ts';
import { accessViewSchema, problems, ticketSchema } from './schemas.ts';

const tags = ['access'];

export function addAccessRoutes(app: OpenAPIHono, { access }: AppContext): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/v1/access',
      tags,
      summary: 'What the token that comes with this request may do',
      responses: {
        200: { description: 'Its rights', content: { 'application/json': { schema: accessViewSchema } } },
        ...problems(401, 429),
      },
    }),
    (c) => {
      const principal = c.get('principal');
      const roles = ROLES.filter((role) => hasRole(principal, role));
      const streams = principal.streams === null ? null : [...principal.streams];
      return c.json({ name: principal.name, tokenRequired: access.required, roles, streams }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/v1/tickets',
      tags,
      summary: 'A ticket for one WebSocket handshake',
      description: 'Send it as ?ticket=... of the heatmaps. It is good once, and not for long.',
      responses: {
        201: { description: 'The ticket', content: { 'application/json': { schema: ticketSchema } } },
        ...problems(401, 403, 429),
      },
    }),
    (c) => c.json(access.issueTicket(c.get('principal')), 201, { 'Cache-Control': 'no-store' }),
  );
}
