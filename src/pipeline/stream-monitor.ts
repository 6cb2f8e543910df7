/** Judges where a stream stands, from its source's own phase and from what really arrives on each track. Pure. */

import type { StreamState } from '../protocol/messages.ts';
import type { ConnectionPhase, TracksInfo } from './types.ts';

export interface Verdict {
  state: StreamState;
  /** Stable code; null when live. */
  reason: string | null;
  detail: string | null;
  tracks: { video: boolean; audio: boolean };
}

export interface StreamMonitorOptions {
  /** A track that brings nothing for this long is stalled. */
  stallMs: number;
}

/** How many stalls long both tracks (or the picture) may be silent before the source is told to reconnect. */
const RESTART_AFTER_STALLS = 2;
/** A slow camera is stalled only after this many of its own frame intervals. */
const FRAME_INTERVALS = 4;

/**
 * Fed with events and the monotonic time of each; `judge` gives the verdict at a time. A source without a
 * microphone is `degraded`, never silently live: its heat would come from stale or no sound.
 */
export class StreamMonitor {
  /** May be changed while running. */
  stallMs: number;
  #phase: ConnectionPhase = { phase: 'connecting', epoch: 0, detail: null };
  #tracks: TracksInfo | null = null;
  #connectedUs = 0;
  #videoUs: number | null = null;
  #audioUs: number | null = null;
  #frameIntervalUs = 0;
  #askedRestart = false;
  /** The first attempt is over, well or badly: every later one is a reconnection. */
  #retrying = false;

  constructor(options: StreamMonitorOptions) {
    this.stallMs = options.stallMs;
  }

  phase(phase: ConnectionPhase, nowUs: number): void {
    if (phase.phase === 'connected') this.#connectedUs = nowUs;
    if (phase.phase !== 'connecting') this.#retrying = true;
    this.#phase = phase;
    if (phase.phase !== 'connected') this.#forgetMedia();
    else this.#askedRestart = false;
  }

  tracks(info: TracksInfo): void {
    this.#tracks = info;
  }

  frame(nowUs: number): void {
    if (this.#videoUs !== null) {
      const intervalUs = nowUs - this.#videoUs;
      this.#frameIntervalUs += (intervalUs - this.#frameIntervalUs) / 8;
    }
    this.#videoUs = nowUs;
  }

  audio(nowUs: number): void {
    this.#audioUs = nowUs;
  }

  /** The source is held, or through while its last pictures are worked on: its silence is no stall. */
  held(nowUs: number): void {
    if (this.#videoUs !== null) this.#videoUs = nowUs;
    if (this.#audioUs !== null) this.#audioUs = nowUs;
    this.#connectedUs = nowUs;
  }

  judge(nowUs: number): Verdict {
    const flowing = { video: this.#flows(this.#videoUs, nowUs), audio: this.#flows(this.#audioUs, nowUs) };
    const verdict = (state: StreamState, reason: string | null, detail: string | null): Verdict => ({
      state,
      reason,
      detail,
      tracks: flowing,
    });
    const phase = this.#phase;
    switch (phase.phase) {
      case 'connecting':
        return verdict(this.#retrying ? 'reconnecting' : 'connecting', 'connecting', phase.detail);
      case 'reconnecting':
        return verdict('reconnecting', phase.reason, phase.detail);
      case 'ended':
        return verdict('ended', phase.reason, phase.detail);
      case 'failed':
        return verdict('failed', phase.reason, phase.detail);
      case 'connected':
        break;
    }
    if (flowing.video && flowing.audio) return verdict('live', null, null);
    const settling = nowUs - this.#connectedUs < this.#stallUs();
    if (flowing.video) {
      if (this.#tracks?.audio === null) {
        return verdict('degraded', 'no-audio', 'The source has no audio track, so no sound can be placed.');
      }
      if (settling) return verdict('connecting', 'no-audio', 'Waiting for the first sound.');
      return verdict('degraded', 'no-audio', 'The audio track brings nothing; no sound can be placed.');
    }
    if (flowing.audio) {
      if (this.#tracks?.video === null) {
        return verdict(
          'degraded',
          'no-video',
          'The source has no video track, so there is no picture to place sound in.',
        );
      }
      if (settling) return verdict('connecting', 'no-video', 'Waiting for the first picture.');
      return verdict('degraded', 'no-video', 'The video track brings nothing.');
    }
    if (settling) return verdict('connecting', 'no-media', 'Connected; waiting for media.');
    return verdict('stalled', 'no-media', 'Connected, but neither picture nor sound arrives.');
  }

  /**
   * Whether the source should now be told to reconnect, and why; true once per connection.
   * Not for a lost sound track alone: cameras mute theirs on purpose, and the picture would suffer.
   */
  takeRestart(nowUs: number): string | null {
    if (this.#phase.phase !== 'connected' || this.#askedRestart || this.#tracks?.video === null) return null;
    const sinceUs = nowUs - Math.max(this.#videoUs ?? 0, this.#connectedUs);
    if (sinceUs < RESTART_AFTER_STALLS * this.#stallUs()) return null;
    this.#askedRestart = true;
    return this.#flows(this.#audioUs, nowUs) ? 'video-stalled' : 'stalled';
  }

  #flows(lastUs: number | null, nowUs: number): boolean {
    return lastUs !== null && nowUs - lastUs < this.#stallUs();
  }

  #stallUs(): number {
    return Math.max(this.stallMs * 1000, FRAME_INTERVALS * this.#frameIntervalUs);
  }

  #forgetMedia(): void {
    this.#videoUs = null;
    this.#audioUs = null;
    this.#frameIntervalUs = 0;
    this.#tracks = null;
  }
}
