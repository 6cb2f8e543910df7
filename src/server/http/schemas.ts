/** The answers of the API as schemas, for the OpenAPI document. Requests use the configuration's own schemas. */

import { z } from '@hono/zod-openapi';
import { ROLES } from '../access/principal.ts';
import { sessionOptionsSchema } from '../config/session-options.ts';

const stateSchema = z.enum(['connecting', 'live', 'degraded', 'stalled', 'reconnecting', 'ended', 'failed']);

const statsSchema = z
  .object({
    framesReceived: z.int(),
    audioSamplesReceived: z.int(),
    results: z.int(),
    drops: z.record(z.string(), z.int()).describe('Frames without a result, by reason.'),
    restarts: z.int(),
    resultRateHz: z.number().describe('Over about the last ten seconds.'),
    captureToSendMs: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
    stages: z
      .object({
        decodeUs: z.number(),
        alignUs: z.number(),
        queueUs: z.number(),
        inferenceUs: z.number(),
        heatUs: z.number(),
      })
      .nullable()
      .describe('Means, in microseconds.'),
    skewUs: z.number().nullable().describe('Audio minus video, in microseconds; null when unknown.'),
    senderReportAgeMs: z.number().nullable(),
    clockFaults: z
      .array(z.string())
      .readonly()
      .describe(
        'Where arrival times take the place of the clocks of the source: no-reports, implausible-reports, stale-reports, wrong-wall-clock.',
      ),
  })
  .openapi('StreamStats');

export const streamViewSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['demo', 'url', 'webcam']),
    state: stateSchema,
    reason: z.string().nullable().describe('Stable code of why the state is what it is; null when live.'),
    detail: z.string().nullable().describe('One sentence for people.'),
    sinceWallMs: z.number().describe('When the state was entered, in milliseconds since 1970.'),
    tracks: z.object({ video: z.boolean(), audio: z.boolean() }),
    picture: z.object({ width: z.int(), height: z.int() }).nullable(),
    enabled: z.boolean(),
    ephemeral: z
      .boolean()
      .describe('Made by a webcam; removed when the webcam hangs up, and some seconds after it is lost.'),
    url: z.string().nullable().describe('Without its credentials; null where the kind has none.'),
    session: sessionOptionsSchema.describe('The options in force.'),
    stats: statsSchema.nullable().describe('null while the stream is switched off.'),
  })
  .openapi('Stream');

export type StreamView = z.infer<typeof streamViewSchema>;

export const streamListSchema = z.object({ streams: z.array(streamViewSchema) }).openapi('StreamList');

export const modelViewSchema = z
  .object({
    name: z.string(),
    version: z.string(),
    description: z.string(),
    classes: z.array(z.object({ index: z.int(), name: z.string(), colour: z.string() })),
    frame: z.object({ width: z.int(), height: z.int() }),
    grid: z.object({ rows: z.int(), cols: z.int() }).describe('Of the heat.'),
    engine: z.string().describe('What it runs on, e.g. cpu.'),
  })
  .openapi('Model');

export type ModelView = z.infer<typeof modelViewSchema>;

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What, why and what to do.'),
    code: z.string().describe('Stable, for programs.'),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem');

export const accessViewSchema = z
  .object({
    name: z.string().describe('Of the token, or everyone.'),
    tokenRequired: z.boolean(),
    roles: z.array(z.enum(ROLES)),
    streams: z
      .array(z.string())
      .nullable()
      .describe('Ids, or beginnings of ids followed by *; null for every stream.'),
  })
  .openapi('Access');

export const ticketSchema = z
  .object({ ticket: z.string(), expiresInMs: z.int().describe('Good for this long, in milliseconds.') })
  .openapi('Ticket');

export const healthSchema = z.object({ status: z.literal('ok') }).openapi('Health');
export const readinessSchema = z
  .object({ ready: z.boolean(), reason: z.string().nullable() })
  .openapi('Readiness');

/** The `responses` entries of problems, by status. */
export function problems<Status extends number>(
  ...statuses: Status[]
): Record<
  Status,
  { description: string; content: { 'application/problem+json': { schema: typeof problemSchema } } }
> {
  const entries = statuses.map((status) => [
    status,
    {
      description: 'A problem (RFC 9457)',
      content: { 'application/problem+json': { schema: problemSchema } },
    },
  ]);
  return Object.fromEntries(entries) as ReturnType<typeof problems<Status>>;
}
