/** One small connection to a source's host, to learn whether somebody is there. */

import type { Socket } from 'node:net';
import { addAbortSignal } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { EarsightError } from '../../errors.ts';
import { AddressPolicy } from './egress/address-policy.ts';
import { connectAllowed, type Destination } from './egress/connect.ts';

export interface KnockOptions {
  /** Its credentials are not used. */
  url: URL;
  /** Where it may connect to (egress/address-policy.ts); null: anywhere. */
  networks: readonly string[] | null;
}

/** Nobody answered. */
export const SILENCE = null;

/** Between knocks while nobody answers, and while the answer is no. */
const SILENT_MS = 500;
const ANSWERED_MS = 1000;

/** No first line of an answer is longer. */
const MAX_LINE_BYTES = 1000;

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

/** What is known of a source's host between attempts to open the source. */
export abstract class Door<Answer = unknown> {
  #refuses = false;

  /** The latest knock was refused: nobody listens there, and an attempt would be refused as well. */
  get refuses(): boolean {
    return this.#refuses;
  }

  /** Whether to go on knocking while an attempt is under way. */
  get knocksOn(): boolean {
    return false;
  }

  /** An attempt did well. */
  abstract forget(): void;

  /**
   * An attempt failed, for a reason such as `source-refused`.
   * @returns whether to knock while the next one is waited for
   */
  abstract failed(reason: string): boolean;

  /** One knock. What it throws is silence too. */
  protected abstract ask(signal: AbortSignal): Promise<Answer | typeof SILENCE>;

  /** What an answer means: true, the source may be back; false, more knocks would tell nothing; undefined, knock on. */
  protected abstract decide(answer: Answer | typeof SILENCE): boolean | undefined;

  /**
   * Knocks, one connection after another, until an answer decides.
   * @returns true when the source may be back; false when more knocks would tell nothing, or `signal` ended it
   */
  async opens(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      let answer: Answer | typeof SILENCE = SILENCE;
      let refuses = false;
      try {
        answer = await this.ask(signal);
      } catch (thrown) {
        refuses = isRefusal(thrown);
      }
      if (signal.aborted) return false;
      this.#refuses = refuses;
      const decided = this.decide(answer);
      if (decided !== undefined) return decided;
      await sleep(answer === SILENCE ? SILENT_MS : ANSWERED_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/**
 * Connects, listens, and hangs up.
 *
 * @param tls speak TLS
 * @param listen gets the connection and the end of its patience; what it makes of the answer is the result
 * @throws where nobody answers, or may be asked
 */
export async function knock<Answer>(
  { url, networks }: KnockOptions,
  tls: boolean,
  signal: AbortSignal,
  listen: (socket: Socket, patience: AbortSignal) => Promise<Answer> | Answer,
): Promise<Answer> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  let socket: Socket | null = null;
  try {
    const policy = new AddressPolicy(networks ?? ['any']);
    socket = await connectAllowed({ ...destinationOf(url), tls }, policy, patience);
    socket.on('error', () => undefined);
    return await listen(socket, patience);
  } finally {
    socket?.destroy();
  }
}

/**
 * Sends a request, and reads the status in the first line of the answer, however it is cut into packets.
 *
 * @param pattern finds the status, its first group
 * @returns {@link SILENCE} where the host hangs up or says something else
 * @throws where `patience` ends first
 */
export async function statusOf(
  socket: Socket,
  request: string,
  pattern: RegExp,
  patience: AbortSignal,
): Promise<number | typeof SILENCE> {
  addAbortSignal(patience, socket);
  socket.write(request);
  let words = '';
  for await (const piece of socket) {
    words += (piece as Buffer).toString('latin1');
    if (words.includes('\n') || words.length > MAX_LINE_BYTES) break;
  }
  const status = pattern.exec(words)?.[1];
  return status === undefined ? SILENCE : Number(status);
}

function isRefusal(thrown: unknown): boolean {
  return (
    thrown instanceof EarsightError &&
    (thrown.cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED'
  );
}

function destinationOf(url: URL): Destination {
  const port = url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? 0) : Number(url.port);
  return { host: url.hostname, port };
}
