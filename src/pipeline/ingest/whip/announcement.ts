/** Says which tracks there are before the first of their media goes out, as sinks are promised. */

import type { PictureSize } from '../media/picture-size.ts';
import type { ChildAudio, ChildTracks } from '../process/messages.ts';
import type { PeerSink } from './messages.ts';
import type { OfferedMedia } from './offer.ts';

/** Sound mostly precedes the first picture (which must be a key frame) by less than this. */
const MAX_HOLD_US = 2_000_000;

/**
 * Until the first picture's size is known, sound is held; after {@link MAX_HOLD_US} of it the tracks are
 * announced without video, and again once there is a picture.
 */
export class Announcement {
  readonly #video: OfferedMedia;
  readonly #audio: OfferedMedia | null;
  readonly #sink: Pick<PeerSink, 'tracks' | 'audio'>;
  #held: ChildAudio[] | null = [];

  constructor(video: OfferedMedia, audio: OfferedMedia | null, sink: Pick<PeerSink, 'tracks' | 'audio'>) {
    this.#video = video;
    this.#audio = audio;
    this.#sink = sink;
  }

  /** The picture has a new size; called before its frame. */
  size({ width, height }: PictureSize): void {
    this.#announce({ codec: this.#video.codec.name, width, height, frameRate: null });
  }

  audio(chunk: ChildAudio): void {
    if (this.#held === null) {
      this.#sink.audio(chunk);
      return;
    }
    this.#held.push(chunk);
    if (chunk.ptsUs - this.#held[0]!.ptsUs >= MAX_HOLD_US) this.#announce(null);
  }

  #announce(video: ChildTracks['video']): void {
    const codec = this.#audio?.codec;
    const audio = codec && { codec: codec.name, rateHz: codec.clockRateHz, channels: codec.channels };
    this.#sink.tracks({ video, audio: audio ?? null, timing: 'sender-reports' });
    const held = this.#held;
    this.#held = null;
    for (const chunk of held ?? []) this.#sink.audio(chunk);
  }
}
