/** One small connection to a source's host, to learn whether somebody is there. */

import type { Socket } from 'node:net';
import { AddressPolicy } from './egress/address-policy.ts';
import { connectAllowed, type Destination } from './egress/connect.ts';

/** What is known of a source's host between attempts to open the source. */
export interface Door {
  /** Whether to go on knocking while an attempt is under way. Left out: no. */
  readonly knocksOn?: boolean;
  /** An attempt did well. */
  forget(): void;
  /**
   * An attempt failed, for a reason such as `source-refused`.
   * @returns whether to knock while the next one is waited for
   */
  failed(reason: string): boolean;
  /**
   * Knocks, one connection after another, until the source may be back.
   * @returns true when it may; false when `signal` ended it, or more knocks would tell nothing
   */
  opens(signal: AbortSignal): Promise<boolean>;
}

export interface KnockOptions {
  /** Its credentials are not used. */
  url: URL;
  /** Where it may connect to (egress/address-policy.ts); null: anywhere. */
  networks: readonly string[] | null;
}

/** Between knocks while nobody answers. */
export const SILENT_MS = 500;

/** A knock that is not answered by then is given up: a second try of the connection itself fits in. */
const PATIENCE_MS = 2000;

/** By scheme, as FFmpeg has them; the schemes that can be knocked at. */
const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'rtsp:': 554,
  'rtsps:': 322,
  'http:': 80,
  'https:': 443,
  'rtmp:': 1935,
  'rtmps:': 443,
};

/**
 * Connects, listens, and hangs up.
 *
 * @param tls speak TLS
 * @param listen gets the connection and the end of its patience; what it makes of the answer is the result
 * @returns null where nobody answers, or may be asked
 */
export async function knock<Answer>(
  { url, networks }: KnockOptions,
  tls: boolean,
  signal: AbortSignal,
  listen: (socket: Socket, patience: AbortSignal) => Promise<Answer> | Answer,
): Promise<Answer | null> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  let socket: Socket | null = null;
  try {
    const policy = new AddressPolicy(networks ?? ['any']);
    socket = await connectAllowed({ ...destinationOf(url), tls }, policy, patience);
    socket.on('error', () => undefined);
    return await listen(socket, patience);
  } catch {
    return null;
  } finally {
    socket?.destroy();
  }
}

function destinationOf(url: URL): Destination {
  const port = url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? 0) : Number(url.port);
  return { host: url.hostname, port };
}
