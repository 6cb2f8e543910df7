/** How webcams are received: the configuration's section `webrtc`. */

import { isIP } from 'node:net';
import { z } from 'zod';
import { Secret } from '../../../pipeline/secret.ts';
import { portSchema } from './port.ts';

const iceServer = z.strictObject({
  urls: z
    .array(z.string().regex(/^(stun|turn)s?:/))
    .min(1)
    .describe('stun:host:port or turn:host:port.'),
  username: z.string().optional().describe('User of a TURN server.'),
  credential: z
    .string()
    .transform((text) => new Secret(text))
    .optional()
    .describe('Its password. Given to publishers, shown nowhere else.'),
});

export const webrtcSchema = z.strictObject({
  portRange: z
    .tuple([portSchema, portSchema])
    .refine(([low, high]) => low > 0 && low <= high, {
      error: 'must be two ports, the lower one first, such as [50000, 50100]',
    })
    .nullable()
    .default(null)
    .describe(
      'Ports for webcams, for a firewall that needs to know; null lets the system choose. One, such as [8189, 8189], is shared by all. Of several, such as [50000, 50049], each webcam takes one, one more where the machine has IPv6, one for a TURN server.',
    ),
  tcp: z
    .boolean()
    .default(false)
    .describe(
      'Take webcams over TCP too, at ports of the same numbers, where UDP is blocked. A lost packet then holds up all that follow.',
    ),
  hosts: z
    .array(z.string().refine((text) => isIP(text) !== 0, 'must be an IP address'))
    .default([])
    .describe(
      "Addresses to tell webcams before the machine's own, such as a public one in front of a router.",
    ),
  iceServers: z
    .array(iceServer)
    .default([])
    .describe('STUN and TURN servers for webcams behind routers. None are needed on one network.'),
  entityTags: z
    .enum(['strict', 'lenient'])
    .default('strict')
    .describe(
      'strict: PATCH needs If-Match, as RFC 9725 says. lenient: also takes clients that leave it out or send its tag without quotes; a late candidate may then reach the wrong ICE session.',
    ),
  redirectTo: z
    .url({ protocol: /^https?$/ })
    .transform((url) => url.replace(/\/+$/, ''))
    .nullable()
    .default(null)
    .describe(
      'Another Earsight, such as https://second.example, that webcams are sent to (307) when limits.streams is reached; null answers 503.',
    ),
  departureMs: z
    .int()
    .min(0)
    .max(3_600_000)
    .default(10_000)
    .describe(
      'A webcam that made its own stream may be gone this long, in milliseconds, before the stream is removed.',
    ),
});
