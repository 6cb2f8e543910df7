/** Who may use the server: the configuration's section `auth`. */

import { z } from 'zod';
import { ROLES } from '../../access/principal.ts';
import { parseTokenHash } from '../../access/token-hash.ts';
import { refuseRepeats } from './refuse-repeats.ts';

const token = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]{1,63}$/)
    .describe('What the log calls it: 1 to 63 letters, digits, _, . and -.'),
  hash: z
    .string()
    .refine((text) => parseTokenHash(text) !== null, {
      error: 'is not a hash of a token. "earsight token" makes a token and prints its hash',
    })
    .describe('sha256:... or scrypt:..., as "earsight token" prints it. The token itself stands nowhere.'),
  roles: z
    .array(z.enum(ROLES))
    .min(1)
    .describe('view: see streams and heatmaps. publish: be a webcam. admin: all of it, and change streams.'),
  streams: z
    .array(z.string().regex(/^([a-z0-9][a-z0-9_-]{0,62}\*?|\*)$/))
    .min(1)
    .nullable()
    .default(null)
    .describe('Ids of the streams it is good for, or beginnings of ids followed by *; null for all.'),
});

export const authSchema = z
  .strictObject({
    mode: z
      .enum(['auto', 'tokens', 'none'])
      .default('auto')
      .describe(
        'auto: no token is needed while server.host is this machine only, one otherwise. tokens: always. none: never; everyone who can reach the server may do everything.',
      ),
    tokens: z
      .array(token)
      .default([])
      .describe('Who may do what. "earsight token" makes a token and the lines to put here.'),
    ticketMs: z
      .int()
      .min(1000)
      .max(300_000)
      .default(30_000)
      .describe('How long a ticket for the WebSocket is good, in milliseconds. A client uses it at once.'),
  })
  .superRefine(({ tokens }, context) => {
    refuseRepeats(
      context,
      tokens.map(({ name }) => name),
      (index) => ['tokens', index, 'name'],
      (name) => `"${name}" is already the name of another token. Give each its own`,
    );
  });
