/** How one stream is worked on: the schema of {@link SessionOptions}, shared by the configuration and the HTTP API. */

import { z } from 'zod';
import type { SessionOptions } from '../../pipeline/session.ts';

const rules = {
  maxRateHz: z
    .number()
    .positive()
    .max(240)
    .nullable()
    .describe(
      'Most results a second. Frames above it are passed over, never re-timed. Lower saves processor; null takes every frame.',
    ),
  lookaheadMs: z
    .int()
    .min(0)
    .max(500)
    .describe(
      'How far past the frame the second of sound may reach, in milliseconds. 0 answers soonest; 500 centres the window and adds half a second of delay.',
    ),
  maxAudioWaitMs: z
    .int()
    .min(0)
    .max(5000)
    .describe(
      'How long a frame may wait for its sound, in milliseconds, before it is reported as late. Higher forgives jittery cameras; lower bounds the delay.',
    ),
  avOffsetMs: z
    .number()
    .min(-10_000)
    .max(10_000)
    .describe(
      "Added to the sound's time, in milliseconds, for cameras known to be off. Positive: the camera stamps its sound too early.",
    ),
  smoothingMs: z
    .int()
    .min(0)
    .max(10_000)
    .describe(
      'Time constant of the smoothing of the heat, in milliseconds. Higher is calmer, lower follows quicker; 0 switches it off.',
    ),
  normalise: z
    .enum(['calibrated', 'paper'])
    .describe(
      "calibrated: heat means how sure the model is, silence shows nothing. paper: the paper's min-max map, always a hottest place; for evaluation and pictures.",
    ),
  stallMs: z
    .int()
    .min(500)
    .max(60_000)
    .describe(
      'No packet of a track for this long, in milliseconds: the track is stalled, and the source is restarted when both are.',
    ),
};

/** Every option present, with its default. */
export const sessionOptionsSchema = z.strictObject({
  maxRateHz: rules.maxRateHz.default(null),
  lookaheadMs: rules.lookaheadMs.default(0),
  maxAudioWaitMs: rules.maxAudioWaitMs.default(250),
  avOffsetMs: rules.avOffsetMs.default(0),
  smoothingMs: rules.smoothingMs.default(150),
  normalise: rules.normalise.default('calibrated'),
  stallMs: rules.stallMs.default(2500),
}) satisfies z.ZodType<SessionOptions>;

/** Only what differs from the defaults. */
export const sessionOverridesSchema = z.strictObject(rules).partial();

export type SessionOverrides = z.output<typeof sessionOverridesSchema>;

/** The overrides laid over the defaults. */
export function withOverrides(defaults: SessionOptions, overrides: SessionOverrides): SessionOptions {
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}
