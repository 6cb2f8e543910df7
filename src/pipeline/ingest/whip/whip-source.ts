/** A camera and microphone that call in by WebRTC: takes offers, runs one process per publisher, delivers its media. */

import { EarsightError } from '../../errors.ts';
import type { MediaSink, MediaSource } from '../../ports.ts';
import type { PictureSize } from '../media/picture-size.ts';
import type { IceServer, IceUpdate, PeerEvent, PeerOptions } from './messages.ts';
import { readOffer } from './offer.ts';
import { PeerProcess } from './peer-process.ts';
import type { SharedPort, SharedPortGuest } from './shared-port/shared-port.ts';

export interface WhipSourceOptions {
  id: string;
  /** Addresses to offer before those of the machine's interfaces. Default: 127.0.0.1. */
  hostAddresses?: string[];
  /**
   * Ports to use, for firewalls; the system chooses by default. Each publisher takes one, one more where the machine
   * has IPv6 too, and one for a TURN server.
   */
  portRange?: { min: number; max: number } | null;
  /** A port that all publishers are told, of this source and of others; its owner may have it open for them already. */
  sharedPort?: SharedPort | null;
  /** Whether publishers may come over TCP too; default: no. */
  tcp?: boolean;
  iceServers?: IceServer[];
  /** Most pictures a second handed on; null (default): every one. */
  maxRateHz?: number | null;
  /** Largest picture handed on; default 640x480. */
  box?: PictureSize;
  /** Rate of the sound handed on; default 22,050. */
  audioRateHz?: number;
  /** Each line that a peer process writes to its log, without TURN credentials. */
  onLog?: (line: string) => void;
}

/** One publisher and its process. */
interface Session {
  process: PeerProcess;
  guest: SharedPortGuest | null;
  epoch: number;
}

/** One publisher's session, as whoever passes on its requests sees it. */
export interface WhipSession {
  /** Complete, with all candidates. */
  readonly answerSdp: string;
  /** Whether its publisher is gone, or another has taken its place. */
  readonly isOver: boolean;
  /**
   * Takes a trickle-ice-sdpfrag: candidates, or an ICE restart. Not to be called again before it settles.
   * @param anySession it was sent for whatever ICE session there is (If-Match: *)
   * @throws EarsightError `bad-sdp`, `unacceptable-sdp`, `closed`, or retryable `source-crashed`, `source-timeout`;
   * ICE goes on as it was
   */
  update(fragment: string, anySession: boolean): Promise<IceUpdate>;
  /** The publisher said that it is done. Idempotent; when it resolves its process is gone. */
  hangUp(): Promise<void>;
}

/**
 * Waits for publishers for ever. At most one delivers; a new offer prepares a second, which takes over when its
 * connection is up, so that a reload of the page loses nothing and an offer that never connects costs nothing.
 * When the publisher leaves or is lost the source is `reconnecting` with `retryInMs` 0: the publisher must call
 * again. A process is started with the offer, not kept warm: that would bring the answer 0.3 s sooner, once
 * per publication, for well over 100 MB per idle source.
 */
export class WhipSource implements MediaSource {
  readonly id: string;
  readonly #peerOptions: PeerOptions;
  readonly #sharedPort: SharedPort | null;
  readonly #onLog: ((line: string) => void) | undefined;
  readonly #closing = new Set<Promise<void>>();
  #sink: MediaSink | null = null;
  #closed = false;
  #epoch = 0;
  /** Delivers. */
  #current: Session | null = null;
  /** Has its answer, or waits for it; not connected yet. */
  #next: Session | null = null;

  constructor(options: WhipSourceOptions) {
    this.id = options.id;
    this.#peerOptions = {
      hostAddresses: options.hostAddresses ?? ['127.0.0.1'],
      portRange: options.portRange ?? null,
      tcp: options.tcp ?? false,
      iceServers: options.iceServers ?? [],
      maxRateHz: options.maxRateHz ?? null,
      box: options.box ?? { width: 640, height: 480 },
      audioRateHz: options.audioRateHz ?? 22_050,
    };
    this.#sharedPort = options.sharedPort ?? null;
    this.#onLog = options.onLog;
  }

  open(sink: MediaSink): void {
    this.#sink = sink;
    sink.phase({ phase: 'connecting', epoch: this.#epoch, detail: 'Waiting for a publisher.' });
  }

  /**
   * Answers an offer. A publisher that is there goes on until the new one's media can flow; an earlier offer that has
   * not connected yet is dropped.
   * @throws EarsightError `bad-sdp`, `unacceptable-sdp`, `closed`, or retryable `source-crashed`, `source-timeout`,
   * `port-taken`
   */
  async accept(offerSdp: string): Promise<WhipSession> {
    if (this.#sink === null || this.#closed) {
      throw new EarsightError('closed', 'The stream takes no publisher now; publish again later.');
    }
    readOffer(offerSdp); // Refused before a process is started for it.
    if (this.#next !== null) this.#discard(this.#next);
    const session = this.#start();
    this.#next = session;
    if (this.#current === null) {
      this.#sink.phase({ phase: 'connecting', epoch: session.epoch, detail: 'A publisher is connecting.' });
    }
    try {
      const answerSdp = await session.process.answer(offerSdp, this.#peerOptions);
      return this.#viewOf(session, (await session.guest?.admit(answerSdp)) ?? answerSdp);
    } catch (error) {
      this.#leave(session, 'publisher-lost', 'The offer could not be answered.');
      throw error;
    }
  }

  restart(reason: string): void {
    if (this.#current !== null) this.#leave(this.#current, 'publisher-lost', `Disconnected: ${reason}.`);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const session of [this.#next, this.#current]) if (session !== null) this.#discard(session);
    await Promise.all(this.#closing);
  }

  #viewOf(session: Session, answerSdp: string): WhipSession {
    const isOver = (): boolean => session !== this.#current && session !== this.#next;
    return {
      answerSdp,
      get isOver() {
        return isOver();
      },
      update: async (fragment, anySession) => {
        if (isOver()) throw new EarsightError('closed', 'The session is over; POST a new offer.');
        const update = await session.process.update(fragment, anySession);
        if (update.answerFragment === null || session.guest === null) return update;
        return { ...update, answerFragment: await session.guest.admit(update.answerFragment) };
      },
      hangUp: async () => {
        this.#leave(session, 'publisher-left', 'The publisher hung up.');
        await session.process.close();
      },
    };
  }

  #start(): Session {
    const deliver = (act: (sink: MediaSink) => void): void => {
      if (this.#current === session && !this.#closed && this.#sink !== null) act(this.#sink);
    };
    const session: Session = {
      epoch: ++this.#epoch,
      guest: this.#sharedPort?.newGuest() ?? null,
      process: new PeerProcess({
        sourceId: this.id,
        media: {
          frame: (frame) => deliver((sink) => sink.frame({ ...frame, epoch: session.epoch })),
          audio: (chunk) => deliver((sink) => sink.audio({ ...chunk, epoch: session.epoch })),
          report: (report) => deliver((sink) => sink.report({ ...report, epoch: session.epoch })),
          tracks: (info) => deliver((sink) => sink.tracks({ ...info, epoch: session.epoch })),
          drop: (drop) => deliver((sink) => sink.drop(drop)),
        },
        onEvent: (event) => this.#onEvent(session, event),
        onCrash: ({ detail }) => this.#leave(session, 'source-crashed', `${detail}; publish again.`),
        onLog: this.#onLog && ((line) => this.#onLog?.(this.#withoutCredentials(line))),
      }),
    };
    return session;
  }

  #onEvent(session: Session, event: PeerEvent): void {
    if (this.#closed || (session !== this.#current && session !== this.#next)) return;
    switch (event.type) {
      case 'connected':
        this.#takeOver(session);
        return;
      case 'restarted':
        session.epoch = ++this.#epoch;
        this.#sink?.phase({ phase: 'connected', epoch: session.epoch });
        return;
      case 'ended':
        this.#leave(session, event.reason, event.detail);
    }
  }

  #takeOver(session: Session): void {
    if (session !== this.#next) return;
    const previous = this.#current;
    this.#next = null;
    this.#current = session;
    if (previous !== null) this.#discard(previous);
    // Numbered anew: the previous publisher may have started over since this one called.
    session.epoch = ++this.#epoch;
    this.#sink?.phase({ phase: 'connected', epoch: session.epoch });
  }

  /** Ends a session and says so, unless another one goes on. */
  #leave(session: Session, reason: string, detail: string): void {
    if (session !== this.#current && session !== this.#next) return;
    this.#discard(session);
    if (this.#closed || this.#current !== null) return;
    this.#sink?.phase({ phase: 'reconnecting', epoch: session.epoch, reason, detail, retryInMs: 0 });
  }

  #discard(session: Session): void {
    if (session === this.#current) this.#current = null;
    if (session === this.#next) this.#next = null;
    // The process's goodbye still goes out by the shared port.
    const closing = session.process.close().finally(() => {
      session.guest?.leave();
      this.#closing.delete(closing);
    });
    this.#closing.add(closing);
  }

  #withoutCredentials(line: string): string {
    const secrets = this.#peerOptions.iceServers.flatMap(({ credential }) =>
      credential ? [credential] : [],
    );
    return secrets.reduce((left, secret) => left.replaceAll(secret, '***'), line);
  }
}
