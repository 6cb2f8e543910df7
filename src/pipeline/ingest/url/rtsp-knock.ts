/** Asks an absent RTSP camera's host for a sign of life. */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorCode } from '../../errors.ts';
import { type Door, type KnockOptions, knock, SILENT_MS } from './knock.ts';

/**
 * What a camera that is away does, a relay without its camera, or a forwarder that takes the call and hangs up. A
 * refused password does not mend itself.
 */
const AWAY: ReadonlySet<string> = new Set<ErrorCode>([
  'source-refused',
  'source-timeout',
  'source-not-found',
  'source-lost',
  'source-corrupt',
]);

/** Between knocks while the answer is no. */
const ANSWERED_MS = 1000;

/** Nobody answered. */
const SILENCE = null;
type Answer = number | typeof SILENCE;

/**
 * The status of the host's answer to DESCRIBE (RFC 2326 section 10.2) without credentials: 401 where it wants some,
 * 404 where a relay has no camera behind it yet. null where nothing answers: no host, no program, or one that hangs.
 */
async function describe(socket: Socket, url: URL, patience: AbortSignal): Promise<Answer> {
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
}

/** An RTSP host, of which the answer is known: what counts is its change. */
export class RtspDoor implements Door {
  readonly #options: KnockOptions;
  /** Its latest answer; undefined before the first. */
  #known: Answer | undefined;
  /** The latest attempt met nobody. */
  #metNobody = false;

  constructor(options: KnockOptions) {
    this.#options = options;
  }

  forget(): void {
    this.#known = undefined;
  }

  failed(reason: string): boolean {
    this.#metNobody = reason === 'source-refused' || reason === 'source-timeout';
    return AWAY.has(reason);
  }

  /** Until somebody answers who did not, or answers otherwise: the camera may be back. */
  async opens(signal: AbortSignal): Promise<boolean> {
    // Where a knock was answered before the attempt, whoever answers has no stream.
    if (this.#metNobody) this.#known ??= SILENCE;
    const { url } = this.#options;
    for (;;) {
      const answer = await knock(this.#options, url.protocol === 'rtsps:', signal, (socket, patience) =>
        describe(socket, url, patience),
      );
      if (signal.aborted) return false;
      const known = this.#known;
      this.#known = answer;
      if (answer !== SILENCE && known !== undefined && answer !== known) return true;
      await sleep(answer === SILENCE ? SILENT_MS : ANSWERED_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
