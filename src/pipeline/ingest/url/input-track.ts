/** One track of an open input: its stream, its clock, its decoder, and what is known of it. */

import { AV_NOPTS_VALUE } from 'node-av/constants';
import { type Frame, Packet, type Stream } from 'node-av/lib';
import type { TracksInfo } from '../../types.ts';
import { H264Assembler } from './h264-assembler.ts';
import { type DecoderOptions, PacketDecoder } from './packet-decoder.ts';
import { packetReport, packetWallUs } from './rtcp-side-data.ts';
import { type RtcpReport, RtpTrackClock, type RtpTrackTime } from './rtp-track-clock.ts';

const microseconds = { num: 1, den: 1_000_000 };

/** How many packets' arrivals are remembered for frames that are still in the decoder. */
const maxPending = 64;

export interface InputTrackOptions extends DecoderOptions {
  /** The track's times come from RTP and are put on its own even clock. */
  rtp: boolean;
}

export class InputTrack {
  readonly kind: 'audio' | 'video';
  readonly stream: Stream;
  readonly decoder: PacketDecoder;
  /** Pictures, or packets of sound, in a row that brought no frame. */
  fruitless = 0;
  readonly #clock: RtpTrackClock | null;
  readonly #arrivals = new Map<number, number>();
  readonly #parsed: boolean;
  readonly #assembler: H264Assembler | null;
  readonly #unit = new Packet();
  /** Units that the latest packet completed, with the times of their pictures. */
  #units: { data: Buffer; ptsUs: number | null }[] = [];
  #pictureUs: number | null = null;
  #countedUs: number | null = null;
  #untoldReport: RtcpReport | null = null;
  #latestArrivalUs = 0;
  #lastPtsUs: number | null = null;
  #size = { width: 0, height: 0 };
  #sound = { rateHz: 0, channels: 0 };

  constructor(kind: 'audio' | 'video', stream: Stream, options: InputTrackOptions) {
    this.kind = kind;
    this.stream = stream;
    const assembled = kind === 'video' && options.unparsed;
    this.decoder = new PacketDecoder(stream, { ...options, unparsed: assembled });
    const { num, den } = stream.timeBase;
    this.#clock = options.rtp ? new RtpTrackClock(den / num) : null;
    this.#assembler = assembled ? new H264Assembler() : null;
    this.#unit.alloc();
    this.#parsed = options.rtp && !assembled && /^(h264|hevc)/.test(this.decoder.codec);
    const { width, height, sampleRate, channelLayout } = stream.codecpar;
    this.#size = { width, height };
    this.#sound = { rateHz: sampleRate, channels: channelLayout.nbChannels };
  }

  /** Width and height are 0 until the first picture where the connection does not tell them before. */
  get videoFacts(): NonNullable<TracksInfo['video']> {
    const { num, den } = this.stream.avgFrameRate;
    return { codec: this.decoder.codec, ...this.#size, frameRate: num > 0 && den > 0 ? num / den : null };
  }

  get audioFacts(): NonNullable<TracksInfo['audio']> {
    return { codec: this.decoder.codec, ...this.#sound };
  }

  /** Takes the facts of a decoded frame: they may change at any time. */
  learn(frame: Frame): void {
    if (this.kind === 'video') this.#size = { width: frame.width, height: frame.height };
    else this.#sound = { rateHz: frame.sampleRate, channels: frame.channelLayout.nbChannels };
  }

  /** True where `ptsUs` is so far from the packet before that it must be another clock. */
  leaps(ptsUs: number, maxAheadUs: number, maxBackUs: number): boolean {
    const stepUs = ptsUs - (this.#lastPtsUs ?? ptsUs);
    this.#lastPtsUs = ptsUs;
    return stepUs > maxAheadUs || stepUs < -maxBackUs;
  }

  /**
   * Puts a packet's times into microseconds of the track, shifted by `offsetUs`. Returns its time of presentation,
   * or null where it has none; and a sender report where one became known.
   */
  stamp(packet: Packet, offsetUs: number): RtpTrackTime {
    packet.rescaleTs(this.stream.timeBase, microseconds);
    const demuxerUs = packet.pts === AV_NOPTS_VALUE ? null : Number(packet.pts);
    if (this.#clock === null) {
      if (demuxerUs !== null) packet.pts = BigInt(demuxerUs + offsetUs);
      if (packet.dts !== AV_NOPTS_VALUE) packet.dts += BigInt(offsetUs);
      return { ptsUs: demuxerUs === null ? null : demuxerUs + offsetUs, report: null };
    }
    if (this.#assembler !== null) return this.#assemble(packet, this.#assembler, this.#clock);
    const time = this.#clock.take({
      ptsUs: demuxerUs,
      wallUs: packetWallUs(packet),
      report: packetReport(packet),
    });
    packet.pts = time.ptsUs === null ? AV_NOPTS_VALUE : BigInt(time.ptsUs);
    packet.dts = AV_NOPTS_VALUE;
    return time;
  }

  /** What the decoder gets of a packet that was {@link stamp}ed, one after the other; each is good until the next. */
  *decodable(packet: Packet): Generator<Packet> {
    if (this.#assembler === null) {
      this.fruitless += 1;
      yield packet;
      return;
    }
    for (const { data, ptsUs } of this.#units) {
      this.#unit.unref();
      this.#unit.data = data;
      this.#unit.pts = ptsUs === null ? AV_NOPTS_VALUE : BigInt(ptsUs);
      if (ptsUs !== this.#countedUs) this.fruitless += 1;
      this.#countedUs = ptsUs;
      yield this.#unit;
    }
  }

  /** Every packet of a picture has the time of its first: a report may come, and shift the demuxer's, in between. */
  #assemble(packet: Packet, assembler: H264Assembler, clock: RtpTrackClock): RtpTrackTime {
    this.#units = [];
    this.#untoldReport = packetReport(packet) ?? this.#untoldReport;
    let report: RtpTrackTime['report'] = null;
    assembler.push(
      packet.data ?? Buffer.alloc(0),
      packet.pts,
      (data) => this.#units.push({ data, ptsUs: this.#pictureUs }),
      () => {
        const ptsUs = packet.pts === AV_NOPTS_VALUE ? null : Number(packet.pts);
        const time = clock.take({ ptsUs, wallUs: packetWallUs(packet), report: this.#untoldReport });
        this.#untoldReport = null;
        this.#pictureUs = time.ptsUs;
        report = time.report;
      },
    );
    return { ptsUs: this.#pictureUs, report };
  }

  /**
   * Remembers when a packet came, for the frame that it becomes. FFmpeg's parser gives an H.264 or H.265 picture out
   * only when the next one begins; it had come when the one before was given out, give or take its own few packets.
   */
  arrived(ptsUs: number | null, nowUs: number): void {
    const arrivalUs = this.#parsed && this.#latestArrivalUs > 0 ? this.#latestArrivalUs : nowUs;
    this.#latestArrivalUs = nowUs;
    if (ptsUs === null) return;
    this.#arrivals.set(ptsUs, arrivalUs);
    if (this.#arrivals.size > maxPending) this.#arrivals.delete(this.#arrivals.keys().next().value!);
  }

  /** When the packet of the frame at `ptsUs` came. */
  arrivalOf(ptsUs: number): number {
    const arrivalUs = this.#arrivals.get(ptsUs) ?? this.#latestArrivalUs;
    this.#arrivals.delete(ptsUs);
    return arrivalUs;
  }

  close(): void {
    this.decoder.close();
    this.#unit.free();
  }
}
