/** Asks an absent RTSP camera's host for a sign of life. */

import type { ErrorCode } from '../../errors.ts';
import { Door, type KnockOptions, knock, SILENCE, statusOf } from './knock.ts';

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

/** It took the call, and was not asked: where calls were refused before, that is change enough. */
const TAKEN = 'taken';
type Answer = number | typeof TAKEN;

const STATUS_LINE = /^RTSP\/\d\.\d (\d{3})/;

/**
 * An RTSP host that is sent DESCRIBE (RFC 2326 section 10.2) without credentials. It answers with a status: 401 where it
 * wants some, 404 where a relay has no camera behind it yet. What counts is a change of the answer. Cameras may take half a
 * second for theirs, and set the stream up for it.
 */
export class RtspDoor extends Door<Answer> {
  readonly #options: KnockOptions;
  /** Its latest answer; undefined before the first. */
  #known: number | typeof SILENCE | undefined;
  /** The latest attempt met nobody. */
  #metNobody = false;

  constructor(options: KnockOptions) {
    super();
    this.#options = options;
  }

  forget(): void {
    this.#known = undefined;
  }

  failed(reason: string): boolean {
    this.#metNobody = reason === 'source-refused' || reason === 'source-timeout';
    return AWAY.has(reason);
  }

  /** SILENCE also where a port forwarder without a host behind it takes the call and hangs up. */
  protected async ask(signal: AbortSignal): Promise<Answer | typeof SILENCE> {
    const { url } = this.#options;
    const target = `${url.protocol}//${url.host}${url.pathname}${url.search}`;
    const request = `DESCRIBE ${target} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n`;
    return await knock(
      this.#options,
      url.protocol === 'rtsps:',
      signal,
      (socket, patience): Promise<Answer | typeof SILENCE> | Answer =>
        this.refuses ? TAKEN : statusOf(socket, request, STATUS_LINE, patience),
    );
  }

  protected decide(answer: Answer | typeof SILENCE): true | undefined {
    if (answer === TAKEN) {
      this.#known = undefined;
      return true;
    }
    // Where a knock was answered before the attempt, whoever answers has no stream.
    const known = this.#known === undefined && this.#metNobody ? SILENCE : this.#known;
    this.#known = answer;
    return answer !== SILENCE && known !== undefined && answer !== known ? true : undefined;
  }
}
