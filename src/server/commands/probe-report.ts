/** What a look at a source found: facts gathered from its events, and what they suggest. Pure. */

import type {
  AudioChunk,
  ConnectionPhase,
  IngestDrop,
  SenderReport,
  TracksInfo,
  VideoFrame,
} from '../../pipeline/types.ts';

export interface ProbeReport {
  /** Whether pictures came. */
  ok: boolean;
  /** Why not, or why no more; null when nothing went wrong. */
  trouble: { code: string; detail: string } | null;
  timing: TracksInfo['timing'] | null;
  /** Start to first picture; null when none came. */
  firstPictureMs: number | null;
  video: {
    codec: string;
    width: number;
    height: number;
    declaredRateHz: number | null;
    measuredRateHz: number | null;
    senderReports: number;
  } | null;
  audio: {
    codec: string;
    rateHz: number;
    channels: number;
    senderReports: number;
    /** Mean level of the sound, in dB below full scale; null when no sound came, -Infinity (in JSON null) for digital silence. */
    levelDbfs: number | null;
    /** Nothing but zeros came: a microphone that is switched off, not a quiet room. */
    isSilent: boolean;
  } | null;
  /** The sender's clock minus this machine's, by its reports; null without reports. */
  clockOffMs: number | null;
  /** How far the tracks' clocks are apart (audio minus video) by the sender's reports; null without reports of both. */
  skewMs: number | null;
  /** How much later than the picture of the same moment sound arrives, median; null where the clocks are not tied. */
  soundArrivesLaterMs: number | null;
  drops: Record<string, number>;
  suggestions: string[];
}

/** Rates below this give a choppy overlay. */
const LOW_RATE_HZ = 5;
/** Speech and most sounds reach to 8 kHz; sound sampled slower than this loses what tells classes apart. */
const LOW_AUDIO_RATE_HZ = 16_000;
/** Cameras are off by more than this only when something is wrong with their clocks. */
const LARGE_SKEW_MS = 80;
/** A rate measured below this share of the declared one is a network or a camera at its limit. */
const RATE_SHARE = 0.8;
/** A sender's clock that is off by more than this dates results wrongly; less is the network. */
const LARGE_CLOCK_OFF_MS = 2000;
/** More dropped than this share of what came is worth a word. */
const DROP_SHARE = 0.02;
/** Arrival times kept for the median, the newest. */
const MAX_LAGS = 2000;

/** Takes a source's events; `report()` sums them up. */
export class ProbeCollector {
  readonly #startUs: number;
  #tracks: TracksInfo | null = null;
  #trouble: ProbeReport['trouble'] = null;
  #firstPictureUs: number | null = null;
  #frames = 0;
  #firstPtsUs = 0;
  #lastPtsUs = 0;
  #epoch = -1;
  readonly #reports = { audio: 0, video: 0 };
  readonly #senderOffsetUs: { audio: number | null; video: number | null } = { audio: null, video: null };
  readonly #lagsUs: { audio: number[]; video: number[] } = { audio: [], video: [] };
  readonly #drops = new Map<string, number>();
  #squares = 0;
  #samples = 0;
  #clockOffMs: number | null = null;
  #allFrames = 0;

  /** @param startUs monotonic time at which the look began */
  constructor(startUs: number) {
    this.#startUs = startUs;
  }

  frame(frame: VideoFrame): void {
    this.#firstPictureUs ??= frame.decodedUs;
    if (frame.epoch !== this.#epoch) {
      this.#epoch = frame.epoch;
      this.#frames = 0;
      this.#firstPtsUs = frame.ptsUs;
      this.#lagsUs.audio.length = 0;
      this.#lagsUs.video.length = 0;
    }
    this.#frames++;
    this.#allFrames++;
    this.#lastPtsUs = frame.ptsUs;
    keep(this.#lagsUs.video, frame.arrivalUs - frame.ptsUs);
  }

  audio(chunk: AudioChunk): void {
    const endUs = chunk.ptsUs + (chunk.samples.length * 1e6) / chunk.rateHz;
    keep(this.#lagsUs.audio, chunk.arrivalUs - endUs);
    for (const sample of chunk.samples) this.#squares += sample * sample;
    this.#samples += chunk.samples.length;
  }

  /** @param nowWallMs this machine's time at its arrival */
  report(report: SenderReport, nowWallMs: number): void {
    this.#clockOffMs = report.senderWallUs / 1000 - nowWallMs;
    this.#reports[report.track]++;
    this.#senderOffsetUs[report.track] = report.senderWallUs - report.ptsUs;
  }

  tracks(info: TracksInfo): void {
    this.#tracks = info;
  }

  phase(phase: ConnectionPhase): void {
    if (phase.phase === 'reconnecting' || phase.phase === 'failed') {
      this.#trouble = { code: phase.reason, detail: phase.detail };
    }
  }

  drop({ what, reason, count }: IngestDrop): void {
    // Told by the pictures that they cost.
    if (what === 'packet') return;
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + count);
  }

  summary(): ProbeReport {
    const { video, audio, timing = null } = this.#tracks ?? { video: null, audio: null };
    const spanUs = this.#lastPtsUs - this.#firstPtsUs;
    const facts = {
      ok: this.#firstPictureUs !== null,
      trouble: this.#trouble,
      timing,
      firstPictureMs: this.#firstPictureUs === null ? null : (this.#firstPictureUs - this.#startUs) / 1000,
      video:
        video === null
          ? null
          : {
              codec: video.codec,
              width: video.width,
              height: video.height,
              declaredRateHz: video.frameRate,
              measuredRateHz: spanUs > 0 ? ((this.#frames - 1) * 1e6) / spanUs : null,
              senderReports: this.#reports.video,
            },
      audio:
        audio === null
          ? null
          : {
              ...audio,
              senderReports: this.#reports.audio,
              levelDbfs: this.#samples === 0 ? null : 10 * Math.log10(this.#squares / this.#samples),
              isSilent: this.#samples > 0 && this.#squares === 0,
            },
      clockOffMs: this.#clockOffMs,
      skewMs: this.#skewMs(),
      soundArrivesLaterMs: this.#arrivalMs(),
      drops: Object.fromEntries(this.#drops),
    };
    return { ...facts, suggestions: suggestionsFor(facts, this.#allFrames) };
  }

  #skewMs(): number | null {
    if (this.#tracks?.timing === 'shared') return 0;
    const { audio, video } = this.#senderOffsetUs;
    return audio === null || video === null ? null : (audio - video) / 1000;
  }

  #arrivalMs(): number | null {
    const [audio, video, skewMs] = [median(this.#lagsUs.audio), median(this.#lagsUs.video), this.#skewMs()];
    return audio === null || video === null || skewMs === null ? null : (audio - video) / 1000 - skewMs;
  }
}

/**
 * What to do about what is off; empty when nothing is.
 * @param frames how many pictures came
 */
export function suggestionsFor(facts: Omit<ProbeReport, 'suggestions'>, frames: number): string[] {
  if (!facts.ok) {
    return [
      facts.trouble === null
        ? 'No picture came in this time: look longer with --seconds.'
        : mendOf(facts.trouble.code),
    ];
  }
  const suggestions: string[] = [];
  const { video, audio, timing, skewMs, clockOffMs, drops } = facts;
  if (audio === null) {
    suggestions.push('There is no sound, so nothing can be located: switch on the microphone of the camera.');
  } else if (audio.levelDbfs === null) {
    suggestions.push('There is an audio track, but no sound came in this time: look longer with --seconds.');
  } else if (audio.isSilent) {
    suggestions.push(
      'The sound is digital silence, which no microphone in a room gives: it is muted or not plugged in.',
    );
  } else if (audio.rateHz < LOW_AUDIO_RATE_HZ) {
    suggestions.push(
      `The sound has ${audio.rateHz} samples a second, so nothing above ${audio.rateHz / 2} Hz is heard: choose AAC or a higher rate in the camera.`,
    );
  }
  if (timing === 'sender-reports' && audio !== null && skewMs === null) {
    suggestions.push(
      'No sender reports of both tracks came, so results say "unaligned": look longer with --seconds; if it stays so, measure the offset with a clap and set session.avOffsetMs.',
    );
  }
  if (skewMs !== null && Math.abs(skewMs) > LARGE_SKEW_MS) {
    suggestions.push(
      `The clocks of sound and picture are ${Math.round(Math.abs(skewMs))} ms apart; the reports correct that. If heat still trails a clap, set session.avOffsetMs.`,
    );
  }
  const { measuredRateHz = null, declaredRateHz = null } = video ?? {};
  if (measuredRateHz !== null && measuredRateHz < LOW_RATE_HZ) {
    suggestions.push(
      `Only ${measuredRateHz.toFixed(1)} pictures come a second: raise the frame rate in the camera for a smooth overlay.`,
    );
  } else if (measuredRateHz !== null && measuredRateHz < RATE_SHARE * (declaredRateHz ?? 0)) {
    suggestions.push(
      `The camera announces ${declaredRateHz?.toFixed(0)} pictures a second and ${measuredRateHz.toFixed(1)} come: it slows down in the dark, or the network loses some.`,
    );
  }
  if (clockOffMs !== null && Math.abs(clockOffMs) > LARGE_CLOCK_OFF_MS) {
    suggestions.push(
      `The clock of the camera is ${durationInWords(clockOffMs)} ${clockOffMs > 0 ? 'ahead' : 'behind'}: let it take the time from the network (NTP). Results are right all the same, but are dated by their arrival.`,
    );
  }
  const lost = Object.entries(drops).reduce(
    (sum, [reason, count]) => sum + (reason === 'rate-cap' ? 0 : count),
    0,
  );
  if (lost > DROP_SHARE * frames) {
    suggestions.push(
      `${lost} pictures or pieces of sound were lost on the way: use a cable, --transport tcp, or a lower bit rate in the camera.`,
    );
  }
  return suggestions;
}

/** By the stable codes of a lost source. */
function mendOf(code: string): string {
  switch (code) {
    case 'source-auth':
      return 'Give the user name and password: rtsp://user:password@host/path.';
    case 'source-refused':
      return 'Nothing listens there: check the address, the port, and that the camera is on.';
    case 'source-not-found':
      return 'The camera answers, but does not know the path: its manual names the right one.';
    case 'source-timeout':
      return 'No answer came in time: check the address and the firewall, or try --transport udp.';
    case 'source-unsupported':
      return 'The format cannot be decoded: choose H.264 with AAC or G.711 in the camera.';
    default:
      return 'Check that another program, such as ffplay, can play it.';
  }
}

function durationInWords(ms: number): string {
  const seconds = Math.abs(ms) / 1000;
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  if (seconds < 7200) return `${(seconds / 60).toFixed(0)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(0)} h` : `${(seconds / 86_400).toFixed(0)} days`;
}

function keep(values: number[], value: number): void {
  values.push(value);
  if (values.length > MAX_LAGS) values.shift();
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? null;
}

/** The report for people. */
export function reportText(url: string, report: ProbeReport): string {
  const { video, audio, trouble, skewMs, soundArrivesLaterMs, firstPictureMs } = report;
  const rate = (hz: number | null): string => (hz === null ? 'unknown' : `${hz.toFixed(1)}/s`);
  const ms = (value: number | null): string => (value === null ? 'unknown' : `${value.toFixed(1)} ms`);
  const rows: [string, string][] = [
    ['source', url],
    [
      'video',
      video === null
        ? 'none'
        : `${video.codec} ${video.width}x${video.height}, ${rate(video.measuredRateHz)} measured, ${rate(video.declaredRateHz)} declared`,
    ],
    [
      'audio',
      audio === null
        ? 'none'
        : `${audio.codec} ${audio.rateHz} Hz, ${audio.channels} channel(s), ${audio.isSilent ? 'digital silence' : audio.levelDbfs === null ? 'nothing came' : `${audio.levelDbfs.toFixed(0)} dBFS`}`,
    ],
    ['first picture', ms(firstPictureMs)],
  ];
  if (report.timing === 'shared') rows.push(['timing', 'one clock for both tracks']);
  if (report.timing === 'sender-reports') {
    rows.push(['sender reports', `${video?.senderReports ?? 0} video, ${audio?.senderReports ?? 0} audio`]);
    rows.push(['clocks apart', `${ms(skewMs)}; sound arrives ${ms(soundArrivesLaterMs)} after its picture`]);
  }
  const drops = Object.entries(report.drops).map(([reason, count]) => `${reason} ${count}`);
  if (drops.length > 0) rows.push(['dropped', drops.join(', ')]);
  if (trouble !== null) rows.push(['trouble', `${trouble.detail} (${trouble.code})`]);
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  const ends = report.suggestions.length === 0 ? ['', 'Nothing is off.'] : ['', ...report.suggestions];
  return `${[...lines, ...ends].join('\n')}\n`;
}
