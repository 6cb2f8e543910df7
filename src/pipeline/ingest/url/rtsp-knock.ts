/** Asks an RTSP host for a sign of life, at no more cost than one small connection. */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { AddressPolicy } from './egress/address-policy.ts';
import { connectAllowed, type Destination } from './egress/connect.ts';

interface KnockOptions {
  /** `rtsp:` or `rtsps:`; its credentials are not used. */
  url: URL;
  /** Where it may connect to (egress/address-policy.ts); null: anywhere. */
  networks: readonly string[] | null;
}

/** A knock that is not answered by then is given up: a second try of the connection itself fits in. */
const PATIENCE_MS = 2000;
/** Between knocks while nobody answers, and while the answer is no. */
const SILENT_MS = 500;
const ANSWERED_MS = 1000;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'rtsp:': 554, 'rtsps:': 322 };

/** Nobody answered. */
const SILENCE = null;
type Answer = number | typeof SILENCE;

/**
 * The status of the host's answer to DESCRIBE (RFC 2326 section 10.2) without credentials: 401 where it wants some,
 * 404 where a relay has no camera behind it yet. null where nothing answers: no host, no program, or one that hangs.
 */
async function knock({ url, networks }: KnockOptions, signal: AbortSignal): Promise<Answer> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  let socket: Socket | null = null;
  try {
    socket = await connectAllowed(destinationOf(url), new AddressPolicy(networks ?? ['any']), patience);
    socket.on('error', () => undefined);
    const target = `${url.protocol}//${url.host}${url.pathname}${url.search}`;
    socket.write(`DESCRIBE ${target} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n`);
    // A port forwarder without a host behind it takes the call and hangs up.
    const [piece] = (await Promise.race([
      once(socket, 'data', { signal: patience }),
      once(socket, 'close', { signal: patience }),
    ])) as [unknown];
    const words = Buffer.isBuffer(piece) ? piece.toString('latin1') : '';
    const status = /^RTSP\/\d\.\d (\d{3})/.exec(words)?.[1];
    return status === undefined ? SILENCE : Number(status);
  } catch {
    return SILENCE;
  } finally {
    socket?.destroy();
  }
}

/** What is known of a host between attempts to connect to it. */
export class RtspDoor {
  readonly #options: KnockOptions;
  /** Its latest answer; undefined before the first. */
  #known: Answer | undefined;

  constructor(options: KnockOptions) {
    this.#options = options;
  }

  /** An attempt to connect did well. */
  forget(): void {
    this.#known = undefined;
  }

  /** An attempt to connect met nobody. Where a knock was answered before it, whoever answers has no stream. */
  wasSilent(): void {
    this.#known ??= SILENCE;
  }

  /**
   * Knocks again and again until somebody answers who did not, or answers otherwise: the camera may be back.
   *
   * @returns true when that happened, false when `signal` ended it.
   */
  async opens(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      const answer = await knock(this.#options, signal);
      if (signal.aborted) return false;
      const known = this.#known;
      this.#known = answer;
      if (answer !== SILENCE && known !== undefined && answer !== known) return true;
      await sleep(answer === SILENCE ? SILENT_MS : ANSWERED_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

function destinationOf(url: URL): Destination {
  const port = url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? 0) : Number(url.port);
  return { host: url.hostname, port, tls: url.protocol === 'rtsps:' };
}
