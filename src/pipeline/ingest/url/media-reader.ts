/** Reads one connection from beginning to end, in the media child: demux, pace, decode, select, scale, resample. */

import { constants } from 'node:os';
import { AV_NOPTS_VALUE, AVERROR_EOF } from 'node-av/constants';
import { FormatContext, type Frame, Packet } from 'node-av/lib';
import { EarsightError } from '../../errors.ts';
import { FrameSelector } from '../../frame-selector.ts';
import type { Clock } from '../../ports.ts';
import { requirePossibleSound } from '../media/media-limits.ts';
import { MonoResampler, type ResampledChunk } from '../media/mono-resampler.ts';
import { PictureScaler } from '../media/picture-scaler.ts';
import type { MediaChannel } from '../process/media-channel.ts';
import type { ChildTracks } from '../process/messages.ts';
import { openRoute } from './egress/route.ts';
import { InputTrack } from './input-track.ts';
import { type OpenInput, openInput } from './open-input.ts';
import { Pacer } from './pacer.ts';
import { sourceFault } from './source-fault.ts';
import type { OpenableSource, ReadingOptions, UrlCommand, UrlEvent } from './url-messages.ts';

const AVERROR_EAGAIN = -constants.errno.EAGAIN;

/** A live clock that leaps further than this, or back further than that, is another clock. */
const maxLeapUs = 10_000_000;
const maxBackUs = 1_000_000;

/** So many packets in a row without a frame: the stream is damaged, or has changed its codec. */
const maxFruitless = 250;

export type ReaderOutput = Omit<MediaChannel<never, UrlEvent>, 'end'>;

/** One per connection: {@link run} once; {@link stop} at any time. */
export class MediaReader {
  readonly #source: OpenableSource;
  readonly #options: ReadingOptions;
  readonly #networks: readonly string[] | null;
  readonly #output: ReaderOutput;
  readonly #clock: Clock;
  readonly #stopping = new AbortController();
  readonly #scaler: PictureScaler;
  readonly #resampler: MonoResampler;
  readonly #selector: FrameSelector;
  readonly #pacer: Pacer;
  #format: FormatContext | null = null;
  #announced = '';
  #live = false;
  #waitingSinceUs = 0;
  #timedOut = false;
  #lastFramePtsUs = Number.NEGATIVE_INFINITY;
  #frames = 0;
  #chunks = 0;

  constructor({ source, options, networks }: UrlCommand, output: ReaderOutput, clock: Clock) {
    this.#source = source;
    this.#options = options;
    this.#networks = networks;
    this.#output = output;
    this.#clock = clock;
    this.#scaler = new PictureScaler(options.picture);
    this.#resampler = new MonoResampler({ rateHz: options.audioRateHz });
    this.#selector = new FrameSelector(options.maxRateHz);
    this.#pacer = new Pacer(clock);
  }

  /**
   * Delivers until the recording has ended, or {@link stop}.
   * @throws EarsightError `source-*` when the connection is over for any other reason.
   */
  async run(): Promise<void> {
    const watchdog = setInterval(() => this.#checkPatience(), 250);
    try {
      let offsetUs = 0;
      for (;;) {
        const played = await this.#play(offsetUs);
        if (this.#stopped) return;
        if (this.#frames === 0 && this.#chunks === 0) throw nothingDecoded();
        if (!this.#options.loop || played.lengthUs <= 0) break;
        offsetUs += played.lengthUs;
      }
      this.#sendAudio(this.#resampler.flush());
    } catch (error) {
      if (this.#stopped) return;
      if (this.#timedOut) throw timeout(this.#live);
      throw error;
    } finally {
      clearInterval(watchdog);
      this.#scaler.close();
      this.#resampler.close();
    }
  }

  /** Makes {@link run} return soon, even out of a blocked read. */
  stop(): void {
    this.#stopping.abort();
    this.#format?.interrupt();
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Plays the input once; its length is that of its longer track. */
  async #play(offsetUs: number): Promise<{ lengthUs: number }> {
    const format = new FormatContext();
    format.allocContext();
    this.#format = format;
    this.#waitingSinceUs = this.#clock.monotonicUs();
    const tracks: InputTrack[] = [];
    const closers: (() => Promise<void>)[] = [];
    try {
      const input = await this.#open(format, closers);
      const lossless = input.recorded && this.#options.pace === 'fastest';
      this.#output.lossless = lossless;
      const decoding = {
        hwaccel: this.#options.hwaccel,
        frameThreads: lossless,
        unparsed: input.unparsed,
        rtp: this.#source.kind === 'rtsp',
      };
      for (const kind of ['video', 'audio'] as const) {
        const stream = input[kind];
        if (stream !== null) tracks.push(new InputTrack(kind, stream, decoding));
      }
      return await this.#readAll(input, tracks, offsetUs);
    } finally {
      for (const track of tracks) track.close();
      this.#format = null;
      await format.closeInput();
      for (const close of closers) await close();
    }
  }

  /** @param closers gets what is to be called once the input is closed */
  async #open(format: FormatContext, closers: (() => Promise<void>)[]): Promise<OpenInput> {
    const patience = AbortSignal.timeout(this.#options.openTimeoutMs);
    const signal = AbortSignal.any([patience, this.#stopping.signal]);
    const route = await openRoute(this.#source, this.#networks, signal);
    closers.push(() => route.close());
    try {
      const input = await openInput(format, route.source, this.#options, route.options);
      route.opened();
      return input;
    } catch (thrown) {
      throw route.fault() ?? thrown;
    }
  }

  async #readAll(input: OpenInput, tracks: InputTrack[], offsetUs: number): Promise<{ lengthUs: number }> {
    const packet = new Packet();
    packet.alloc();
    const span = { startUs: Number.POSITIVE_INFINITY, endUs: Number.NEGATIVE_INFINITY };
    try {
      for (;;) {
        this.#waitingSinceUs = this.#clock.monotonicUs();
        const read = await input.format.readFrame(packet);
        this.#waitingSinceUs = 0;
        if (this.#stopped) return { lengthUs: 0 };
        if (read === AVERROR_EAGAIN) continue;
        if (read === AVERROR_EOF && input.recorded) break;
        if (read < 0) throw sourceFault(read, 'read');
        const track = tracks.find(({ stream }) => stream.index === packet.streamIndex);
        if (track !== undefined) await this.#take(track, packet, input, tracks, span, offsetUs);
        packet.unref();
      }
      for (const track of tracks) this.#decode(track, null, tracks);
      return { lengthUs: span.endUs - span.startUs };
    } finally {
      packet.free();
    }
  }

  async #take(
    track: InputTrack,
    packet: Packet,
    input: OpenInput,
    tracks: InputTrack[],
    span: { startUs: number; endUs: number },
    offsetUs: number,
  ): Promise<void> {
    const { ptsUs, report } = track.stamp(packet, offsetUs);
    if (input.recorded && this.#options.pace === 'fastest') {
      await this.#output.ready();
    } else if (input.recorded || input.segmented) {
      // Packets come in the order of decoding; with reordered pictures that is the even one of the two times.
      const dueUs = packet.dts === AV_NOPTS_VALUE ? ptsUs : Number(packet.dts);
      if (dueUs !== null) await this.#pacer.until(dueUs, this.#stopping.signal);
    }
    if (input.recorded) {
      if (ptsUs !== null) {
        span.startUs = Math.min(span.startUs, ptsUs - offsetUs);
        span.endUs = Math.max(span.endUs, ptsUs - offsetUs + Number(packet.duration));
      }
    } else if (ptsUs !== null && track.leaps(ptsUs, maxLeapUs, maxBackUs)) {
      throw new EarsightError('source-lost', 'its clock leapt; the connection begins anew', {
        retryable: true,
      });
    }
    if (this.#stopped) return;
    track.arrived(ptsUs, this.#clock.monotonicUs());
    if (report !== null)
      this.#output.report({
        track: track.kind,
        ptsUs: report.ptsUs,
        senderWallUs: report.wallUs,
        arrivalUs: this.#clock.monotonicUs(),
      });
    for (const part of track.decodable(packet)) this.#decode(track, part, tracks);
  }

  #decode(track: InputTrack, packet: Packet | null, tracks: InputTrack[]): void {
    const sound = track.decoder.decode(packet, (frame) => {
      track.fruitless = 0;
      this.#announce(tracks, track, frame);
      if (track.kind === 'video') this.#takePicture(track, frame);
      else this.#takeSound(track, frame);
    });
    if (!sound) this.#output.drop(track.kind === 'video' ? 'frame' : 'audio', 'decode-error');
    if (track.fruitless > maxFruitless)
      throw new EarsightError('source-corrupt', `nothing of its ${track.kind} can be decoded any more`, {
        retryable: true,
      });
  }

  #takePicture(track: InputTrack, frame: Frame): void {
    const ptsUs = frameUs(frame);
    // The first picture of an RTSP connection has no time; parsers have been seen to give a picture out twice.
    if (ptsUs === null || ptsUs <= this.#lastFramePtsUs) {
      this.#output.drop('frame', ptsUs === null ? 'no-time' : 'out-of-order');
      return;
    }
    this.#lastFramePtsUs = ptsUs;
    const arrivalUs = track.arrivalOf(ptsUs);
    this.#frames += 1;
    if (!this.#selector.take(ptsUs)) {
      this.#output.drop('frame', 'rate-cap');
      return;
    }
    const picture = this.#scaler.scale(frame);
    this.#output.frame({ ptsUs, arrivalUs, decodedUs: this.#clock.monotonicUs(), ...picture });
  }

  #takeSound(track: InputTrack, frame: Frame): void {
    requirePossibleSound({ rateHz: frame.sampleRate, channels: frame.channelLayout.nbChannels });
    const ptsUs = frameUs(frame);
    const arrivalUs = ptsUs === null ? this.#clock.monotonicUs() : track.arrivalOf(ptsUs);
    this.#sendAudio(this.#resampler.push(frame, ptsUs), arrivalUs);
  }

  #sendAudio(chunks: ResampledChunk[], arrivalUs = this.#clock.monotonicUs()): void {
    for (const chunk of chunks) {
      this.#chunks += 1;
      this.#output.audio({ ...chunk, arrivalUs, rateHz: this.#options.audioRateHz });
    }
  }

  /** Tells the tracks before their first media, and again when a size, a rate or a layout changes. */
  #announce(tracks: InputTrack[], changed: InputTrack, frame: Frame): void {
    changed.learn(frame);
    const facts: ChildTracks = {
      video: null,
      audio: null,
      timing: this.#source.kind === 'rtsp' ? 'sender-reports' : 'shared',
    };
    for (const track of tracks) {
      if (track.kind === 'video') facts.video = track.videoFacts;
      else facts.audio = track.audioFacts;
    }
    const text = JSON.stringify(facts);
    if (text === this.#announced) return;
    this.#announced = text;
    if (!this.#live) this.#output.event({ kind: 'live', waits: this.#output.lossless });
    this.#live = true;
    this.#output.tracks(facts);
  }

  #checkPatience(): void {
    if (this.#waitingSinceUs === 0) return;
    const { openTimeoutMs, readTimeoutMs } = this.#options;
    const patienceUs = 1000 * (this.#live ? readTimeoutMs : openTimeoutMs);
    if (this.#clock.monotonicUs() - this.#waitingSinceUs < patienceUs) return;
    this.#timedOut = true;
    this.#format?.interrupt();
  }
}

/** Frames are in the packets' microseconds. */
function frameUs(frame: Frame): number | null {
  const pts = frame.pts === AV_NOPTS_VALUE ? frame.bestEffortTimestamp : frame.pts;
  return pts === AV_NOPTS_VALUE ? null : Number(pts);
}

function timeout(live: boolean): EarsightError {
  const what = live ? 'it has stopped sending' : 'it does not answer';
  return new EarsightError('source-timeout', `${what}; check the camera and the network`, {
    retryable: true,
  });
}

function nothingDecoded(): EarsightError {
  return new EarsightError('source-corrupt', 'nothing in it could be decoded; check the file');
}
