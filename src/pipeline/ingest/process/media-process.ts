/** The parent's end: starts a media child, hands its media on, watches that it answers, and sees to its end. */

import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../errors.ts';
import type { MediaSink } from '../../ports.ts';
import { childEnvironment } from './child-environment.ts';
import { LogTail } from './log-tail.ts';
import type { ChildMessage, ParentMessage } from './messages.ts';
import { encodePrefix, WireReader } from './wire.ts';

/**
 * Why the child is gone: `closed` by us or by its own orderly end, `crashed` (a signal, a nonzero exit, nonsense on
 * the pipe, or it could not start), `unresponsive` (it did not answer and was killed), `killed` by {@link MediaProcess.kill}.
 */
export interface MediaProcessExit {
  cause: 'closed' | 'crashed' | 'unresponsive' | 'killed';
  /** One line for people, redacted. */
  detail: string;
  /** The last lines of the child's log, redacted. */
  log: readonly string[];
}

export interface MediaProcessOptions<Event> {
  /** The child's module: `new URL('./x-child.ts', import.meta.url)`; `.js` is taken where we run compiled. */
  entry: URL;
  /** Stamped on everything that comes out. */
  sourceId: string;
  epoch: number;
  media: Omit<MediaSink, 'phase'>;
  onEvent: (event: Event) => void;
  /** Called once, after everything the child sent; not after {@link MediaProcess.close} was called. */
  onExit: (exit: MediaProcessExit) => void;
  /** Each line of the child's log, redacted. */
  onLog?: (line: string) => void;
  /** Takes credentials out of anything the child says. */
  redact?: (text: string) => string;
  /**
   * How often it is asked for a sign of life, and how many unanswered questions mean that it hangs. Before its first
   * media thrice as many: opening hardware may hold it up.
   */
  pingMs?: number;
  maxUnanswered?: number;
  /**
   * How long it may take to its first sign of life, in milliseconds. Starting takes a second of processor time: on a
   * machine with too much to do a shorter patience would kill every new child, and start the next.
   */
  startMs?: number;
  /** How long each step of an ending may take: close, SIGTERM, SIGKILL. */
  graceMs?: number;
}

const START_MS = 30_000;
const PING_MS = 1000;
/** Media count as answers, so one that decodes a camera has been asleep for three seconds. */
const MAX_UNANSWERED = 3;
const OPENING_PATIENCE = 3;

/**
 * A decoder in a process of its own, so that its crash, leak or hang disturbs nobody. Started by the constructor.
 * Commands (which may hold credentials) travel over the pipe, never on the command line. When this process dies in
 * any way, the pipe closes and the child kills itself.
 */
export class MediaProcess<Command, Event> {
  readonly #options: MediaProcessOptions<Event>;
  readonly #child: ChildProcess;
  readonly #pipe: Socket;
  readonly #log: LogTail;
  readonly #ended: Promise<void>;
  readonly #pinger: NodeJS.Timeout;
  #graceTimer: NodeJS.Timeout | undefined;
  readonly #startedMs = performance.now();
  #started = false;
  #hasMedia = false;
  #unanswered = 0;
  #quiet = false;
  #cause: MediaProcessExit['cause'] | null = null;
  #fault: string | null = null;
  #exited = false;

  constructor(options: MediaProcessOptions<Event>) {
    this.#options = options;
    this.#log = new LogTail({ redact: options.redact ?? ((text) => text), onLine: options.onLog });
    this.#child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', modulePath(options.entry)],
      {
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
        env: childEnvironment(process.env),
      },
    );
    this.#pipe = this.#child.stdio[3] as Socket;
    const reader = new WireReader((header, payload) => this.#receive(header as ChildMessage<Event>, payload));
    this.#pipe.on('data', (piece: Buffer) => this.#read(reader, piece));
    // Writing to a child that just died; its exit tells the rest.
    this.#pipe.on('error', () => undefined);
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#log.push(text));
    this.#pinger = setInterval(() => this.#ping(), options.pingMs ?? PING_MS);
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#fault ??= messageOf(error);
        // A child that never started has no `close` to wait for.
        if (this.#child.pid === undefined) this.#finish(null, null, resolve);
      });
      this.#child.once('close', (code, signal) => this.#finish(code, signal, resolve));
    });
  }

  /** undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(command: Command): void {
    this.#write({ type: 'command', command });
  }

  /** Stops reading: the child's overflow policy takes over (newest wins, or it waits where it is lossless). */
  pause(): void {
    this.#pipe.pause();
  }

  resume(): void {
    this.#unanswered = 0;
    this.#pipe.resume();
  }

  /** Ends it at once (SIGTERM, then SIGKILL); `onExit` follows with cause `killed`. */
  kill(): void {
    this.#terminate('killed');
  }

  /** Ends it in good order. From the call on nothing is delivered; when it resolves the process is gone. Idempotent. */
  async close(): Promise<void> {
    if (!this.#quiet) {
      this.#quiet = true;
      clearInterval(this.#pinger);
      // What is still on its way must be read for the pipe to end.
      this.#pipe.resume();
      if (!this.#exited && this.#cause === null) {
        this.#cause = 'closed';
        this.#write({ type: 'close' });
        this.#graceTimer = setTimeout(() => this.#signal(), this.#graceMs);
      }
    }
    await this.#ended;
  }

  get #graceMs(): number {
    return this.#options.graceMs ?? 1000;
  }

  #write(message: ParentMessage<Command>): void {
    if (this.#exited || !this.#pipe.writable) return;
    this.#pipe.write(encodePrefix(message, 0));
  }

  #ping(): void {
    // Unread answers say nothing about the child.
    if (this.#pipe.isPaused()) return;
    const patient =
      !this.#started && performance.now() - this.#startedMs < (this.#options.startMs ?? START_MS);
    const maxUnanswered =
      (this.#options.maxUnanswered ?? MAX_UNANSWERED) * (this.#hasMedia ? 1 : OPENING_PATIENCE);
    if (!patient && this.#unanswered >= maxUnanswered) {
      this.#terminate('unresponsive');
      return;
    }
    this.#unanswered += 1;
    this.#write({ type: 'ping' });
  }

  #terminate(cause: MediaProcessExit['cause']): void {
    if (this.#exited || this.#cause !== null) return;
    this.#cause = cause;
    clearInterval(this.#pinger);
    this.#pipe.resume();
    // Who does not answer would not hear a SIGTERM either.
    if (cause === 'unresponsive') this.#child.kill('SIGKILL');
    else this.#signal();
  }

  #signal(): void {
    this.#child.kill('SIGTERM');
    this.#graceTimer = setTimeout(() => this.#child.kill('SIGKILL'), this.#graceMs);
  }

  #read(reader: WireReader, piece: Buffer): void {
    this.#started = true;
    this.#unanswered = 0;
    if (this.#fault !== null) return;
    try {
      reader.push(piece);
    } catch (error) {
      this.#fault = `nonsense on its pipe: ${messageOf(error)}`;
      this.#terminate('crashed');
    }
  }

  #receive(message: ChildMessage<Event>, payload: Uint8Array<ArrayBuffer>): void {
    if (this.#quiet) return;
    const { sourceId, epoch, media, onEvent } = this.#options;
    switch (message.type) {
      case 'frame': {
        this.#hasMedia = true;
        const { ptsUs, arrivalUs, decodedUs, width, height } = message;
        const chromaBytes = Math.ceil(width / 2) * Math.ceil(height / 2);
        if (payload.length !== width * height + 2 * chromaBytes)
          throw new Error(`a ${width}x${height} picture of ${payload.length} bytes`);
        media.frame({ sourceId, epoch, ptsUs, arrivalUs, decodedUs, width, height, data: payload });
        return;
      }
      case 'audio': {
        this.#hasMedia = true;
        const { ptsUs, arrivalUs, rateHz } = message;
        const samples = new Float32Array(payload.buffer);
        media.audio({ sourceId, epoch, ptsUs, arrivalUs, rateHz, samples });
        return;
      }
      case 'report':
        media.report({ sourceId, epoch, ...message.report });
        return;
      case 'tracks':
        media.tracks({ sourceId, epoch, ...message.tracks });
        return;
      case 'drop':
        media.drop({ sourceId, ...message.drop });
        return;
      case 'event':
        onEvent(message.event);
        return;
      case 'bye':
        this.#cause ??= 'closed';
        return;
      case 'pong':
        return;
    }
  }

  #finish(code: number | null, signal: NodeJS.Signals | null, resolve: () => void): void {
    if (this.#exited) return;
    this.#exited = true;
    clearInterval(this.#pinger);
    clearTimeout(this.#graceTimer);
    this.#pipe.destroy();
    this.#log.flush();
    resolve();
    if (!this.#quiet) this.#options.onExit(this.#describe(code, signal));
  }

  #describe(code: number | null, signal: NodeJS.Signals | null): MediaProcessExit {
    const cause = this.#cause ?? 'crashed';
    const how = this.#fault ?? (signal === null ? `exit code ${code ?? '?'}` : signal);
    const redact = this.#options.redact ?? ((text: string) => text);
    return { cause, detail: redact(`the media process ended (${how})`), log: this.#log.lines };
  }
}

function modulePath(entry: URL): string {
  const path = fileURLToPath(entry);
  return import.meta.url.endsWith('.js') ? path.replace(/\.ts$/, '.js') : path;
}
