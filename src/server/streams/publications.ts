/** Webcams that publish by WHIP: an unguessable session for each, tied to the stream it feeds. */

import { randomBytes } from 'node:crypto';
import { EarsightError } from '../../pipeline/errors.ts';
import type { MediaSource } from '../../pipeline/ports.ts';
import type { Stream } from './stream.ts';
import { nameFromId } from './stream-ids.ts';
import type { StreamRegistry } from './stream-registry.ts';

/** A source that a publisher calls. Implementer: `WhipSource`. */
export interface WebcamSource extends MediaSource {
  /**
   * Answers an offer; a publisher that is there already is hung up.
   * @throws EarsightError `bad-sdp`, `unacceptable-sdp`
   */
  accept(offerSdp: string): Promise<string>;
  /** @throws EarsightError `bad-sdp` for a fragment that is none, `unacceptable-sdp` for one of another session */
  addRemoteCandidates(fragment: string): Promise<void>;
  /** The publisher said that it is done. Idempotent. */
  hangUp(): Promise<void>;
}

/** One publisher's session. */
export interface Publication {
  /** The secret part of its URL: 144 random bits, base64url. */
  readonly id: string;
  readonly streamId: string;
  /** Strong entity tag of its ICE session, quotes included. */
  readonly etag: string;
  readonly answerSdp: string;
}

/** How many sessions that ended are remembered, so that a second DELETE finds what it asks for done. */
const REMEMBERED = 1024;

/** Makes the stream when it is absent. A newer publisher of a stream takes the place of the older one. */
export class Publications {
  readonly #registry: StreamRegistry;
  readonly #active = new Map<string, { publication: Publication; source: WebcamSource }>();
  readonly #ended = new Set<string>();

  constructor(registry: StreamRegistry) {
    this.#registry = registry;
  }

  /**
   * @param owner the name of the token that publishes; null where nobody is told apart
   * @throws EarsightError `bad-sdp`, `unacceptable-sdp`, `stream-exists` when the stream takes no publisher,
   * `limit-reached`, `closed`
   */
  async publish(streamId: string, offerSdp: string, owner: string | null = null): Promise<Publication> {
    const known = this.#registry.find(streamId);
    const stream =
      known ??
      this.#registry.add(
        { kind: 'webcam', id: streamId, name: this.#nameFor(streamId), enabled: true, session: {} },
        { origin: 'publisher', owner },
      );
    try {
      const source = webcamOf(stream);
      const answerSdp = await source.accept(offerSdp);
      const publication: Publication = {
        id: randomBytes(18).toString('base64url'),
        streamId,
        etag: `"${randomBytes(9).toString('base64url')}"`,
        answerSdp,
      };
      for (const [id, active] of this.#active) if (active.publication.streamId === streamId) this.#forget(id);
      this.#active.set(publication.id, { publication, source });
      return publication;
    } catch (thrown) {
      if (known === null) await this.#registry.remove(streamId).catch(() => undefined);
      throw thrown;
    }
  }

  /** @throws EarsightError `stream-unknown` when there is no such session */
  find(streamId: string, id: string): Publication {
    const active = this.#active.get(id);
    if (active?.publication.streamId !== streamId) throw unknownSession();
    return active.publication;
  }

  /** @throws as {@link find} and {@link WebcamSource.addRemoteCandidates} */
  async addRemoteCandidates(streamId: string, id: string, fragment: string): Promise<void> {
    this.find(streamId, id);
    await this.#active.get(id)?.source.addRemoteCandidates(fragment);
  }

  /**
   * A webcam that made its own stream takes it along: it was stopped on purpose. Idempotent for sessions that there
   * were. @throws EarsightError `stream-unknown` for others
   */
  async end(streamId: string, id: string): Promise<void> {
    if (this.#ended.has(id)) return;
    this.find(streamId, id);
    const source = this.#active.get(id)?.source;
    this.#forget(id);
    await source?.hangUp();
    const stream = this.#registry.find(streamId);
    // Another publisher may have come meanwhile.
    if (stream?.ephemeral !== true || stream.source !== source || this.#isPublished(streamId)) return;
    // A removal by somebody else may win.
    await this.#registry.remove(streamId).catch(() => undefined);
  }

  /** As a `StreamListener`: a removed stream takes its sessions along. */
  streamRemoved(streamId: string): void {
    for (const [id, active] of this.#active) if (active.publication.streamId === streamId) this.#forget(id);
  }

  streamChanged(): void {
    // Sessions end with their publisher or their stream; states in between change nothing here.
  }

  #isPublished(streamId: string): boolean {
    return [...this.#active.values()].some(({ publication }) => publication.streamId === streamId);
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
  return 'accept' in source && 'hangUp' in source && 'addRemoteCandidates' in source;
}
