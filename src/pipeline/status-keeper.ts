/** A session's status as others see it: told when it changes, and only then. */

import type { SessionStatus } from './session.ts';
import type { Verdict } from './stream-monitor.ts';

export class StatusKeeper {
  readonly #onStatus: (status: SessionStatus) => void;
  #status: SessionStatus;

  constructor(wallMs: number, onStatus: (status: SessionStatus) => void) {
    this.#onStatus = onStatus;
    this.#status = {
      state: 'connecting',
      reason: 'connecting',
      detail: null,
      sinceWallMs: wallMs,
      tracks: { video: false, audio: false },
      picture: null,
    };
  }

  get status(): SessionStatus {
    return this.#status;
  }

  /** The size of a picture that came. */
  see(width: number, height: number): void {
    const known = this.#status.picture;
    if (known?.width === width && known.height === height) return;
    this.#become({ ...this.#status, picture: { width, height } });
  }

  judge(verdict: Verdict, wallMs: number): void {
    const before = this.#status;
    if (sameVerdict(before, verdict)) return;
    const sinceWallMs = verdict.state === before.state ? before.sinceWallMs : wallMs;
    this.#become({ ...verdict, sinceWallMs, picture: before.picture });
  }

  #become(status: SessionStatus): void {
    this.#status = status;
    this.#onStatus(status);
  }
}

function sameVerdict(a: Verdict, b: Verdict): boolean {
  return (
    a.state === b.state &&
    a.reason === b.reason &&
    a.detail === b.detail &&
    a.tracks.video === b.tracks.video &&
    a.tracks.audio === b.tracks.audio
  );
}
