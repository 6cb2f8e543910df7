/** One track of a photo, clip or recording on disk, read packet by packet: opened, sought, decoded. */

import { constants } from 'node:os';
import {
  AV_DISPOSITION_ATTACHED_PIC,
  AV_NOPTS_VALUE,
  AVDISCARD_ALL,
  AVERROR_EOF,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
  AVSEEK_FLAG_BACKWARD,
} from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, FormatContext, Frame, Packet, type Stream } from 'node-av/lib';
import { EarsightError } from '../../pipeline/errors.ts';

const AVERROR_EAGAIN = -constants.errno.EAGAIN;

/** The track, as the file tells of it. Times are seconds from the file's first moment. */
export interface TrackFacts {
  /** Null where the file does not tell: photos, raw streams. */
  durationSeconds: number | null;
  /** Pictures a second of the file's pictures, also when its sound is read; null where it has none. */
  frameRate: number | null;
}

/**
 * One track of one file; the other tracks are not decoded. Decoding runs on libuv's threads. Broken packets are passed
 * over: what the decoder makes of the rest counts.
 */
export class MediaTrack {
  readonly facts: TrackFacts;
  readonly #path: string;
  readonly #format: FormatContext;
  readonly #stream: Stream;
  readonly #decoder: CodecContext;
  readonly #packet = new Packet();
  readonly #secondsPerTick: number;
  readonly #startTicks: number;
  #ended = false;

  private constructor(path: string, format: FormatContext, stream: Stream, decoder: CodecContext) {
    this.#path = path;
    this.#format = format;
    this.#stream = stream;
    this.#decoder = decoder;
    this.#packet.alloc();
    const { num, den } = stream.timeBase;
    this.#secondsPerTick = num / den;
    const startUs = format.startTime === AV_NOPTS_VALUE ? 0 : Number(format.startTime);
    this.#startTicks = startUs / 1e6 / this.#secondsPerTick;
    this.facts = factsOf(format, stream, this.#secondsPerTick);
  }

  /** @throws EarsightError `source-corrupt`, `source-unsupported` or `source-not-found`, naming the file. */
  static async open(path: string, kind: 'picture' | 'sound'): Promise<MediaTrack> {
    const format = new FormatContext();
    let decoder: CodecContext | null = null;
    try {
      check(await format.openInput(path, null, null), path, 'it cannot be opened');
      check(await format.findStreamInfo(null), path, 'its tracks are not found');
      const stream = trackOf(format, kind);
      if (stream === null) throw unreadable('source-unsupported', path, `it has no ${kind}`);
      for (const other of format.streams) if (other.index !== stream.index) other.discard = AVDISCARD_ALL;
      const codec = Codec.findDecoder(stream.codecpar.codecId);
      if (codec === null)
        throw unreadable('source-unsupported', path, `its ${kind} has a codec that is not decoded`);
      decoder = new CodecContext();
      decoder.allocContext3(codec);
      decoder.parametersToContext(stream.codecpar);
      decoder.pktTimebase = stream.timeBase;
      decoder.threadCount = 1;
      check(await decoder.open2(codec, null), path, `the decoder of its ${kind} does not open`);
      return new MediaTrack(path, format, stream, decoder);
    } catch (thrown) {
      decoder?.freeContext();
      await format.closeInput();
      throw thrown;
    }
  }

  /**
   * The next decoded frame into `frame` (which is emptied before), or false at the end.
   * @throws EarsightError `source-corrupt` when the file cannot be read on.
   */
  async next(frame: Frame): Promise<boolean> {
    frame.unref();
    for (;;) {
      const received = await this.#decoder.receiveFrame(frame);
      if (received >= 0) return true;
      if (received === AVERROR_EOF) return false;
      // Anything but "more packets" is a broken picture; the next packet may be whole.
      if (this.#ended) return false;
      await this.#feed();
    }
  }

  /** When the frame is shown or heard, seconds from the file's first moment; null where it has no time. */
  secondsOf(frame: Frame): number | null {
    const ticks = frame.pts === AV_NOPTS_VALUE ? frame.bestEffortTimestamp : frame.pts;
    return ticks === AV_NOPTS_VALUE ? null : (Number(ticks) - this.#startTicks) * this.#secondsPerTick;
  }

  /** Goes to the last point before `seconds` from which decoding can begin. Returns false where that fails. */
  async seek(seconds: number): Promise<boolean> {
    const ticks = BigInt(Math.round(seconds / this.#secondsPerTick + this.#startTicks));
    const sought = await this.#format.seekFrame(this.#stream.index, ticks, AVSEEK_FLAG_BACKWARD);
    if (sought < 0) return false;
    this.#decoder.flushBuffers();
    this.#ended = false;
    return true;
  }

  async close(): Promise<void> {
    this.#packet.free();
    this.#decoder.freeContext();
    await this.#format.closeInput();
  }

  async #feed(): Promise<void> {
    for (;;) {
      const read = await this.#format.readFrame(this.#packet);
      if (read === AVERROR_EAGAIN) continue;
      if (read < 0 && read !== AVERROR_EOF) check(read, this.#path, 'it is cut off or damaged');
      if (read === AVERROR_EOF) {
        this.#ended = true;
        await this.#decoder.sendPacket(null);
        return;
      }
      const isOurs = this.#packet.streamIndex === this.#stream.index;
      if (isOurs) await this.#decoder.sendPacket(this.#packet);
      this.#packet.unref();
      if (isOurs) return;
    }
  }
}

function trackOf(format: FormatContext, kind: 'picture' | 'sound'): Stream | null {
  const index = format.findBestStream(kind === 'picture' ? AVMEDIA_TYPE_VIDEO : AVMEDIA_TYPE_AUDIO);
  const stream = format.streams.find((candidate) => candidate.index === index) ?? null;
  // The cover of a music file is no picture of the sound.
  return stream !== null && (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) !== 0 ? null : stream;
}

function factsOf(format: FormatContext, stream: Stream, secondsPerTick: number): TrackFacts {
  const { num, den } = trackOf(format, 'picture')?.avgFrameRate ?? { num: 0, den: 0 };
  const startSeconds = format.startTime === AV_NOPTS_VALUE ? 0 : Number(format.startTime) / 1e6;
  const ownStart =
    stream.startTime === AV_NOPTS_VALUE ? startSeconds : Number(stream.startTime) * secondsPerTick;
  const own = stream.duration === AV_NOPTS_VALUE || stream.duration <= 0n ? null : Number(stream.duration);
  const whole =
    format.duration === AV_NOPTS_VALUE || format.duration <= 0n ? null : Number(format.duration) / 1e6;
  return {
    durationSeconds: own === null ? whole : own * secondsPerTick + ownStart - startSeconds,
    frameRate: num > 0 && den > 0 ? num / den : null,
  };
}

function check(code: number, path: string, what: string): void {
  if (code >= 0) return;
  const isMissing = code === -constants.errno.ENOENT;
  throw unreadable(
    isMissing ? 'source-not-found' : 'source-corrupt',
    path,
    `${what} (${FFmpegError.strerror(code)})`,
  );
}

function unreadable(
  code: 'source-corrupt' | 'source-unsupported' | 'source-not-found',
  path: string,
  what: string,
): EarsightError {
  return new EarsightError(code, `${path}: ${what}. Fetch or make the file again.`, { details: { path } });
}
