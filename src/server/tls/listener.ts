/** What the server speaks on its port: HTTP, or HTTPS with a certificate that may be renewed as it runs. */

import type { Server } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { type Certificate, expiryMs, fingerprintOf, readCertificate } from './certificate.ts';
import { CertificateWatch } from './certificate-watch.ts';
import { keptCertificate } from './self-signed.ts';

type Fetch = (request: Request, bindings: HttpBindings) => Response | Promise<Response>;

/**
 * The certificate that the configuration asks for; null: plain HTTP.
 * @param folder where one of our own making is kept; null: nowhere
 * @throws EarsightError `bad-config`
 */
export async function certificateFor({ server }: Config, folder: string | null): Promise<Certificate | null> {
  const { tls } = server;
  switch (tls.mode) {
    case 'off':
      return null;
    case 'self-signed':
      return await keptCertificate(folder, [server.host, ...server.allowedHosts].filter(isNamed), Date.now());
    case 'files':
      return await readCertificate({ certificate: tls.certificate ?? '', key: tls.key ?? '' });
  }
}

/** Addresses that mean all of them are no names of the server. */
const isNamed = (host: string): boolean => !['0.0.0.0', '::'].includes(host);

export interface Listener {
  readonly http: Server;
  /** Of the certificate in use; null without. */
  fingerprint(): string | null;
  /** When that one ends, in milliseconds since 1970; null without. */
  expiryMs(): number | null;
  close(): void;
}

export function createListener(
  { server: { tls } }: Config,
  certificate: Certificate | null,
  fetch: Fetch,
  log: Logger,
): Listener {
  const answer = (request: Request, bindings: unknown): Response | Promise<Response> =>
    fetch(request, bindings as HttpBindings);
  if (certificate === null) {
    const http = createAdaptorServer({ fetch: answer }) as Server;
    return { http, fingerprint: () => null, expiryMs: () => null, close: () => undefined };
  }
  const https = createAdaptorServer({
    fetch: answer,
    createServer: createHttpsServer,
    serverOptions: { ...certificate },
  }) as HttpsServer;
  let current = certificate;
  const watch =
    tls.mode === 'files'
      ? new CertificateWatch(
          { certificate: tls.certificate ?? '', key: tls.key ?? '' },
          {
            onChange: (next) => {
              if (next.cert === current.cert && next.key === current.key) return;
              https.setSecureContext(next);
              current = next;
              const until = new Date(expiryMs(next)).toISOString();
              log.info({ fingerprint: fingerprintOf(next), until }, 'took the renewed certificate');
            },
            onProblem: (message) => log.error(`The old certificate stays in use: ${message}`),
          },
        )
      : null;
  return {
    http: https,
    fingerprint: () => fingerprintOf(current),
    expiryMs: () => expiryMs(current),
    close: () => watch?.close(),
  };
}
