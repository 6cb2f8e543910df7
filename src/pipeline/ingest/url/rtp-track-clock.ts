/**
 * Gives one RTP track an even clock of its own, out of what FFmpeg 8's RTSP demuxer makes of it.
 *
 * What the demuxer does to `pts` (libavformat/rtpdec.c, `finalize_packet`): until a track's first RTCP sender
 * report, `pts` counts RTP ticks since the time that the server named in RTP-Info (or the first packet). From the
 * report on, in a session of several tracks, it is the *sender's wall clock* by the latest report, minus the time
 * of the session's first report. So it jumps at the first report (by what the two starts were apart), again by
 * the sender's jitter at each later one, and by any step of the camera's clock (set by NTP after boot, an hour at
 * a change of daylight saving). Measured with gst-rtsp-server: 0.1 ms at each report.
 *
 * The RTP timestamp itself stays recoverable: packets carry `AV_PKT_DATA_PRFT` (their wall time by the latest
 * report) and, after each report, `AV_PKT_DATA_RTCP_SR` (the report: wall time and RTP time). Their difference
 * gives back the very ticks, and the track's clock follows those. Clock steps of the sender then show in the
 * reports, where the aligner can judge them, and not in the media.
 */

/** An RTCP sender report: at `rtpTicks` of the track the sender's wall clock read `wallUs` (since 1970). */
export interface RtcpReport {
  rtpTicks: number;
  wallUs: number;
}

/** What is known of one packet of the track. Microseconds; null: not known. */
export interface RtpPacketTimes {
  /** As the demuxer gives it. */
  ptsUs: number | null;
  /** `AV_PKT_DATA_PRFT`: the sender's wall clock by the latest report. */
  wallUs: number | null;
  /** `AV_PKT_DATA_RTCP_SR`: the newest report, on the packets around its arrival. */
  report: RtcpReport | null;
}

export interface RtpTrackTime {
  /** Time on the track's own clock; null where nothing can be said (parameter sets before the first picture). */
  ptsUs: number | null;
  /** A report that became known, on the track's own clock. */
  report: { ptsUs: number; wallUs: number } | null;
}

/** The demuxer's step from the first packet to the second is believed up to this. */
const MAX_FIRST_STEP_US = 1_000_000;

/** One per track and connection. */
export class RtpTrackClock {
  readonly #ticksPerUs: number;
  #report: RtcpReport | null = null;
  #untoldReport: RtcpReport | null = null;
  #hadWall = false;
  /** Ties ticks to the track's clock; null until the first report. */
  #anchor: { ticks: number; ptsUs: number } | null = null;
  #last: { demuxerUs: number; wallUs: number | null; ptsUs: number; ticks: number } | null = null;
  #stepUs = 0;

  /** @param rateHz - of the RTP clock: 90000 for video, the sampling rate for most audio. */
  constructor(rateHz: number) {
    this.#ticksPerUs = rateHz / 1e6;
  }

  /** Takes the track's packets in the order they are read. */
  take({ ptsUs: demuxerUs, wallUs, report }: RtpPacketTimes): RtpTrackTime {
    if (demuxerUs === null) return { ptsUs: null, report: null };
    const previous = this.#report;
    if (report !== null && report.wallUs !== previous?.wallUs) {
      this.#report = report;
      this.#untoldReport = report;
    }
    // Here the demuxer's own step may hold its jump.
    const settling = report !== null || (wallUs !== null && this.#anchor === null);
    let ptsUs = this.#continued(demuxerUs, wallUs, settling);
    let ticks = this.#last?.ticks ?? 0;
    // Where a parser puts pictures together, the first packet with a wall time has that of the next picture.
    if (wallUs !== null && this.#report !== null && (this.#anchor !== null || this.#hadWall)) {
      ticks = this.#ticksAt(wallUs, this.#report, ptsUs);
      // The packet that brings a report may still have its wall time by the one before: the nearer is right.
      if (report !== null && previous !== null && this.#anchor !== null) {
        const byPrevious = this.#ticksAt(wallUs, previous, ptsUs);
        if (this.#distanceUs(byPrevious, ptsUs) < this.#distanceUs(ticks, ptsUs)) ticks = byPrevious;
      }
      this.#anchor ??= { ticks, ptsUs };
      ptsUs = this.#ptsAt(ticks);
    }
    this.#hadWall = wallUs !== null;
    const stepUs = ptsUs - (this.#last?.ptsUs ?? ptsUs);
    if (stepUs > 0) this.#stepUs = stepUs;
    this.#last = { demuxerUs, wallUs, ptsUs, ticks };
    return { ptsUs: Math.round(ptsUs), report: this.#tellReport() };
  }

  /** Where the packet stands if nothing but media time passed since the one before. */
  #continued(demuxerUs: number, wallUs: number | null, settling: boolean): number {
    if (this.#last === null) return demuxerUs;
    const stepUs = demuxerUs - this.#last.demuxerUs;
    if (!settling || stepUs === 0) return this.#last.ptsUs + stepUs;
    if (this.#stepUs > 0) return this.#last.ptsUs + this.#stepUs;
    // The report came with one of the first two packets. Wall times by it tell the step; else the demuxer's must do.
    const byWallUs = wallUs === null || this.#last.wallUs === null ? stepUs : wallUs - this.#last.wallUs;
    return this.#last.ptsUs + (byWallUs > 0 && byWallUs < MAX_FIRST_STEP_US ? byWallUs : 0);
  }

  /** RTP ticks of a wall time, unwrapped to be nearest to where the track stands. */
  #ticksAt(wallUs: number, report: RtcpReport, nearUs: number): number {
    const ticks = report.rtpTicks + Math.round((wallUs - report.wallUs) * this.#ticksPerUs);
    if (this.#anchor === null) return ticks;
    const near = this.#anchor.ticks + (nearUs - this.#anchor.ptsUs) * this.#ticksPerUs;
    return ticks + 2 ** 32 * Math.round((near - ticks) / 2 ** 32);
  }

  #ptsAt(ticks: number): number {
    return this.#anchor!.ptsUs + (ticks - this.#anchor!.ticks) / this.#ticksPerUs;
  }

  #distanceUs(ticks: number, ptsUs: number): number {
    return Math.abs(this.#ptsAt(ticks) - ptsUs);
  }

  #tellReport(): RtpTrackTime['report'] {
    const report = this.#untoldReport;
    if (report === null || this.#anchor === null) return null;
    this.#untoldReport = null;
    const ticks = this.#ticksAt(report.wallUs, report, this.#last!.ptsUs);
    return { ptsUs: Math.round(this.#ptsAt(ticks)), wallUs: report.wallUs };
  }
}
