/** Reads what clients send (docs/protocol.md, "Client messages"): strict on values, deaf to unknown fields. */

import { z } from 'zod';
import type { ClientMessage } from '../../protocol/messages.ts';

const streams = z
  .array(z.string().regex(/^(\*|[a-z0-9][a-z0-9_-]{0,62})$/, 'must be a stream identifier or *'))
  .min(1)
  .max(1024);

const settings = {
  classes: z.array(z.string().max(200)).max(1024).nullable().exactOptional(),
  maxRateHz: z.number().min(0.001).max(1000).nullable().exactOptional(),
  preview: z.enum(['none', 'jpeg']).exactOptional(),
  minimumProbability: z.number().min(0).max(1).exactOptional(),
};

const clientMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('subscribe'), streams, ...settings }),
  z.object({ type: z.literal('unsubscribe'), streams }),
  z.object({ type: z.literal('configure'), streams: streams.exactOptional(), ...settings }),
]);

/** The message, or one sentence on the first thing wrong with it. */
export type ParsedClientMessage = { message: ClientMessage } | { problem: string };

export function parseClientMessage(text: string): ParsedClientMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'The message is not JSON. Send one JSON object per text frame.' };
  }
  return checkClientMessage(value);
}

/** As {@link parseClientMessage}, for a value that did not come as text (the query of the handshake). */
export function checkClientMessage(value: unknown): ParsedClientMessage {
  const result = clientMessage.safeParse(value);
  if (result.success) return { message: result.data };
  const issue = result.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  return { problem: `${field === '' ? 'The message' : `Field ${field}`}: ${issue?.message ?? 'is wrong'}.` };
}
