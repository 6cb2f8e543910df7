/** How cameras and files are read: the configuration's section `ingest`. */

import { z } from 'zod';
import { isNetwork } from '../../../pipeline/ingest/url/egress/address-policy.ts';
import { sourceSchemes } from '../../../pipeline/ingest/url/source-url.ts';

export const ingestSchema = z
  .strictObject({
    maxPictureWidth: z
      .int()
      .min(64)
      .max(7680)
      .default(640)
      .describe('Wider pictures are scaled down, in pixels. Previews and snapshots have this size at most.'),
    maxPictureHeight: z
      .int()
      .min(64)
      .max(4320)
      .default(480)
      .describe('Taller pictures are scaled down, in pixels.'),
    schemes: z
      .array(z.enum(sourceSchemes))
      .default(['rtsp', 'rtsps', 'rtmp', 'rtmps', 'http', 'https', 'srt', 'file', 'v4l2'])
      .describe('Kinds of URL that a stream may have. file also needs allowedFileRoots.'),
    allowedFileRoots: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'Folders whose files may be streams. None by default, so that the API cannot read your disk.',
      ),
    allowedNetworks: z
      .array(
        z
          .string()
          .refine(isNetwork, 'must be public, private, loopback, any, or a range such as 192.168.1.0/24'),
      )
      .default(['public'])
      .describe(
        'Where streams that come by the API may be: public, private, loopback, any, or ranges such as 192.168.1.0/24. Streams of this file may be anywhere.',
      ),
    rtspTransport: z
      .enum(['tcp', 'udp'])
      .default('tcp')
      .describe('tcp loses nothing; udp is a little quicker on a clean network.'),
    connectTimeoutMs: z
      .int()
      .min(500)
      .max(120_000)
      .default(10_000)
      .describe('How long a camera may take to send its first packet, in milliseconds.'),
    readTimeoutMs: z
      .int()
      .min(500)
      .max(120_000)
      .default(10_000)
      .describe('No data for this long, in milliseconds: the connection is given up and made anew.'),
    retryMinMs: z
      .int()
      .min(100)
      .max(60_000)
      .default(500)
      .describe('First pause before connecting again, in milliseconds; it doubles each time, with jitter.'),
    retryMaxMs: z
      .int()
      .min(100)
      .max(3_600_000)
      .default(30_000)
      .describe('Longest pause before connecting again, in milliseconds.'),
  })
  .refine((value) => value.retryMinMs <= value.retryMaxMs, {
    path: ['retryMinMs'],
    error: 'must not be above ingest.retryMaxMs. Lower it, or raise ingest.retryMaxMs',
  });
