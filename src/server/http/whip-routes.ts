/** WHIP (RFC 9725): a browser or encoder publishes a webcam with one POST. */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { EarsightError } from '../../pipeline/errors.ts';
import { mayOn } from '../access/principal.ts';
import type { PublishingRequest } from '../access/publishing-limits.ts';
import { streamIdSchema } from '../config/stream-spec.ts';
import { accepts } from './accept.ts';
import type { AppContext, IceServer } from './context.ts';
import { lenientMatchOf, matchOf } from './entity-tags.ts';
import { limitBody, requireType } from './limits.ts';
import { HttpProblem, refuseInvalid } from './problem.ts';
import { problems } from './schemas.ts';

const SDP = 'application/sdp';
const FRAGMENT = 'application/trickle-ice-sdpfrag';
/** Our own relation: the registry's `urn:ietf:params:whip:ext:` namespace is not for private ones. */
const HEATMAPS_REL = 'urn:earsight:rel:heatmaps';

const endpoint = '/api/v1/whip/{id}';
const session = '/api/v1/whip/{id}/{session}';
const endpointParams = z.object({ id: streamIdSchema });
const anyParams = z.object({ id: z.string() });
const sessionParams = z.object({ id: z.string(), session: z.string() });
const tags = ['whip'];
const text = (description: string) => ({ description, schema: { type: 'string' } as const });

export function addWhipRoutes(app: OpenAPIHono, context: AppContext): void {
  const { publications } = context;
  const limited = limitRate(context);

  app.openapi(
    createRoute({
      method: 'post',
      path: endpoint,
      tags,
      summary: 'Publish: the body is an SDP offer, the answer an SDP answer',
      description: 'A stream that is absent is made, and goes some seconds after its publisher.',
      middleware: [limited('post'), limitBody(context.limits.sdpBytes), requireType(SDP)],
      request: {
        params: endpointParams,
        body: { required: true, content: { [SDP]: { schema: z.string() } } },
      },
      responses: {
        201: {
          description: 'Published',
          headers: {
            Location: text('URL of the session: DELETE ends it, PATCH adds candidates'),
            ETag: text('Tag of the ICE session'),
            Link: text(`The heatmaps (rel="${HEATMAPS_REL}") and ICE servers (rel="ice-server")`),
          },
          content: { [SDP]: { schema: z.string() } },
        },
        307: {
          description: 'This server is full; publish at the other one that webrtc.redirectTo names',
          headers: { Location: text('The same stream there') },
        },
        ...problems(400, 406, 409, 413, 415, 422, 429, 503),
      },
    }),
    async (c) => {
      requireAccepted(c);
      const { id } = c.req.valid('param');
      const offer = await c.req.text();
      const publication = await publications
        .publish(id, offer, c.get('principal'))
        .catch((thrown: unknown) => {
          if (isFull(thrown) && context.whip.redirectTo !== null) return null;
          throw thrown;
        });
      if (publication === null) {
        return c.body(null, 307, { Location: `${context.whip.redirectTo ?? ''}/api/v1/whip/${id}` });
      }
      for (const link of links(id, context.iceServers)) c.header('Link', link, { append: true });
      return c.body(publication.answerSdp, 201, {
        'Content-Type': SDP,
        Location: `/api/v1/whip/${id}/${publication.id}`,
        ETag: publication.etag,
        'Cache-Control': 'no-store',
      });
    },
    refuseInvalid(endpointParams),
  );

  app.openapi(
    createRoute({
      method: 'patch',
      path: session,
      tags,
      summary: 'Add ICE candidates (If-Match: the ETag of the session), or restart ICE (If-Match: *)',
      description: 'New ice-ufrag and ice-pwd make it a restart; it is answered with ours and a new ETag.',
      middleware: [limited('patch'), limitBody(context.limits.sdpBytes), requireType(FRAGMENT)],
      request: {
        params: sessionParams,
        body: { required: true, content: { [FRAGMENT]: { schema: z.string() } } },
      },
      responses: {
        200: {
          description: 'ICE started over: our new credentials and candidates',
          headers: { ETag: text('Tag of the new ICE session') },
          content: { [FRAGMENT]: { schema: z.string() } },
        },
        204: { description: 'Candidates added' },
        ...problems(400, 404, 412, 413, 415, 422, 428, 429, 503),
      },
    }),
    async (c) => {
      const { id, session: secret } = c.req.valid('param');
      const ifMatch = c.req.header('If-Match');
      const restarted = await publications.update(id, secret, await c.req.text(), (etag) =>
        requireMatch(ifMatch, etag, context.whip.lenient),
      );
      if (restarted === null) return c.body(null, 204);
      return c.body(restarted.fragment, 200, {
        'Content-Type': FRAGMENT,
        ETag: restarted.etag,
        'Cache-Control': 'no-store',
      });
    },
  );

  app.openapi(
    createRoute({
      method: 'delete',
      path: session,
      tags,
      summary: 'Stop publishing',
      middleware: [limited('patch')],
      request: { params: sessionParams },
      responses: { 200: { description: 'Stopped; also when it was before' }, ...problems(404, 429) },
    }),
    async (c) => {
      const { id, session: secret } = c.req.valid('param');
      await publications.end(id, secret);
      return c.body(null, 200);
    },
  );

  // RFC 9725 section 4.1: there is no representation to GET.
  for (const path of [endpoint, session]) {
    app.openapi(
      createRoute({
        method: 'get',
        path,
        tags,
        summary: 'Nothing to read',
        request: { params: path === endpoint ? anyParams : sessionParams },
        responses: { 204: { description: 'No content' } },
      }),
      (c) => c.body(null, 204),
    );
  }

  app.openapi(
    createRoute({
      method: 'options',
      path: endpoint,
      tags,
      summary: 'What is accepted; with a token, also the ICE servers',
      description: 'A CORS preflight, and whoever may not publish, is told of no server that has a password.',
      request: { params: anyParams },
      responses: {
        200: {
          description: 'What is accepted',
          headers: { 'Accept-Post': text(SDP), Link: text('ICE servers (rel="ice-server")') },
        },
        ...problems(401, 429),
      },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      for (const server of await serversFor(c, id, context)) {
        for (const link of iceLinks(server)) c.header('Link', link, { append: true });
      }
      return c.body(null, 200, { 'Accept-Post': SDP, 'Cache-Control': 'no-store' });
    },
  );

  app.openapi(
    createRoute({
      method: 'options',
      path: session,
      tags,
      summary: 'What is accepted',
      request: { params: sessionParams },
      responses: { 200: { description: 'What is accepted', headers: { 'Accept-Patch': text(FRAGMENT) } } },
    }),
    (c) => c.body(null, 200, { 'Accept-Patch': FRAGMENT }),
  );
}

/** 429 above the rates of {@link AppContext.publishingLimits}, before the body is read. */
function limitRate(context: AppContext) {
  return (request: PublishingRequest): MiddlewareHandler =>
    async (c, next) => {
      context.publishingLimits.require(request, context.addressOf(c), c.get('principal'));
      await next();
    };
}

function isFull(thrown: unknown): boolean {
  return thrown instanceof EarsightError && thrown.code === 'limit-reached';
}

/**
 * The ICE servers that an OPTIONS request is told of (RFC 9725 section 4.6): for publishers that must know them before
 * they make their offer. A browser's preflight carries no token and reads no answer.
 * @throws EarsightError `unauthorized`, `too-many-attempts`
 */
async function serversFor(c: Context, id: string, context: AppContext): Promise<readonly IceServer[]> {
  if (c.req.header('Access-Control-Request-Method') !== undefined) return [];
  const { access, iceServers } = context;
  const authorization = c.req.header('Authorization');
  const isKnown =
    (authorization !== undefined || !access.required) &&
    mayOn(await access.authenticate(authorization, context.addressOf(c)), 'publish', id);
  return isKnown ? iceServers : iceServers.filter(({ credential }) => credential === undefined);
}

/** 406 when the publisher would not understand our answer. */
function requireAccepted(context: Context): void {
  const accept = context.req.header('Accept');
  if (accept === undefined) return;
  if (!accepts(accept, SDP)) {
    throw new HttpProblem(
      406,
      'not-acceptable',
      `The answer is ${SDP}, which the Accept header "${accept}" leaves out.`,
    );
  }
}

/**
 * RFC 9725 section 4.3.1: a fragment names the ICE session that it is for, or any.
 * @param isLenient takes it as named where the header is left out, or lacks its quotes
 */
function requireMatch(
  ifMatch: string | undefined,
  etag: string,
  isLenient: boolean,
): { anySession: boolean } {
  const match = isLenient ? lenientMatchOf(ifMatch, etag) : matchOf(ifMatch, etag);
  if (match === 'missing') {
    throw new HttpProblem(
      428,
      'precondition-required',
      'Send If-Match with the ETag of the session, or * to restart ICE. For a client that cannot, set webrtc.entityTags to lenient.',
    );
  }
  if (match === 'none') {
    throw new HttpProblem(
      412,
      'precondition-failed',
      'If-Match names another ICE session than the present one. Send the last ETag you got, in its quotes.',
    );
  }
  return { anySession: match === 'any' };
}

function* links(id: string, iceServers: readonly IceServer[]): Generator<string> {
  yield `</api/v1/heatmaps?streams=${id}>; rel="${HEATMAPS_REL}"`;
  for (const server of iceServers) yield* iceLinks(server);
}

function* iceLinks({ urls, username, credential }: IceServer): Generator<string> {
  const secret =
    username === undefined || credential === undefined
      ? ''
      : `; username="${quote(username)}"; credential="${quote(credential.reveal())}"; credential-type="password"`;
  for (const url of urls) yield `<${url}>; rel="ice-server"${secret}`;
}

/** A quoted-string of RFC 9110 section 5.6.4. */
function quote(text: string): string {
  return text.replaceAll(/["\\]/g, String.raw`\$&`);
}
