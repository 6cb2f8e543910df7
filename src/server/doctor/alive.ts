/** Whether a server of ours answers on this machine. */

import http from 'node:http';
import https from 'node:https';
import type { Config } from '../config/schema.ts';

const WAIT_MS = 2000;

/** Its certificate need not be one that anybody vouches for, and no token is needed. Never rejects. */
export function isAlive({
  host,
  port,
  tls,
}: Pick<Config['server'], 'host' | 'port' | 'tls'>): Promise<boolean> {
  const hostname = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return new Promise((resolve) => {
    const options = { hostname, port, path: '/healthz', timeout: WAIT_MS, rejectUnauthorized: false };
    const request = (tls.mode === 'off' ? http : https).get(options, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => (text += part));
      answer.on('end', () => resolve(text === '{"status":"ok"}'));
      answer.on('error', () => resolve(false));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}
