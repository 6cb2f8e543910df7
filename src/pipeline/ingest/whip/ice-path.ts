/** The ICE side of a publisher's one transport: its candidates, restarts (RFC 9725 section 4.3) and consent (RFC 7675). */

import { IceCandidate, type RTCDtlsTransport, RTCIceParameters, type RTCIceTransport } from 'werift';
import { EarsightError } from '../../errors.ts';
import { advertise } from './candidates.ts';
import {
  type IceCredentials,
  type IceFragment,
  readFragment,
  restartOf,
  type TrickledCandidate,
  writeFragment,
} from './fragment.ts';
import type { IceUpdate } from './messages.ts';
import { attributesOf, parseSections } from './sdp-lines.ts';
import { within } from './within.ts';

/** RFC 7675 section 5.1: consent ends this long after the last answer to a check. */
const CONSENT_US = 30_000_000;
/** A publisher has a few; more are passed over, since each makes us send checks to an address of its choice. */
const MAX_CANDIDATES = 64;
/** Each leaves something behind (old credentials, an address at the TURN server); a new POST starts clean. */
const MAX_RESTARTS = 100;

export interface IcePathOptions {
  transport: RTCDtlsTransport;
  /** What the offer says of the publisher. */
  remote: IceCredentials;
  /** Media sections of the offer. */
  mids: readonly string[];
  /** What the offer was answered with. */
  answerSdp: string;
  /** Where publishers reach us. */
  addresses: readonly string[];
  /** Candidates that take longer are left out of the answer to a restart. */
  gatheringTimeoutMs: number;
}

/**
 * While ICE starts over, pictures and sound still come on the old path: its sockets stay, and its checks are still
 * answered. What we send (feedback) waits for the new one.
 */
export class IcePath {
  readonly #options: IcePathOptions;
  readonly #ice: RTCIceTransport;
  /** Candidates that a restart does not gather again: the socket, and so the router's mapping of it, is the same. */
  readonly #reflexive: readonly string[];
  readonly #pastUfrags = new Set<string>();
  #remote: IceCredentials;
  #generation = 0;
  #candidates = 0;
  #lastAnswer: string | null = null;
  /** Whether this generation has ever been connected. */
  #connected: boolean;
  #restartedUs: number | null = null;
  #consentExpired = false;

  constructor(options: IcePathOptions) {
    this.#options = options;
    this.#ice = options.transport.iceTransport;
    this.#connected = this.#ice.state === 'connected';
    this.#remote = options.remote;
    const values = parseSections(options.answerSdp).flatMap((section) => attributesOf(section, 'candidate'));
    this.#reflexive = [...new Set(values.filter((value) => value.includes(' typ srflx')))];
    this.#ice.onStateChange.subscribe((state) => {
      if (state === 'connected') this.#connected = true;
      // A TCP connection that closed also fails; a restart may still mend that.
      else if (state === 'failed' && this.#connected && !this.#isOverTcp) this.#consentExpired = true;
    });
  }

  /** When ICE last started over; null when it never has. */
  get restartedUs(): number | null {
    return this.#restartedUs;
  }

  /** Whether nothing gets through, as far as ICE knows. */
  get isDown(): boolean {
    return ['disconnected', 'failed', 'closed'].includes(this.#ice.state);
  }

  /** Whether the publisher has stopped agreeing to be sent to; the session is over then (RFC 9725, 4.2 and 4.3.3). */
  hasExpired(nowUs: number): boolean {
    if (this.#consentExpired) return true;
    return !this.#connected && this.#restartedUs !== null && nowUs - this.#restartedUs > CONSENT_US;
  }

  /**
   * Adds the candidates of a fragment, or starts ICE over when it brings new credentials. The whole fragment is
   * checked before anything changes. Not to be called again before it settles.
   * @param anySession the publisher named no ICE session (If-Match: *): the last restart's fragment, sent again because
   * its answer was lost, gets the same answer
   * @throws EarsightError `bad-sdp`, `unacceptable-sdp`
   */
  async update(text: string, anySession: boolean, nowUs: number): Promise<IceUpdate> {
    const fragment = readFragment(text);
    for (const { mid } of fragment.candidates) {
      if (!this.#options.mids.includes(mid)) {
        throw new EarsightError('unacceptable-sdp', `No section of the offer has a=mid:${mid}.`);
      }
    }
    if (this.#pastUfrags.has(fragment.credentials?.ufrag ?? '')) {
      throw new EarsightError(
        'unacceptable-sdp',
        'The fragment is of an ICE session that a restart has ended. Send candidates of the present one.',
      );
    }
    const credentials = restartOf(fragment, this.#remote);
    if (credentials !== null) return this.#restart(credentials, fragment, nowUs);
    await this.#add(fragment.candidates);
    const isRepeated = anySession && fragment.credentials?.pwd === this.#remote.pwd;
    return { answerFragment: isRepeated ? this.#lastAnswer : null, iceGeneration: this.#generation };
  }

  async #restart(remote: IceCredentials, { candidates }: IceFragment, nowUs: number): Promise<IceUpdate> {
    const { gatheringTimeoutMs, answerSdp, addresses } = this.#options;
    if (this.#generation >= MAX_RESTARTS) {
      throw new EarsightError(
        'unacceptable-sdp',
        `ICE has started over ${MAX_RESTARTS} times. POST a new offer.`,
      );
    }
    this.#pastUfrags.add(this.#remote.ufrag);
    this.#remote = remote;
    this.#generation += 1;
    this.#candidates = 0;
    this.#connected = false;
    this.#consentExpired = false;
    this.#restartedUs = nowUs;
    const ice = this.#ice;
    ice.restart();
    ice.setRemoteParams(
      new RTCIceParameters({ iceLite: false, usernameFragment: remote.ufrag, password: remote.pwd }),
    );
    await this.#add(candidates);
    await within(ice.gather(), gatheringTimeoutMs);
    void this.#check();
    const { usernameFragment: ufrag, password: pwd } = ice.localParameters;
    const local = ice.getLocalCandidates().map(({ candidate }) => candidate.replace(/^candidate:/, ''));
    this.#lastAnswer = writeFragment(answerSdp, {
      ufrag,
      pwd,
      candidates: [...advertise(local, addresses), ...this.#reflexive],
    });
    return { answerFragment: this.#lastAnswer, iceGeneration: this.#generation };
  }

  /**
   * Checks go on until one is nominated; whether that happens in time is for {@link hasExpired}. Those of an offer that
   * never connected go on too, with the new credentials. Of the two werift tells one, or both, that a path was found,
   * and the first waits to begin DTLS: whoever hears of it does.
   */
  async #check(): Promise<void> {
    const { transport } = this.#options;
    try {
      await this.#ice.start();
      if (transport.state === 'new') await transport.start();
    } catch {
      // The other one heard of it, or the connection was closed; a handshake that fails is told by its state.
    }
  }

  async #add(candidates: readonly TrickledCandidate[]): Promise<void> {
    for (const { candidate } of candidates) {
      const parsed = IceCandidate.fromJSON({ candidate });
      if (parsed === undefined || this.#candidates >= MAX_CANDIDATES) continue;
      this.#candidates += 1;
      await this.#ice.addRemoteCandidate(parsed);
    }
  }

  get #isOverTcp(): boolean {
    return this.#ice.connection.nominated?.localCandidate.transport.toLowerCase() === 'tcp';
  }
}
