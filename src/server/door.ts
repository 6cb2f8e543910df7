/** Who is let in and what for: the HTTP side as one configuration has it, replaced as a whole by the next. */

import { join } from 'node:path';
import type { HttpBindings } from '@hono/node-server';
import { systemClock } from '../pipeline/clock.ts';
import { AddressRanges } from '../pipeline/ip-ranges.ts';
import { Access } from './access/access.ts';
import type { LimitReason } from './access/limit-reason.ts';
import { expectedNames, isTokenRequired } from './access/listening.ts';
import { PublishingLimits } from './access/publishing-limits.ts';
import type { Config } from './config/schema.ts';
import { createApp } from './http/app.ts';
import type { AppContext } from './http/context.ts';
import { locate, packageRoot } from './installation.ts';

export interface Door {
  readonly access: Access;
  readonly publishingLimits: PublishingLimits;
  readonly trustedProxies: AddressRanges;
  readonly expectedHosts: ReadonlySet<string> | null;
  readonly allowedOrigins: readonly string[];
  fetch(request: Request, bindings: HttpBindings): Response | Promise<Response>;
}

/** What of the app does not depend on the configuration. */
export type DoorParts = Omit<
  AppContext,
  | 'access'
  | 'allowedOrigins'
  | 'expectedHosts'
  | 'iceServers'
  | 'limits'
  | 'pageDirectory'
  | 'publishingLimits'
  | 'whip'
>;

/**
 * @param onLimited told of each request that is answered 429
 * @param before the door until now: a reload gives nobody who was limited a fresh start
 * @throws EarsightError `bad-config`
 */
export function openDoor(
  config: Config,
  parts: DoorParts,
  onLimited: (reason: LimitReason) => void,
  before: Door | null = null,
): Door {
  const { allowedOrigins } = config.server;
  const access = new Access(
    {
      required: isTokenRequired(config.auth.mode, config.server.host),
      tokens: config.auth.tokens,
      ticketMs: config.auth.ticketMs,
    },
    systemClock,
    onLimited,
    before?.access,
  );
  const publishingLimits = new PublishingLimits(
    config.limits,
    systemClock,
    onLimited,
    before?.publishingLimits,
  );
  const expectedHosts = access.required ? null : expectedNames(config.server);
  const app = createApp({
    ...parts,
    access,
    allowedOrigins,
    expectedHosts,
    iceServers: config.webrtc.iceServers,
    whip: { lenient: config.webrtc.entityTags === 'lenient', redirectTo: config.webrtc.redirectTo },
    limits: config.limits,
    publishingLimits,
    pageDirectory: pageDirectory(config),
  });
  return {
    access,
    publishingLimits,
    trustedProxies: new AddressRanges(config.server.trustedProxies),
    expectedHosts,
    allowedOrigins,
    fetch: (request, bindings) => app.fetch(request, bindings),
  };
}

export function pageDirectory({ server }: Config): string {
  return server.page === null ? join(packageRoot, 'dist', 'page') : locate(server.page);
}
