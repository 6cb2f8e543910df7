/** Which role each request needs. What no rule names needs `admin`, so that a new route is closed until it is named. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { EarsightError } from '../../pipeline/errors.ts';
import type { Access } from '../access/access.ts';
import { hasRole, mayEverywhere, mayOn, type Principal } from '../access/principal.ts';

declare module 'hono' {
  interface ContextVariableMap {
    /** Who asks; set for everything below /api and for /metrics. */
    principal: Principal;
    /** A rule has let the request in. */
    isAllowed: boolean;
  }
}

type Rule = (principal: Principal, context: Context) => boolean;

const isReading = ({ req }: Context): boolean => req.method === 'GET' || req.method === 'HEAD';
const streamOf = ({ req }: Context): string => req.param('id') ?? '';
const anybody: Rule = () => true;

/** By Hono's patterns, so that what is judged is what the route will see. */
const RULES: readonly (readonly [pattern: string, rule: Rule])[] = [
  ['/metrics', (principal) => mayEverywhere(principal, 'view')],
  ['/api/v1/access', anybody],
  ['/api/v1/tickets', anybody],
  ['/api/v1/model', anybody],
  ['/api/v1/heatmaps', anybody],
  [
    '/api/v1/streams',
    (principal, context) =>
      // The list shows each what it may see.
      isReading(context) ? hasRole(principal, 'view') : mayEverywhere(principal, 'admin'),
  ],
  [
    '/api/v1/streams/:id/*',
    (principal, context) => mayOn(principal, isReading(context) ? 'view' : 'admin', streamOf(context)),
  ],
  [
    '/api/v1/whip/:id/*',
    (principal, context) => isReading(context) || mayOn(principal, 'publish', streamOf(context)),
  ],
  ['/api/*', (principal) => mayEverywhere(principal, 'admin')],
];

/** @param addressOf where a request comes from, for the limit on failures */
export function addAuthorization(
  app: OpenAPIHono,
  access: Access,
  addressOf: (context: Context) => string,
): void {
  const authenticate: MiddlewareHandler = async (context, next) => {
    // A preflight carries no token, and tells no more than which methods there are.
    if (context.req.method !== 'OPTIONS') {
      const header = context.req.header('Authorization');
      context.set('principal', await access.authenticate(header, addressOf(context)));
    }
    await next();
  };
  app.use('/api/*', authenticate);
  app.use('/metrics', authenticate);
  for (const [pattern, rule] of RULES) {
    const judge: MiddlewareHandler = async (context, next) => {
      if (context.req.method !== 'OPTIONS' && !context.get('isAllowed')) {
        const principal = context.get('principal');
        if (!rule(principal, context)) {
          throw new EarsightError(
            'forbidden',
            `The token "${principal.name}" may not do this. Its roles and streams are under auth.tokens in the configuration.`,
          );
        }
        context.set('isAllowed', true);
      }
      await next();
    };
    app.use(pattern, judge);
  }
}
