/** WHIP (RFC 9725): a browser or encoder publishes a webcam with one POST. */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { ownerOf } from '../access/principal.ts';
import { streamIdSchema } from '../config/stream-spec.ts';
import type { AppContext, IceServer } from './context.ts';
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
const sessionParams = z.object({ id: z.string(), session: z.string() });
const tags = ['whip'];
const text = (description: string) => ({ description, schema: { type: 'string' } as const });

export function addWhipRoutes(app: OpenAPIHono, context: AppContext): void {
  const { publications } = context;

  app.openapi(
    createRoute({
      method: 'post',
      path: endpoint,
      tags,
      summary: 'Publish: the body is an SDP offer, the answer an SDP answer',
      description: 'A stream that is absent is made, and goes some seconds after its publisher.',
      middleware: [limitBody(context.limits.sdpBytes), requireType(SDP)],
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
        ...problems(400, 406, 409, 413, 415, 422, 503),
      },
    }),
    async (c) => {
      requireAccepted(c);
      const { id } = c.req.valid('param');
      const publication = await publications.publish(id, await c.req.text(), ownerOf(c.get('principal')));
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
      summary: 'Add ICE candidates; needs If-Match with the ETag of the session',
      description: 'An ICE restart (If-Match: *) is not taken: publish anew instead.',
      middleware: [limitBody(context.limits.sdpBytes), requireType(FRAGMENT)],
      request: {
        params: sessionParams,
        body: { required: true, content: { [FRAGMENT]: { schema: z.string() } } },
      },
      responses: { 204: { description: 'Added' }, ...problems(400, 404, 412, 413, 415, 422, 428) },
    }),
    async (c) => {
      const { id, session: secret } = c.req.valid('param');
      const publication = publications.find(id, secret);
      requireMatch(c.req.header('If-Match'), publication.etag);
      await publications.addRemoteCandidates(id, secret, await c.req.text());
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      method: 'delete',
      path: session,
      tags,
      summary: 'Stop publishing',
      request: { params: sessionParams },
      responses: { 200: { description: 'Stopped; also when it was before' }, ...problems(404) },
    }),
    async (c) => {
      const { id, session: secret } = c.req.valid('param');
      await publications.end(id, secret);
      return c.body(null, 200);
    },
  );

  // GET and HEAD have no meaning yet; RFC 9725 section 4.2 asks for a 2xx without content.
  for (const [path, accept] of [
    [endpoint, { 'Accept-Post': SDP }],
    [session, { 'Accept-Patch': FRAGMENT }],
  ] as const) {
    for (const method of ['get', 'options'] as const) {
      app.openapi(
        createRoute({
          method,
          path,
          tags,
          summary: method === 'get' ? 'Nothing to read' : 'What is accepted',
          request: { params: path === endpoint ? z.object({ id: z.string() }) : sessionParams },
          responses: { 204: { description: 'No content' } },
        }),
        (c) => c.body(null, 204, method === 'options' ? { ...accept } : {}),
      );
    }
  }
}

/** 406 when the publisher would not understand our answer. */
function requireAccepted(context: Context): void {
  const accept = context.req.header('Accept');
  if (accept === undefined) return;
  const ranges = accept.split(',').map((range) => range.split(';')[0]?.trim().toLowerCase());
  if (!ranges.some((range) => range === SDP || range === 'application/*' || range === '*/*')) {
    throw new HttpProblem(
      406,
      'not-acceptable',
      `The answer is ${SDP}, which the Accept header "${accept}" leaves out.`,
    );
  }
}

/** RFC 9725 section 4.3.1: trickle names the ICE session it belongs to. */
function requireMatch(ifMatch: string | undefined, etag: string): void {
  if (ifMatch === undefined) {
    throw new HttpProblem(428, 'precondition-required', 'Send If-Match with the ETag of the session.');
  }
  if (ifMatch.trim() === '*') {
    throw new HttpProblem(
      422,
      'precondition-failed',
      'ICE restarts are not supported: DELETE the session and POST a new offer.',
    );
  }
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (!tags.includes(etag)) {
    throw new HttpProblem(412, 'precondition-failed', 'If-Match names another ICE session than this one.');
  }
}

function* links(id: string, iceServers: readonly IceServer[]): Generator<string> {
  yield `</api/v1/heatmaps?streams=${id}>; rel="${HEATMAPS_REL}"`;
  for (const { urls, username, credential } of iceServers) {
    const secret =
      username === undefined || credential === undefined
        ? ''
        : `; username="${quote(username)}"; credential="${quote(credential.reveal())}"; credential-type="password"`;
    for (const url of urls) yield `<${url}>; rel="ice-server"${secret}`;
  }
}

/** A quoted-string of RFC 9110 section 5.6.4. */
function quote(text: string): string {
  return text.replaceAll(/["\\]/g, String.raw`\$&`);
}
