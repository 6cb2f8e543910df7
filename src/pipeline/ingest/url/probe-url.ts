/** Listens to a source for a few seconds and says what it sends and how well: the work of `earsight probe`. */

import { systemClock } from '../../clock.ts';
import type { MediaSink } from '../../ports.ts';
import type { ConnectionPhase, SenderReport, TracksInfo } from '../../types.ts';
import { UrlSource, type UrlSourceOptions } from './url-source.ts';

export interface ProbeOptions extends Omit<UrlSourceOptions, 'url'> {
  /** How long to listen once media comes; 6 s hears the first reports of most cameras. */
  seconds?: number;
}

/** Times are medians over the probe; null: not known. */
export interface ProbeResult {
  /** Whether media came. */
  reached: boolean;
  /** Why not, or why it ended early: stable code and one sentence without credentials. */
  problem: { reason: string; detail: string } | null;
  tracks: Pick<TracksInfo, 'video' | 'audio' | 'timing'> | null;
  /** From the call to the first frame or sound. */
  firstMediaMs: number | null;
  /** Size as delivered, after scaling; rate as measured by the frames' times. */
  video: { frames: number; width: number; height: number; frameRate: number | null } | null;
  audio: { seconds: number; gaps: number; peak: number } | null;
  /** RTSP only: which tracks sent RTCP sender reports, and how old the newest was at the end. */
  senderReports: { audio: boolean; video: boolean; ageMs: number | null } | null;
  /**
   * How far apart sound and picture of the same moment came in: positive where the sound came later. Some tens of
   * milliseconds are usual; alignment does not depend on it.
   */
  arrivalSkewMs: number | null;
  drops: Record<string, number>;
  /** What to change for better results, one sentence each. */
  suggestions: string[];
}

/**
 * Opens `url`, listens, closes. Never rejects for what the source does: that is the result.
 * @throws EarsightError `bad-url`.
 */
export async function probeUrl(url: string, options: ProbeOptions = {}): Promise<ProbeResult> {
  const { seconds = 6, ...sourceOptions } = options;
  const source = new UrlSource('probe', { ...sourceOptions, url });
  const listener = new Listener();
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  let timer: NodeJS.Timeout | undefined;
  listener.onMedia = () => {
    timer ??= setTimeout(resolve, seconds * 1000, undefined);
  };
  listener.onOver = () => resolve(undefined);
  source.open(listener);
  await over;
  clearTimeout(timer);
  await source.close();
  return listener.result();
}

class Listener implements MediaSink {
  onMedia: () => void = () => undefined;
  onOver: () => void = () => undefined;
  readonly #beganMs = performance.now();
  readonly #frameTimes: number[] = [];
  readonly #reports: SenderReport[] = [];
  readonly #delays = { audio: [] as number[], video: [] as number[] };
  readonly #drops: Record<string, number> = {};
  #firstMediaMs: number | null = null;
  #tracks: TracksInfo | null = null;
  #size = { width: 0, height: 0 };
  #audioEndUs: number | null = null;
  #audio = { seconds: 0, gaps: 0, peak: 0 };
  #problem: ProbeResult['problem'] = null;

  frame(frame: Parameters<MediaSink['frame']>[0]): void {
    this.#heard();
    this.#frameTimes.push(frame.ptsUs);
    this.#size = { width: frame.width, height: frame.height };
    this.#delays.video.push(frame.arrivalUs - frame.ptsUs);
  }

  audio(chunk: Parameters<MediaSink['audio']>[0]): void {
    this.#heard();
    const lengthUs = (chunk.samples.length * 1e6) / chunk.rateHz;
    if (this.#audioEndUs !== null && Math.abs(chunk.ptsUs - this.#audioEndUs) > 1000) this.#audio.gaps += 1;
    this.#audioEndUs = chunk.ptsUs + lengthUs;
    this.#audio.seconds += lengthUs / 1e6;
    for (const value of chunk.samples) this.#audio.peak = Math.max(this.#audio.peak, Math.abs(value));
    this.#delays.audio.push(chunk.arrivalUs - chunk.ptsUs);
  }

  report(report: SenderReport): void {
    this.#reports.push(report);
  }

  tracks(info: TracksInfo): void {
    this.#tracks = info;
  }

  phase(phase: ConnectionPhase): void {
    if (phase.phase === 'connecting' || phase.phase === 'connected') return;
    if (phase.phase !== 'ended') this.#problem = { reason: phase.reason, detail: phase.detail };
    this.onOver();
  }

  drop(drop: Parameters<MediaSink['drop']>[0]): void {
    this.#drops[drop.reason] = (this.#drops[drop.reason] ?? 0) + drop.count;
  }

  result(): ProbeResult {
    const tracks = this.#tracks;
    const frames = this.#frameTimes.length;
    const result: ProbeResult = {
      reached: this.#firstMediaMs !== null,
      problem: this.#problem,
      tracks: tracks === null ? null : { video: tracks.video, audio: tracks.audio, timing: tracks.timing },
      firstMediaMs: this.#firstMediaMs,
      video: frames === 0 ? null : { frames, ...this.#size, frameRate: rateOf(this.#frameTimes) },
      audio: this.#audioEndUs === null ? null : this.#audio,
      senderReports: tracks?.timing === 'sender-reports' ? this.#reported() : null,
      arrivalSkewMs: this.#arrivalSkewMs(),
      drops: this.#drops,
      suggestions: [],
    };
    result.suggestions = suggestionsFor(result);
    return result;
  }

  #heard(): void {
    this.#firstMediaMs ??= Math.round(performance.now() - this.#beganMs);
    this.onMedia();
  }

  #reported(): NonNullable<ProbeResult['senderReports']> {
    const newest = this.#reports.at(-1);
    const has = (track: 'audio' | 'video'): boolean => this.#reports.some((report) => report.track === track);
    const ageMs =
      newest === undefined ? null : Math.round((systemClock.monotonicUs() - newest.arrivalUs) / 1000);
    return { audio: has('audio'), video: has('video'), ageMs };
  }

  /** By each track's wall clock where reports tie them, else by the clock that they share. */
  #arrivalSkewMs(): number | null {
    const audio = median(this.#delays.audio);
    const video = median(this.#delays.video);
    if (audio === null || video === null) return null;
    if (this.#tracks?.timing === 'shared') return Math.round((audio - video) / 1000);
    const offset = (track: 'audio' | 'video'): number | null =>
      median(this.#reports.filter((report) => report.track === track).map((r) => r.senderWallUs - r.ptsUs));
    const audioOffset = offset('audio');
    const videoOffset = offset('video');
    if (audioOffset === null || videoOffset === null) return null;
    return Math.round((audio - audioOffset - (video - videoOffset)) / 1000);
  }
}

/** One sentence for each thing that can be mended. */
function suggestionsFor(result: ProbeResult): string[] {
  if (!result.reached) return [];
  const { video, audio, senderReports, drops, tracks } = result;
  const rate = video?.frameRate ?? null;
  const coded = tracks?.video ?? null;
  const lines = [
    [
      video === null,
      'No picture came: check the stream that the URL names; some cameras have one for sound only.',
    ],
    [audio === null, 'No sound came: switch audio on in the camera, as nothing can be located without it.'],
    [
      audio !== null && audio.peak < 0.002,
      'The sound is silent: check that the microphone is on and not muted.',
    ],
    [audio !== null && audio.peak >= 0.999, 'The sound is clipped: turn the microphone gain down.'],
    [audio !== null && audio.gaps > 2, 'The sound has gaps: check the network, or use transport tcp.'],
    [
      senderReports !== null && !(senderReports.audio && senderReports.video),
      'Sender reports did not come for every track: picture and sound stay unaligned until they do; probe for longer, or switch RTCP (or NTP) on in the camera.',
    ],
    [rate !== null && rate < 8, 'Few pictures come: set the camera to 10 a second or more.'],
    [
      rate !== null && rate > 35,
      'Many pictures come: 30 a second are enough, and maxRateHz can choose among them.',
    ],
    [
      coded !== null && coded.width * coded.height > 1920 * 1088,
      'The picture is large: choose the camera’s second stream, as 640x480 is all that is used.',
    ],
    [(drops['decode-error'] ?? 0) > 0, 'Some packets were damaged: check the network, or use transport tcp.'],
  ] as const;
  return lines.flatMap(([applies, line]) => (applies ? [line] : []));
}

/** Frames a second, by the median step, so that lost frames do not count. */
function rateOf(timesUs: number[]): number | null {
  const step = median(timesUs.slice(1).map((time, index) => time - timesUs[index]!));
  return step === null || step <= 0 ? null : Math.round(1e8 / step) / 100;
}

function median(values: number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? null;
}
