/**
 * The configuration: one strict schema, parsed once in the command that needs it. Each section has a file in
 * `sections/`, except what streams share with the HTTP API: session-options.ts and stream-spec.ts. Descriptions carry
 * units and trade-offs; earsight.example.yaml repeats them for people, and a test holds the two together.
 */

import { z } from 'zod';
import { isTokenRequired } from '../access/listening.ts';
import { authSchema } from './sections/auth.ts';
import { dataSchema } from './sections/data.ts';
import { engineSchema } from './sections/engine.ts';
import { ingestSchema } from './sections/ingest.ts';
import { limitsSchema } from './sections/limits.ts';
import { logSchema } from './sections/log.ts';
import { modelSchema } from './sections/model.ts';
import { serverSchema } from './sections/server.ts';
import { streamsSchema } from './sections/streams.ts';
import { tracingSchema } from './sections/tracing.ts';
import { webrtcSchema } from './sections/webrtc.ts';
import { sessionOptionsSchema } from './session-options.ts';

/** The whole configuration. Unknown keys are errors. */
export const configSchema = z
  .strictObject({
    server: serverSchema.prefault({}).describe('Where the server listens.'),
    auth: authSchema.prefault({}).describe('Who may use it.'),
    model: modelSchema.prefault({}).describe('What finds the sounds.'),
    engine: engineSchema.prefault({}).describe('What runs the model.'),
    session: sessionOptionsSchema
      .prefault({})
      .describe('How streams are worked on; a stream may differ by its own `session`.'),
    ingest: ingestSchema.prefault({}).describe('How cameras and files are read.'),
    webrtc: webrtcSchema.prefault({}).describe('How webcams are received.'),
    limits: limitsSchema.prefault({}).describe('What one server takes on.'),
    data: dataSchema.prefault({}).describe('What is kept over restarts.'),
    log: logSchema.prefault({}).describe('What is written where it runs.'),
    tracing: tracingSchema.prefault({}).describe('Where the time of single results goes.'),
    streams: streamsSchema
      .prefault([{ id: 'demo', name: 'Demo scene', kind: 'demo' }])
      .describe('The streams that are there from the start. Others come by the API and by webcams.'),
  })
  .superRefine(({ server: { host }, auth: { mode, tokens } }, context) => {
    if (!isTokenRequired(mode, host) || tokens.length > 0) return;
    context.addIssue({
      code: 'custom',
      path: mode === 'auto' ? ['server', 'host'] : ['auth', 'mode'],
      message:
        mode === 'auto'
          ? `is ${host}, which other machines can reach, and nobody has a token. Make one with "earsight token" and put its lines under auth.tokens; or set auth.mode to none, if everyone who can reach it may do everything`
          : 'asks for tokens, but there are none. Make one with "earsight token" and put its lines under auth.tokens',
    });
  });

export type Config = z.output<typeof configSchema>;

/** The configuration when nobody says anything. */
export const defaultConfig = (): Config => configSchema.parse({});
