/** A camera, stream or file by URL: keeps one media child on it, and a new one whenever that ends. */

import type { ErrorCode } from '../../errors.ts';
import type { MediaSink, MediaSource } from '../../ports.ts';
import { redactor } from '../../redact.ts';
import type { Secret } from '../../secret.ts';
import { MediaProcess, type MediaProcessExit } from '../process/media-process.ts';
import { type BackoffOptions, backoffMs, defaultBackoff } from './backoff.ts';
import { HttpDoor } from './http-knock.ts';
import type { Door } from './knock.ts';
import { RtspDoor } from './rtsp-knock.ts';
import { parseSourceUrl, type SourceUrl } from './source-url.ts';
import { TcpDoor } from './tcp-knock.ts';
import type { ReadingOptions, UrlCommand, UrlEvent } from './url-messages.ts';

export interface UrlSourceOptions {
  /** Credentials in it are percent-encoded. Judged by `validateSourceUrl` before, where it comes from outside. */
  url: Secret;
  /** Anything that differs from {@link readingDefaults}. */
  reading?: Partial<ReadingOptions>;
  /** Networks it may connect to (egress/address-policy.ts), redirects and playlists included; left out: anywhere. */
  networks?: readonly string[] | null;
  backoff?: Partial<BackoffOptions>;
  /** Each line of FFmpeg's log, free of credentials. */
  onLog?: (line: string) => void;
}

export const readingDefaults: ReadingOptions = {
  transport: 'tcp',
  pace: 'realtime',
  loop: false,
  maxRateHz: null,
  picture: { width: 640, height: 480 },
  audioRateHz: 22_050,
  hwaccel: 'none',
  openTimeoutMs: 10_000,
  readTimeoutMs: 10_000,
};

/** A shorter wait is not worth a knock. */
const KNOCK_FROM_MS = 1000;

type UrlProcess = MediaProcess<UrlCommand, UrlEvent>;

/**
 * Any URL that FFmpeg reads. Live sources (RTSP, and all on the net that has no end) are tried for ever, the first
 * connection like every later one, with capped exponential backoff. Recordings end with `ended`; a file that can't
 * be read is `failed`. A child that crashed or hangs is replaced in every case.
 *
 * Each connection has a child process of its own, so neither memory nor any fault of a decoder outlives it. That of the
 * next attempt is started when the wait for it begins: it stands by idle, and has no start to make when the camera is
 * back. Where the camera is reached by TCP its door is knocked at meanwhile, so that it is back within seconds however
 * long it was away.
 *
 * With `pace: 'fastest'` a recording is read as fast as its consumer takes it, and nothing is dropped: the child
 * waits while the pipe is full. Such a connection says `waits`: a consumer whose work is not done when a sink method
 * returns calls {@link pause} and {@link resume}, as with a Node stream.
 */
export class UrlSource implements MediaSource {
  readonly id: string;
  readonly #source: SourceUrl;
  readonly #options: UrlSourceOptions;
  readonly #backoff: BackoffOptions;
  readonly #redact: (text: string) => string;
  #sink: MediaSink | null = null;
  #process: UrlProcess | null = null;
  /** Stands by for the next attempt. */
  #next: UrlProcess | null = null;
  #closing: Promise<void> = Promise.resolve();
  #verdict: UrlEvent | null = null;
  #retry: NodeJS.Timeout | undefined;
  /** null for what cannot be knocked at. */
  readonly #door: Door | null;
  #knocking: AbortController | null = null;
  #epoch = 0;
  #failures = 0;
  #liveSinceMs: number | null = null;
  #paused = false;

  /** @throws EarsightError `bad-url`. */
  constructor(id: string, options: UrlSourceOptions) {
    this.id = id;
    this.#options = options;
    this.#source = parseSourceUrl(options.url);
    this.#backoff = { ...defaultBackoff, ...options.backoff };
    this.#redact = redactor([options.url.reveal()]);
    this.#door = doorOf(this.#source, options.networks ?? null);
  }

  open(sink: MediaSink): void {
    this.#sink = sink;
    sink.phase({ phase: 'connecting', epoch: this.#epoch, detail: null });
    this.#connect();
  }

  restart(reason: string): void {
    if (this.#sink === null || (this.#process === null && this.#retry === undefined)) return;
    const detail = `a new connection was asked for: ${reason}`;
    this.#endWait();
    this.#endProcesses();
    this.#failures += 1;
    this.#waitFor(reason, detail, 0);
  }

  /** Stops taking media; the child drops (live) or waits (`fastest`). */
  pause(): void {
    this.#paused = true;
    this.#process?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#process?.resume();
  }

  async close(): Promise<void> {
    this.#sink = null;
    this.#endWait();
    this.#endProcesses();
    await this.#closing;
  }

  #endProcesses(): void {
    const ending = [this.#process, this.#next].map((process) => process?.close());
    this.#process = null;
    this.#next = null;
    this.#closing = Promise.all([this.#closing, ...ending]).then(() => undefined);
  }

  #connect(): void {
    const sink = this.#sink;
    if (sink === null) return;
    this.#verdict = null;
    this.#liveSinceMs = null;
    const process = this.#next ?? this.#start(sink);
    this.#next = null;
    this.#process = process;
    if (this.#paused) process.pause();
    const source = { ...this.#source, input: this.#source.input.reveal() };
    const networks = this.#options.networks ?? null;
    process.send({ source, options: { ...readingDefaults, ...this.#options.reading }, networks });
  }

  /** A child of the present epoch, that waits for its command. */
  #start(sink: MediaSink): UrlProcess {
    const process: UrlProcess = new MediaProcess<UrlCommand, UrlEvent>({
      entry: new URL('./url-child.ts', import.meta.url),
      sourceId: this.id,
      epoch: this.#epoch,
      media: sink,
      onEvent: (event) => this.#take(event),
      onExit: (exit) => {
        // One that stood by is missed when its turn comes.
        if (process === this.#next) this.#next = null;
        else this.#ended(exit);
      },
      redact: this.#redact,
      ...(this.#options.onLog === undefined ? {} : { onLog: this.#options.onLog }),
    });
    return process;
  }

  #take(event: UrlEvent): void {
    if (event.kind !== 'live') {
      this.#verdict = event;
      return;
    }
    this.#liveSinceMs = performance.now();
    this.#endKnocking();
    this.#door?.forget();
    const epoch = this.#epoch;
    this.#sink?.phase({ phase: 'connected', epoch, ...(event.waits ? { waits: true } : {}) });
  }

  /** The child is gone: what it said last decides, or the way it went. */
  #ended(exit: MediaProcessExit): void {
    this.#process = null;
    const verdict = this.#verdict;
    if (verdict?.kind === 'ended') {
      this.#finish({ phase: 'ended', reason: 'end-of-file', detail: null });
      return;
    }
    const log = exit.log.at(-1);
    if (verdict?.kind === 'failed') {
      const words = log === undefined ? verdict.detail : `${verdict.detail}. FFmpeg: ${log}`;
      const detail = asSentence(this.#redact(words));
      // A file does not mend itself; a camera may.
      if (this.#source.kind === 'file') this.#finish({ phase: 'failed', reason: verdict.code, detail });
      else this.#fail(verdict.code, detail);
      return;
    }
    this.#fail('source-crashed', log === undefined ? exit.detail : `${exit.detail}: ${log}`);
  }

  #fail(reason: ErrorCode, detail: string): void {
    const healthy =
      this.#liveSinceMs !== null && performance.now() - this.#liveSinceMs >= this.#backoff.healthyMs;
    this.#failures = healthy ? 1 : this.#failures + 1;
    this.#waitFor(reason, detail, backoffMs(this.#failures, this.#backoff));
  }

  #waitFor(reason: string, detail: string, retryInMs: number): void {
    this.#endKnocking();
    this.#epoch += 1;
    const epoch = this.#epoch;
    const sink = this.#sink;
    if (sink === null) return;
    this.#next = this.#start(sink);
    sink.phase({
      phase: 'reconnecting',
      epoch,
      reason,
      detail: asSentence(this.#redact(detail)),
      retryInMs,
    });
    this.#retry = setTimeout(() => this.#retryNow(epoch), retryInMs);
    const door = this.#door;
    if (door?.failed(reason) !== true) return;
    if (retryInMs >= KNOCK_FROM_MS || door.knocksOn) void this.#knock(door, epoch);
  }

  /** Ends the wait as soon as somebody answers at the door; the camera's boot may take a few short tries more. */
  async #knock(door: Door, epoch: number): Promise<void> {
    const knocking = new AbortController();
    this.#knocking = knocking;
    if (!(await door.opens(knocking.signal))) return;
    this.#failures = 0;
    clearTimeout(this.#retry);
    if (this.#process === null) {
      this.#retryNow(epoch);
      return;
    }
    // The attempt that is under way called somebody else before.
    this.#endKnocking();
    this.#endProcesses();
    if (this.#sink !== null) this.#next = this.#start(this.#sink);
    await this.#closing.then(() => {
      if (this.#epoch === epoch && this.#process === null) this.#connect();
    });
  }

  #retryNow(epoch: number): void {
    // The refusal of a knock is half a second old, and cost no process.
    if (this.#knocking !== null && this.#door?.refuses === true) {
      this.#failures += 1;
      this.#retry = setTimeout(() => this.#retryNow(epoch), backoffMs(this.#failures, this.#backoff));
      return;
    }
    if (this.#door?.knocksOn !== true) this.#endKnocking();
    // Cameras that serve one client at a time want the old connection gone before the new one comes.
    void this.#closing.then(() => {
      if (this.#epoch !== epoch || this.#retry === undefined) return;
      this.#retry = undefined;
      this.#connect();
    });
  }

  #endWait(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#endKnocking();
  }

  #endKnocking(): void {
    this.#knocking?.abort();
    this.#knocking = null;
  }

  #finish(phase: Parameters<MediaSink['phase']>[0]): void {
    const sink = this.#sink;
    this.#sink = null;
    sink?.phase(phase);
  }
}

/** SRT and UDP have no connection to try; a file is not waited for. */
function doorOf({ scheme, input }: SourceUrl, networks: readonly string[] | null): Door | null {
  switch (scheme) {
    case 'rtsp':
    case 'rtsps':
      return new RtspDoor({ url: new URL(input.reveal()), networks });
    case 'http':
    case 'https':
      return new HttpDoor({ url: new URL(input.reveal()), networks });
    case 'rtmp':
    case 'rtmps':
      return new TcpDoor({ url: new URL(input.reveal()), networks });
    default:
      return null;
  }
}

function asSentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
