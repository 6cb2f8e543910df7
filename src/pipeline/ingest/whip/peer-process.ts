/** The parent's view of one publisher's process: an offer goes in, an answer and media come out. */

import { EarsightError } from '../../errors.ts';
import type { MediaSink } from '../../ports.ts';
import { MediaProcess, type MediaProcessExit } from '../process/media-process.ts';
import type { IceUpdate, PeerEvent, PeerOptions, WhipCommand, WhipEvent } from './messages.ts';

/** Start of the process (about 0.3 s), candidate gathering (3 s at most), and a loaded machine. */
const ANSWER_TIMEOUT_MS = 20_000;

export interface PeerProcessOptions {
  sourceId: string;
  media: Omit<MediaSink, 'phase'>;
  onEvent: (event: PeerEvent) => void;
  /** The process died by itself, called once. */
  onCrash: (exit: MediaProcessExit) => void;
  onLog?: ((line: string) => void) | undefined;
}

type Reply = Extract<WhipEvent, { type: 'answer' | 'updated' }>;

interface Pending {
  resolve: (reply: Reply) => void;
  reject: (error: EarsightError) => void;
  timer: NodeJS.Timeout;
}

/** Started by the constructor; whoever made it closes it. Everything it delivers has epoch 0: the owner stamps its own. */
export class PeerProcess {
  readonly #process: MediaProcess<WhipCommand, WhipEvent>;
  readonly #onEvent: (event: PeerEvent) => void;
  readonly #pending = new Map<number | null, Pending>();
  #requests = 0;

  constructor({ sourceId, media, onEvent, onCrash, onLog }: PeerProcessOptions) {
    this.#onEvent = onEvent;
    this.#process = new MediaProcess<WhipCommand, WhipEvent>({
      entry: new URL('./peer-child.ts', import.meta.url),
      sourceId,
      epoch: 0,
      media,
      onEvent: (event) => this.#receive(event),
      onExit: (exit) => {
        this.#rejectAll(
          new EarsightError('source-crashed', `${exit.detail}; offer again.`, { retryable: true }),
        );
        onCrash(exit);
      },
      ...(onLog === undefined ? {} : { onLog }),
    });
  }

  /**
   * The answer to `sdp`. Called once.
   * @throws EarsightError `bad-sdp`, `unacceptable-sdp`, `source-crashed`, `source-timeout`, `closed`
   */
  async answer(sdp: string, options: PeerOptions): Promise<string> {
    const reply = await this.#request(null, { type: 'offer', sdp, options });
    if (reply.type !== 'answer')
      throw new EarsightError('internal', 'The media process answered out of turn.');
    return reply.sdp;
  }

  /** @throws EarsightError as {@link answer} */
  async update(fragment: string, anySession: boolean): Promise<IceUpdate> {
    const request = this.#requests++;
    const reply = await this.#request(request, { type: 'update', request, fragment, anySession });
    if (reply.type !== 'updated')
      throw new EarsightError('internal', 'The media process answered out of turn.');
    return { answerFragment: reply.answerFragment, iceGeneration: reply.iceGeneration };
  }

  /** Idempotent; nothing is delivered from the call on. */
  close(): Promise<void> {
    this.#rejectAll(
      new EarsightError('closed', 'The connection was closed; offer again.', { retryable: true }),
    );
    return this.#process.close();
  }

  #request(key: number | null, command: WhipCommand): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#settle(key)?.reject(
          new EarsightError('source-timeout', 'The media process took too long; try again.', {
            retryable: true,
          }),
        );
      }, ANSWER_TIMEOUT_MS);
      this.#pending.set(key, { resolve, reject, timer });
      this.#process.send(command);
    });
  }

  #receive(event: WhipEvent): void {
    switch (event.type) {
      case 'answer':
        this.#settle(null)?.resolve(event);
        return;
      case 'updated':
        this.#settle(event.request)?.resolve(event);
        return;
      case 'refused':
        this.#settle(event.request)?.reject(new EarsightError(event.code, event.message));
        return;
      default:
        this.#onEvent(event);
    }
  }

  #settle(key: number | null): Pending | undefined {
    const pending = this.#pending.get(key);
    clearTimeout(pending?.timer);
    this.#pending.delete(key);
    return pending;
  }

  #rejectAll(error: EarsightError): void {
    for (const key of [...this.#pending.keys()]) this.#settle(key)?.reject(error);
  }
}
