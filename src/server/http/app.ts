/** The HTTP side as one Hono app: routes, errors, headers. Knows no port; tests call `app.request()`. */

import { OpenAPIHono } from '@hono/zod-openapi';
import { secureHeaders } from 'hono/secure-headers';
import { addAccessRoutes } from './access-routes.ts';
import { addAuthorization } from './authorize.ts';
import { addConfigurationRoutes } from './configuration-routes.ts';
import type { AppContext } from './context.ts';
import { guardHost } from './host.ts';
import { addInfoRoutes } from './info-routes.ts';
import { addLogRoutes } from './log-routes.ts';
import { guardOrigin } from './origin.ts';
import { addPage } from './page.ts';
import { HttpProblem, InvalidRequest, problemResponse } from './problem.ts';
import { addSnapshotRoutes } from './snapshot-routes.ts';
import { refuseWhileStopping } from './stopping.ts';
import { addStreamRoutes } from './stream-routes.ts';
import { addWhipRoutes } from './whip-routes.ts';

/** Scripts, styles and connections of our own only; pictures and workers also from memory, as previews are. */
const POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'blob:', 'data:'],
  mediaSrc: ["'self'", 'blob:'],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  workerSrc: ["'self'", 'blob:'],
  manifestSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'self'"],
};

export function createApp(context: AppContext): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (result.success) return;
      throw new InvalidRequest(
        result.error.issues.map(({ path, message }) => {
          const field = path.map(String).join('.');
          return { path: [], field, message: `${field}: ${message}.` };
        }),
      );
    },
  });
  app.onError((thrown, c) => problemResponse(c, thrown, (error) => context.reportError(error)));

  app.use(
    secureHeaders({
      contentSecurityPolicy: POLICY,
      permissionsPolicy: { camera: ['self'], microphone: ['self'], geolocation: [] },
      // The server may be reached over plain HTTP; whoever adds TLS in front of it decides on this.
      strictTransportSecurity: false,
      xFrameOptions: false,
    }),
  );
  if (context.expectedHosts !== null) app.use(guardHost(context.expectedHosts));
  app.use('/api/*', guardOrigin(context.allowedOrigins));
  addAuthorization(app, context.access, (c) => context.addressOf(c));
  refuseWhileStopping(app, () => context.isStopping());

  addAccessRoutes(app, context);
  addStreamRoutes(app, context);
  addSnapshotRoutes(app, context);
  addInfoRoutes(app, context);
  addLogRoutes(app, context);
  addConfigurationRoutes(app, context);
  addWhipRoutes(app, context);
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Earsight',
      version: context.version,
      description: 'Live streams, and where in their pictures the sounds come from.',
    },
  });
  app.get('/openapi.json', (c) => c.json(document));
  refuseOtherMethods(app);
  addPage(app, context.pageDirectory);
  app.notFound((c) =>
    problemResponse(
      c,
      new HttpProblem(
        404,
        'not-found',
        `There is nothing at ${c.req.path}. /openapi.json lists what there is.`,
      ),
      () => undefined,
    ),
  );
  return app;
}

/** 405 with Allow, for paths that exist with other methods. */
function refuseOtherMethods(app: OpenAPIHono): void {
  const methods = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    if (method === 'ALL') continue;
    const known = methods.get(path) ?? new Set();
    known.add(method);
    if (method === 'GET') known.add('HEAD');
    methods.set(path, known);
  }
  for (const [path, known] of methods) {
    if (path.includes('*')) continue;
    const allow = [...known, ...(known.has('OPTIONS') ? [] : ['OPTIONS'])].sort().join(', ');
    app.all(path, (c) => {
      if (c.req.method === 'OPTIONS') return c.body(null, 204, { Allow: allow });
      throw new HttpProblem(
        405,
        'method-not-allowed',
        `${c.req.method} is not possible here; ${allow} are.`,
        {
          Allow: allow,
        },
      );
    });
  }
}
