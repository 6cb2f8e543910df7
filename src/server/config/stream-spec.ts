/** What a stream is made from: one schema for the YAML file's `streams` and for the bodies of the HTTP API. */

import { z } from 'zod';
import { Secret, secretUrl } from '../../pipeline/secret.ts';
import { sessionOverridesSchema } from './session-options.ts';

export const streamIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/)
  .describe(
    'Identifier in URLs, metrics and messages: 1 to 63 of a-z, 0-9, _ and -, not starting with _ or -.',
  );

const nameSchema = z.string().trim().min(1).max(100).describe('What people call it; default: the id.');

const common = {
  id: streamIdSchema,
  name: nameSchema.optional(),
  enabled: z
    .boolean()
    .default(true)
    .describe('false keeps the stream in the list without connecting to anything.'),
  session: sessionOverridesSchema
    .prefault({})
    .describe('Settings of the section `session` that differ for this stream.'),
};

export const urlOptions = {
  url: z
    .string()
    .min(1)
    .max(2048)
    .transform(secretUrl)
    .describe(
      'Where the camera or file is: rtsp, rtsps, rtmp, http, https, file and whatever else ingest.schemes allows. Credentials in it are never shown.',
    ),
  username: z
    .string()
    .max(200)
    .optional()
    .describe('User name, when it is not in the URL; no percent-encoding needed.'),
  password: z
    .string()
    .max(200)
    .transform((text) => new Secret(text))
    .optional()
    .describe('Password, when it is not in the URL; no percent-encoding needed. Never shown again.'),
  transport: z
    .enum(['tcp', 'udp'])
    .optional()
    .describe('How RTSP carries its packets; default: ingest.rtspTransport.'),
  loop: z.boolean().default(false).describe('Files only: begin again at the end.'),
  pace: z
    .enum(['realtime', 'fastest'])
    .default('realtime')
    .describe(
      'Recordings only: at the speed they were recorded, or as fast as the model answers, with no frame passed over (a subscriber that reads slowly may still miss results).',
    ),
  hardware: z
    .string()
    .regex(/^[a-z0-9_]+$/)
    .default('none')
    .describe(
      'What decodes the video beside the processor: none, auto, or the name that FFmpeg has for it, such as vaapi, cuda, qsv, videotoolbox. Where it fails, the processor does it.',
    ),
};

const demoOptions = {
  seed: z.int().min(0).max(0xffff_ffff).default(1).describe('The same seed draws and plays the same scene.'),
};

export const demoSpecSchema = z
  .strictObject({ kind: z.literal('demo'), ...common, ...demoOptions })
  .describe('The drawn scene: needs no camera and no network.');
export const urlSpecSchema = z
  .strictObject({ kind: z.literal('url'), ...common, ...urlOptions })
  .describe('A camera or file that FFmpeg reads.');
export const webcamSpecSchema = z
  .strictObject({ kind: z.literal('webcam'), ...common })
  .describe('Waits for a publisher at /api/v1/whip/{id}.');

/** One stream, its kind deciding which options it takes. */
export const streamSpecSchema = z.discriminatedUnion('kind', [
  demoSpecSchema,
  urlSpecSchema,
  webcamSpecSchema,
]);

export type StreamSpec = z.output<typeof streamSpecSchema>;
export type DemoSpec = z.output<typeof demoSpecSchema>;
export type UrlSpec = z.output<typeof urlSpecSchema>;
export type WebcamSpec = z.output<typeof webcamSpecSchema>;

/** Body of `POST /api/v1/streams`: as in the file, the id may be left out and is then made from the name. */
export const streamCreateSchema = z.discriminatedUnion('kind', [
  demoSpecSchema.partial({ id: true }),
  urlSpecSchema.partial({ id: true }),
  webcamSpecSchema.partial({ id: true }),
]);

export type StreamCreate = z.output<typeof streamCreateSchema>;

/** Body of `PATCH /api/v1/streams/{id}`: what shall change, the rest stays. */
export const streamPatchSchema = z
  .strictObject({
    name: nameSchema,
    enabled: z.boolean().describe('false disconnects and keeps the stream in the list.'),
    url: urlOptions.url.describe('A new URL; the source is restarted.'),
    session: sessionOverridesSchema.describe('Settings that change; the others stay.'),
  })
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, {
    error: 'Name at least one of name, enabled, url, session.',
  });

export type StreamPatch = z.output<typeof streamPatchSchema>;
