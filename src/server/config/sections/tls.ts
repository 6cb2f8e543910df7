/** HTTPS: the configuration's section `server.tls`. */

import { z } from 'zod';

export const tlsSchema = z
  .strictObject({
    mode: z
      .enum(['off', 'self-signed', 'files'])
      .default('off')
      .describe(
        'off: plain HTTP. self-signed: HTTPS with a certificate that is made here, of which browsers warn once. files: HTTPS with yours.',
      ),
    certificate: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('PEM file of your certificate, with its chain.'),
    key: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('PEM file of its key, without a passphrase. Renewed files are taken by themselves.'),
  })
  .refine(({ mode, certificate, key }) => mode !== 'files' || (certificate !== null && key !== null), {
    path: ['mode'],
    error: 'is files, so server.tls.certificate and server.tls.key must name them',
  });
