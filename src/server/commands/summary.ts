/** What a person sees when the server has started. */

import { isLoopback, isTokenRequired } from '../access/listening.ts';
import type { Config } from '../config/schema.ts';
import { version } from '../installation.ts';
import type { EarsightServer } from '../server.ts';

export function summaryOf(server: Pick<EarsightServer, 'url' | 'facts'>, config: Config): string {
  const { facts, url } = server;
  const { provider } = config.engine;
  const workers = `${facts.workers} worker${facts.workers === 1 ? '' : 's'}`;
  const lines = [
    `Earsight ${version}`,
    '',
    `  page     ${url}`,
    ...(facts.certificate === null ? [] : [`  SHA-256  ${facts.certificate}`]),
    `  model    ${facts.model} on ${provider}, ${workers}`,
    `  hears    ${facts.classes.join(', ')}`,
    `  streams  ${facts.streams.join(', ') || 'none yet: add a camera or use your webcam on the page'}`,
    ...(isLoopback(config.server.host) || isTokenRequired(config.auth.mode, config.server.host)
      ? []
      : ['', '  Everyone who can reach this machine can see and change the streams: auth.mode is none.']),
    ...(facts.page ? [] : ['', '  The page is not built: run "npx vite build", then start again.']),
    '',
    '  Ctrl+C stops.',
    '',
  ];
  return `${lines.join('\n')}\n`;
}
