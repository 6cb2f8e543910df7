/** What the HTTP application needs, for tests that have no server around it: open to everybody, no model, no page. */

import { Access } from '../../src/server/access/access.ts';
import { PublishingLimits } from '../../src/server/access/publishing-limits.ts';
import type { AppContext } from '../../src/server/http/context.ts';
import { Publications } from '../../src/server/streams/publications.ts';
import type { StreamRegistry } from '../../src/server/streams/stream-registry.ts';

/** A test names what it is about. What a handler throws unexpectedly is thrown on. */
export function appContext(registry: StreamRegistry, changes: Partial<AppContext> = {}): AppContext {
  return {
    registry,
    publications: new Publications(registry),
    model: {
      name: 'tiny',
      version: '1',
      description: '',
      classes: [],
      frame: { width: 1, height: 1 },
      grid: { rows: 1, cols: 1 },
      engine: 'cpu',
    },
    readiness: () => ({ ready: true, reason: null }),
    isStopping: () => false,
    waitsForRestart: () => [],
    metrics: { contentType: 'text/plain', text: () => Promise.resolve('') },
    renderSnapshot: () => Promise.resolve(new Uint8Array()),
    pageDirectory: '/nowhere',
    allowedOrigins: [],
    access: new Access({ required: false, tokens: [], ticketMs: 30_000 }),
    expectedHosts: null,
    addressOf: () => '192.0.2.1',
    iceServers: [],
    whip: { lenient: false, redirectTo: null },
    limits: { bodyBytes: 65_536, sdpBytes: 65_536 },
    publishingLimits: new PublishingLimits({ whipPostsPerMinute: 100_000, whipPatchesPerMinute: 100_000 }),
    version: '0',
    log: { level: 'info' },
    kept: () => Promise.resolve(),
    reportError: (thrown) => {
      throw thrown;
    },
    ...changes,
  };
}
