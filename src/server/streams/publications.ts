/** Webcams that publish by WHIP: an unguessable session for each, tied to the stream it feeds. */

import { randomBytes } from 'node:crypto';
import { EarsightError } from '../../pipeline/errors.ts';
import type { MediaSource } from '../../pipeline/ports.ts';
import { changedMeanwhile } from '../access/access.ts';
import { EVERYONE, ownerOf, type Principal } from '../access/principal.ts';
import type { Stream } from './stream.ts';
import { nameFromId } from './stream-ids.ts';
import type { StreamRegistry } from './stream-registry.ts';

/** What a fragment did; see `WhipSession.update`. */
interface IceUpdate {
  answerFragment: string | null;
  iceGeneration: number;
}

/** One publisher at a source. Implementer: `WhipSession`. */
export interface WebcamSession {
  readonly answerSdp: string;
  readonly isOver: boolean;
  /** @throws EarsightError `bad-sdp`, `unacceptable-sdp` and what ends a session */
  update(fragment: string, anySession: boolean): Promise<IceUpdate>;
  /** The publisher said that it is done. Idempotent. */
  hangUp(): Promise<void>;
}

/** A source that a publisher calls. Implementer: `WhipSource`. */
export interface WebcamSource extends MediaSource {
  /**
   * Answers an offer; a publisher that is there already is hung up when the new one is connected.
   * @throws EarsightError `bad-sdp`, `unacceptable-sdp`
   */
  accept(offerSdp: string): Promise<WebcamSession>;
}

/** One publisher's session. */
export interface Publication {
  /** The secret part of its URL: 144 random bits, base64url. */
  readonly id: string;
  readonly streamId: string;
  /** Strong entity tag of its present ICE session, quotes included. */
  readonly etag: string;
  readonly answerSdp: string;
}

interface Active {
  publication: Publication;
  iceGeneration: number;
  readonly source: WebcamSource;
  readonly session: WebcamSession;
  /** Who publishes. */
  readonly holder: Principal;
  /** Settles when its last update has; they are served one after the other. */
  lastUpdate: Promise<unknown>;
}

/** How many sessions that ended are remembered, so that a second DELETE finds what it asks for done. */
const REMEMBERED = 1024;

/** Makes the stream when it is absent. A newer publisher of a stream takes the place of the older one. */
export class Publications {
  readonly #registry: StreamRegistry;
  readonly #isWelcome: (holder: Principal) => boolean;
  readonly #active = new Map<string, Active>();
  readonly #ended = new Set<string>();

  /** @param isWelcome whether what a holder was let in with stands; may answer otherwise after each change of it */
  constructor(registry: StreamRegistry, isWelcome: (holder: Principal) => boolean = () => true) {
    this.#registry = registry;
    this.#isWelcome = isWelcome;
  }

  /**
   * @throws EarsightError `bad-sdp`, `unacceptable-sdp`, `stream-exists` when the stream takes no publisher,
   * `limit-reached`, `closed`, `unauthorized` when the holder's token was changed meanwhile
   */
  async publish(streamId: string, offerSdp: string, holder: Principal = EVERYONE): Promise<Publication> {
    const known = this.#registry.find(streamId);
    const stream =
      known ??
      this.#registry.add(
        { kind: 'webcam', id: streamId, name: this.#nameFor(streamId), enabled: true, session: {} },
        { origin: 'publisher', owner: ownerOf(holder) },
      );
    try {
      const source = webcamOf(stream);
      const session = await source.accept(offerSdp);
      if (!this.#isWelcome(holder)) {
        await session.hangUp();
        throw changedMeanwhile(holder);
      }
      const publication: Publication = {
        id: randomBytes(18).toString('base64url'),
        streamId,
        etag: newTag(),
        answerSdp: session.answerSdp,
      };
      this.#forgetThoseOver();
      this.#active.set(publication.id, {
        publication,
        iceGeneration: 0,
        source,
        session,
        holder,
        lastUpdate: Promise.resolve(),
      });
      return publication;
    } catch (thrown) {
      if (known === null) await this.#registry.remove(streamId).catch(() => undefined);
      throw thrown;
    }
  }

  /**
   * Takes a trickle-ice-sdpfrag for a session. Several at once are served one after the other, so that each is held
   * against the tag that the one before has left.
   * @param precondition is given the tag of the session; throws when the request is for another one, and says whether
   * it is for any
   * @returns the answer of an ICE restart and the new tag; null when candidates were added
   * @throws EarsightError `stream-unknown` when there is no such session, what {@link WebcamSession.update} throws, and
   * what `precondition` throws
   */
  async update(
    streamId: string,
    id: string,
    fragment: string,
    precondition: (etag: string) => { anySession: boolean },
  ): Promise<{ fragment: string; etag: string } | null> {
    const active = this.#find(streamId, id);
    const update = active.lastUpdate.then(async () => {
      const { anySession } = precondition(this.#find(streamId, id).publication.etag);
      const { answerFragment, iceGeneration } = await active.session.update(fragment, anySession);
      if (iceGeneration !== active.iceGeneration) {
        active.iceGeneration = iceGeneration;
        active.publication = { ...active.publication, etag: newTag() };
      }
      return answerFragment === null ? null : { fragment: answerFragment, etag: active.publication.etag };
    });
    active.lastUpdate = update.catch(() => undefined);
    return update;
  }

  /**
   * A webcam that made its own stream takes it along: it was stopped on purpose. Idempotent for sessions that there
   * were. @throws EarsightError `stream-unknown` for others
   */
  async end(streamId: string, id: string): Promise<void> {
    const active = this.#active.get(id);
    if (active === undefined && this.#ended.has(id)) return;
    if (active?.publication.streamId !== streamId) throw unknownSession();
    const { session, source } = active;
    this.#forget(id);
    await session.hangUp();
    const stream = this.#registry.find(streamId);
    // Another publisher may have come meanwhile.
    if (stream?.ephemeral !== true || stream.source !== source || this.#isPublished(streamId)) return;
    // A removal by somebody else may win.
    await this.#registry.remove(streamId).catch(() => undefined);
  }

  /** Ends the sessions of those who may publish no more; each hears it at once. */
  dismissUnwelcome(): void {
    for (const [id, { holder, publication }] of this.#active) {
      // One that ended meanwhile has what it wants.
      if (!this.#isWelcome(holder)) void this.end(publication.streamId, id).catch(() => undefined);
    }
  }

  /** As a `StreamListener`: a removed stream takes its sessions along. */
  streamRemoved(streamId: string): void {
    for (const [id, active] of this.#active) if (active.publication.streamId === streamId) this.#forget(id);
  }

  streamChanged(): void {
    // Sessions end with their publisher or their stream; states in between change nothing here.
  }

  #find(streamId: string, id: string): Active {
    const active = this.#active.get(id);
    if (active?.publication.streamId !== streamId || active.session.isOver) throw unknownSession();
    return active;
  }

  #isPublished(streamId: string): boolean {
    return [...this.#active.values()].some(
      ({ publication, session }) => publication.streamId === streamId && !session.isOver,
    );
  }

  #forgetThoseOver(): void {
    for (const [id, { session }] of this.#active) if (session.isOver) this.#forget(id);
  }

  #nameFor(streamId: string): string {
    return nameFromId(streamId, new Set(this.#registry.infos().map(({ name }) => name)));
  }

  #forget(id: string): void {
    this.#active.delete(id);
    this.#ended.add(id);
    const [oldest] = this.#ended;
    if (oldest !== undefined && this.#ended.size > REMEMBERED) this.#ended.delete(oldest);
  }
}

/** Differs for each ICE session, and tells nothing of it. */
function newTag(): string {
  return `"${randomBytes(9).toString('base64url')}"`;
}

function unknownSession(): EarsightError {
  return new EarsightError('stream-unknown', 'There is no such WHIP session. POST an offer to begin one.');
}

function webcamOf(stream: Stream): WebcamSource {
  const { source } = stream;
  if (stream.spec.kind !== 'webcam') {
    throw new EarsightError(
      'stream-exists',
      `"${stream.id}" is a ${stream.spec.kind} stream and takes no publisher. Publish under another id.`,
    );
  }
  if (source === null) {
    throw new EarsightError(
      'stream-exists',
      `"${stream.id}" is switched off. Enable it, or publish under another id.`,
    );
  }
  if (!isWebcamSource(source))
    throw new EarsightError('internal', 'The source of a webcam stream takes no offers.');
  return source;
}

function isWebcamSource(source: MediaSource): source is WebcamSource {
  return 'accept' in source;
}
