/** Ties a source's audio clock to its video clock, and says how far the tie can be trusted. */

import type { SenderReport, TracksInfo } from '../types.ts';
import { ArrivalFloor } from './arrival-floor.ts';
import { ReportOffset } from './report-offset.ts';

/** Why a clock is not aligned. */
export type UnalignedReason = 'no-reports' | 'implausible-reports' | 'stale-reports';

/** The tie at one moment. */
export interface ClockReading {
  status: 'aligned' | 'unaligned';
  /** null when aligned. */
  reason: UnalignedReason | null;
  /** Add it to a time of the audio clock to get video time; the user's correction is in it. */
  offsetUs: number;
  /**
   * Where the sound is placed less where the newest sender reports would place it, i.e. positive: the sound is
   * placed too late. 0 on a shared clock; null while unaligned, because arrival times cannot tell their own error.
   */
  skewUs: number | null;
  /** Offset by reports less offset by arrival; null before both are known. For diagnosis. */
  arrivalDisagreementUs: number | null;
  /** Since the older of both tracks' newest reports; null before both are there. */
  reportAgeUs: number | null;
}

/** Reports that disagree with arrival by more are wrong (fields differ by a minute in the wild), not late. */
const PLAUSIBLE_US = 2_000_000;
/** Without reports for so long, crystals 100 ppm apart have drifted by 60 ms: the tie is no longer known. */
const STALE_US = 600_000_000;
/** The arrival estimate moves only by more than this: its minimum wanders by a few milliseconds. */
const ARRIVAL_HOLD_US = 10_000;
/** A gap in the stamps that differs by less from the time that went by is a silence, not a jump. */
const SILENCE_US = 1_000_000;
/** Sound that for a second came later by more than before, while the picture did not: its clock stood still. */
const STOOD_STILL_US = 250_000;
/** Bounds within which a sender's wall clock is believed: how late, and how early, a picture may seem to arrive. */
const MAX_LATENCY_MS = 10_000;
const MAX_LEAD_MS = 50;
/** A clock that leads by less is not called wrong: NTP between two machines may be that far off for a while. */
const WRONG_LEAD_MS = 1_000;

/**
 * One source's clock; all times in, none read. Until sender reports of both tracks are there (or when they are
 * refused) the offset is the difference of the tracks' least arrival delays.
 */
export class MediaClock {
  #userOffsetUs = 0;
  readonly #video = new ArrivalFloor();
  readonly #audio = new ArrivalFloor();
  readonly #reports = new ReportOffset();
  #timing: TracksInfo['timing'] = 'sender-reports';
  #lastVideoPtsUs: number | null = null;
  #arrivalOffsetUs: number | null = null;
  #wallIsWrong = false;

  /** @param avOffsetMs - Added to the audio's time; positive when the sound is stamped too early. */
  constructor(avOffsetMs: number) {
    this.avOffsetMs = avOffsetMs;
  }

  /** May be changed while running; the tie itself stays. */
  set avOffsetMs(avOffsetMs: number) {
    this.#userOffsetUs = Math.round(avOffsetMs * 1000);
  }

  /** A new connection: nothing of the old one holds. */
  reset(): void {
    this.#timing = 'sender-reports';
    this.#lastVideoPtsUs = null;
    this.#video.reset();
    this.forgetAudio();
  }

  setTiming(timing: TracksInfo['timing']): void {
    this.#timing = timing;
  }

  /** A frame's stamp and arrival. A stamp that does not advance means the video clock was set anew. */
  videoArrived(ptsUs: number, arrivalUs: number): void {
    if (this.#lastVideoPtsUs !== null && ptsUs <= this.#lastVideoPtsUs) {
      this.#video.reset();
      this.#forgetTie();
    }
    this.#lastVideoPtsUs = ptsUs;
    this.#video.push(ptsUs, arrivalUs);
  }

  /**
   * A chunk's arrival, with the time of its *end*: sound can leave the sender only once it has been heard.
   *
   * @param jumped - Its stamp is far from the one before. Where as much time went by, that was a silence (a muted
   * track, an outage) and the tie holds; else the audio clock was set anew.
   */
  audioArrived(endUs: number, arrivalUs: number, jumped: boolean): void {
    const delayUs = this.#audio.delayUs();
    if (jumped && delayUs !== null && Math.abs(arrivalUs - endUs - delayUs) > SILENCE_US) this.forgetAudio();
    this.#audio.push(endUs, arrivalUs);
    if (
      riseOf(this.#audio, arrivalUs) > STOOD_STILL_US &&
      riseOf(this.#video, arrivalUs) < STOOD_STILL_US / 2
    ) {
      // Some senders stop the clock of a muted microphone and go on without a jump (libwebrtc).
      this.forgetAudio();
      this.#audio.push(endUs, arrivalUs);
    }
  }

  /** The audio track is gone or its clock was set anew: the old tie is void. */
  forgetAudio(): void {
    this.#audio.reset();
    this.#forgetTie();
  }

  report(report: SenderReport): void {
    this.#reports.push(report);
  }

  /** The tie now; null before both tracks have been heard of. */
  read(nowUs: number): ClockReading | null {
    if (this.#timing === 'shared') return this.#reading('aligned', null, 0, 0, null, null);
    const arrivalUs = this.#offsetByArrival();
    if (arrivalUs === null) return null;
    const reportedUs = this.#reports.offsetUs();
    const reportsAtUs = this.#reports.arrivalUs();
    const ageUs = reportsAtUs === null ? null : Math.max(0, nowUs - reportsAtUs);
    if (reportedUs === null || ageUs === null) {
      return this.#reading('unaligned', 'no-reports', arrivalUs, null, null, ageUs);
    }
    const disagreementUs = reportedUs - arrivalUs;
    if (Math.abs(disagreementUs) > PLAUSIBLE_US) {
      return this.#reading('unaligned', 'implausible-reports', arrivalUs, null, disagreementUs, ageUs);
    }
    if (ageUs > STALE_US) {
      return this.#reading('unaligned', 'stale-reports', arrivalUs, null, disagreementUs, ageUs);
    }
    const skewUs = reportedUs - this.#reports.newestUs()!;
    return this.#reading('aligned', null, reportedUs, skewUs, disagreementUs, ageUs);
  }

  /**
   * When a frame was captured, in milliseconds since 1970: by the sender's clock where that is plausible (it may
   * lead ours by 50 ms and lag by 10 s), else when it arrived.
   */
  captureWallMs(ptsUs: number, arrivalWallMs: number): number {
    const senderUs = this.#reports.senderWallUs(ptsUs);
    if (senderUs === null) return arrivalWallMs;
    const latencyMs = arrivalWallMs - senderUs / 1000;
    if (latencyMs > MAX_LATENCY_MS || latencyMs < -WRONG_LEAD_MS) this.#wallIsWrong = true;
    // Half way back, so that a clock on the edge is not called right and wrong in turn.
    else if (latencyMs < MAX_LATENCY_MS / 2 && latencyMs > -WRONG_LEAD_MS / 2) this.#wallIsWrong = false;
    const plausible = latencyMs >= -MAX_LEAD_MS && latencyMs <= MAX_LATENCY_MS;
    return plausible ? Math.min(senderUs / 1000, arrivalWallMs) : arrivalWallMs;
  }

  /** The sender's wall clock cannot be true, by the latest frame: captures are dated by their arrival. */
  get wallIsWrong(): boolean {
    return this.#wallIsWrong;
  }

  #offsetByArrival(): number | null {
    const audioUs = this.#audio.delayUs();
    const videoUs = this.#video.delayUs();
    if (audioUs === null || videoUs === null) return null;
    const offsetUs = audioUs - videoUs;
    const heldUs = this.#arrivalOffsetUs;
    if (heldUs === null || Math.abs(offsetUs - heldUs) > ARRIVAL_HOLD_US) this.#arrivalOffsetUs = offsetUs;
    return this.#arrivalOffsetUs;
  }

  #forgetTie(): void {
    this.#reports.reset();
    this.#wallIsWrong = false;
    this.#arrivalOffsetUs = null;
  }

  #reading(
    status: ClockReading['status'],
    reason: UnalignedReason | null,
    offsetUs: number,
    skewUs: number | null,
    arrivalDisagreementUs: number | null,
    reportAgeUs: number | null,
  ): ClockReading {
    return {
      status,
      reason,
      offsetUs: offsetUs + this.#userOffsetUs,
      skewUs,
      arrivalDisagreementUs,
      reportAgeUs,
    };
  }
}

/** How much later a track has come for a second than at its earliest of late; NaN where it cannot be told. */
function riseOf(floor: ArrivalFloor, nowUs: number): number {
  return (floor.settledUs(nowUs) ?? Number.NaN) - (floor.delayUs() ?? Number.NaN);
}
