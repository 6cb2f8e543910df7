/** The viewer's own camera and microphone as a stream: opens them, publishes, keeps publishing, ends cleanly. */

import { signal } from '@preact/signals';
import { RequestProblem } from '../api/problem.ts';
import { insecureContextTrouble, mediaTrouble, type Trouble } from './media-errors.ts';
import { publish, type WhipSession } from './whip-client.ts';

export type WebcamState =
  | { phase: 'off' }
  | { phase: 'asking' }
  | { phase: 'connecting' }
  | { phase: 'live' }
  /** `nextTryWallMs`: when it calls again, by this machine's clock. */
  | { phase: 'reconnecting'; why: string; nextTryWallMs: number }
  | { phase: 'trouble'; trouble: Trouble };

/**
 * The microphone as it is: echo cancellation, noise suppression and gain control would remove the very
 * sounds to be located, and delay the rest.
 */
const CONSTRAINTS: MediaStreamConstraints = {
  video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } },
  audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
};

/** Doubles each time, give or take a quarter, so that all webcams of a server that starts anew do not call at once. */
const FIRST_RETRY_MS = 400;
const LONGEST_RETRY_MS = 15_000;
/** ICE calls a short gap "disconnected" and often mends it by itself. */
const DISCONNECTED_PATIENCE_MS = 4_000;
const CONNECT_LIMIT_MS = 15_000;

export class WebcamPublisher {
  readonly state = signal<WebcamState>({ phase: 'off' });
  /** Kept for the life of the tab, so that the stream is the same one after each reconnection. */
  readonly id = `webcam-${crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36)}`;
  #run: AbortController | null = null;
  #session: WhipSession | null = null;
  /** Ends the connection that stands. */
  #onLost: ((why: string) => void) | null = null;

  constructor() {
    globalThis.addEventListener('pagehide', () => {
      void this.stop({ keepalive: true });
    });
  }

  /** Does nothing while it runs. Resolves when the webcam is off again; troubles are in {@link state}. */
  async start(): Promise<void> {
    if (this.#run !== null) return;
    const run = new AbortController();
    this.#run = run;
    let media: MediaStream | null = null;
    try {
      media = await this.#open(run.signal);
      await this.#keepPublishing(media, run.signal);
    } catch (error) {
      if (!run.signal.aborted) this.state.value = { phase: 'trouble', trouble: troubleOf(error) };
    } finally {
      for (const track of media?.getTracks() ?? []) track.stop();
      await this.#end();
      if (this.#run === run) this.#run = null;
      if (run.signal.aborted) this.state.value = { phase: 'off' };
    }
  }

  /** Ends publishing and switches the camera off. */
  async stop(options?: { keepalive?: boolean }): Promise<void> {
    this.#run?.abort();
    await this.#end(options);
  }

  /** Forgets a trouble the viewer has read. */
  dismiss(): void {
    if (this.state.peek().phase === 'trouble') this.state.value = { phase: 'off' };
  }

  /**
   * Tells that the server has nothing of us any more, because it started anew or its decoder died: the browser would
   * notice only after some seconds without an answer.
   */
  serverLostUs(why: string): void {
    if (this.state.peek().phase === 'live') this.#onLost?.(why);
  }

  async #open(signal: AbortSignal): Promise<MediaStream> {
    // Typed as always there, but browsers leave it out of insecure pages.
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    if (devices === undefined || !globalThis.isSecureContext) {
      throw new WebcamTrouble(insecureContextTrouble(globalThis.location));
    }
    this.state.value = { phase: 'asking' };
    const media = await devices.getUserMedia(CONSTRAINTS);
    if (signal.aborted) {
      for (const track of media.getTracks()) track.stop();
      signal.throwIfAborted();
    }
    return media;
  }

  /** Publishes again after every loss; throws when aborted, refused for good, or the device is gone. */
  async #keepPublishing(media: MediaStream, signal: AbortSignal): Promise<never> {
    let retryMs = FIRST_RETRY_MS;
    this.state.value = { phase: 'connecting' };
    for (;;) {
      let why: string;
      let askedMs = 0;
      try {
        this.#session = await publish(this.id, media, signal);
        why = await this.#whileConnected(this.#session.peer, media, signal, () => {
          retryMs = FIRST_RETRY_MS;
        });
      } catch (error) {
        if (error instanceof RequestProblem && mayRetry(error)) {
          why = error.message;
          askedMs = error.retryAfterMs ?? 0;
        } else throw error;
      }
      signal.throwIfAborted();
      // No DELETE: the server takes that for the end of the stream, and the next offer replaces this session.
      this.#session?.peer.close();
      this.#session = null;
      // Never before the server wants it; a tenth more, so that all who were told the same do not come at once.
      const waitMs = Math.max(retryMs * (0.75 + Math.random() / 2), askedMs * (1 + Math.random() / 10));
      this.state.value = { phase: 'reconnecting', why, nextTryWallMs: Date.now() + waitMs };
      await delay(waitMs, signal);
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    }
  }

  /**
   * Resolves with the reason when the connection is lost.
   * @throws WebcamTrouble when the device itself is gone.
   */
  #whileConnected(
    peer: RTCPeerConnection,
    media: MediaStream,
    signal: AbortSignal,
    onLive: () => void,
  ): Promise<string> {
    return new Promise((resolve, reject) => {
      const finished = new AbortController();
      let patience: ReturnType<typeof setTimeout> | undefined;
      const finish = (settle: () => void): void => {
        clearTimeout(patience);
        this.#onLost = null;
        finished.abort();
        settle();
      };
      const lost = (why: string): void => {
        finish(() => {
          resolve(why);
        });
      };
      const waitAtMost = (limitMs: number, why: string): void => {
        clearTimeout(patience);
        patience = setTimeout(() => {
          lost(why);
        }, limitMs);
      };
      const onChange = (): void => {
        switch (peer.connectionState) {
          case 'connected':
            clearTimeout(patience);
            onLive();
            this.state.value = { phase: 'live' };
            break;
          case 'disconnected':
            waitAtMost(DISCONNECTED_PATIENCE_MS, 'The connection to the server was lost.');
            break;
          case 'failed':
            lost('The connection to the server failed. A firewall may block UDP between here and it.');
            break;
          default:
            break;
        }
      };
      this.#onLost = lost;
      waitAtMost(
        CONNECT_LIMIT_MS,
        'No media reached the server. A firewall may block UDP between here and it.',
      );
      const options = { signal: finished.signal };
      peer.addEventListener('connectionstatechange', onChange, options);
      signal.addEventListener(
        'abort',
        () => {
          lost('stopped');
        },
        options,
      );
      for (const track of media.getTracks()) {
        track.addEventListener(
          'ended',
          () => {
            finish(() => {
              reject(new WebcamTrouble(deviceGone(track.kind)));
            });
          },
          options,
        );
      }
      onChange();
    });
  }

  async #end(options?: { keepalive?: boolean }): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.close(options);
  }
}

class WebcamTrouble extends Error {
  readonly trouble: Trouble;

  constructor(trouble: Trouble) {
    super(trouble.title);
    this.trouble = trouble;
  }
}

function deviceGone(kind: string): Trouble {
  return {
    title: kind === 'audio' ? 'The microphone is gone' : 'The camera is gone',
    advice: 'It was unplugged, or its permission was taken back. Plug it in, then start again.',
  };
}

/** An absent or busy server may come back; a refused offer will be refused again. */
function mayRetry({ status }: RequestProblem): boolean {
  return status === 0 || status === 409 || status === 429 || status >= 500;
}

function troubleOf(error: unknown): Trouble {
  if (error instanceof WebcamTrouble) return error.trouble;
  if (error instanceof RequestProblem)
    return { title: 'The server did not take the webcam', advice: error.message };
  return mediaTrouble(error instanceof DOMException ? error.name : String(error));
}

/** @throws the signal's reason as soon as it fires. */
async function delay(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort);
  });
}
