/** The offset between two tracks' clocks, as their sender reports tell it. */

import type { SenderReport } from '../types.ts';

/** Pairs of reports the median is taken over: at the usual 5 s apart, it lags a drift of 100 ppm by 1 ms. */
const PAIRS = 5;
/** A pair this far from the offset in use is an outlier, unless the next pair says the same. */
const OUTLIER_US = 100_000;

/**
 * Reports are taken in pairs, one fresh report of each track. So a step of the sender's wall clock, which reaches
 * the tracks one after the other, spoils one pair at most.
 */
export class ReportOffset {
  readonly #latest: { audio: SenderReport | null; video: SenderReport | null } = { audio: null, video: null };
  readonly #fresh = { audio: false, video: false };
  readonly #pairs: number[] = [];
  #outlierUs: number | null = null;

  /** Takes one report; the newest of each track counts. */
  push(report: SenderReport): void {
    this.#latest[report.track] = report;
    this.#fresh[report.track] = true;
    const { audio, video } = this.#latest;
    if (audio === null || video === null || !this.#fresh.audio || !this.#fresh.video) return;
    this.#fresh.audio = false;
    this.#fresh.video = false;
    this.#pair(audio.senderWallUs - audio.ptsUs - (video.senderWallUs - video.ptsUs));
  }

  /**
   * What to add to an audio time to get video time; null before the first pair. Up to two pairs the newest counts,
   * because the very first report may be a picture off; then the median.
   */
  offsetUs(): number | null {
    if (this.#pairs.length < 3) return this.#pairs.at(-1) ?? null;
    const sorted = this.#pairs.toSorted((a, b) => a - b);
    return sorted[sorted.length >> 1]!;
  }

  /** The newest pair that was believed; null before the first. */
  newestUs(): number | null {
    return this.#pairs.at(-1) ?? null;
  }

  /** When the older of both tracks' newest reports arrived (monotonic); null before both are there. */
  arrivalUs(): number | null {
    const { audio, video } = this.#latest;
    return audio === null || video === null ? null : Math.min(audio.arrivalUs, video.arrivalUs);
  }

  /** The sender's wall clock at a video time, in microseconds since 1970; null before a video report. */
  senderWallUs(videoPtsUs: number): number | null {
    const report = this.#latest.video;
    return report === null ? null : report.senderWallUs + (videoPtsUs - report.ptsUs);
  }

  reset(): void {
    this.#latest.audio = null;
    this.#latest.video = null;
    this.#fresh.audio = false;
    this.#fresh.video = false;
    this.#pairs.length = 0;
    this.#outlierUs = null;
  }

  #pair(offsetUs: number): void {
    const current = this.offsetUs();
    if (current !== null && Math.abs(offsetUs - current) > OUTLIER_US) {
      const confirmed = this.#outlierUs !== null && Math.abs(offsetUs - this.#outlierUs) <= OUTLIER_US / 2;
      // One lone pair against another: the later one is the likelier.
      if (!confirmed && this.#pairs.length > 1) {
        this.#outlierUs = offsetUs;
        return;
      }
      this.#pairs.length = 0;
    }
    this.#outlierUs = null;
    this.#pairs.push(offsetUs);
    if (this.#pairs.length > PAIRS) this.#pairs.shift();
  }
}
