/** Policy `wait` for a recording: every window is answered, and the source is held while windows stand in line. */

/** From this many windows in line the source is told to pause, and to go on when so few are left. */
const PAUSE_AT = 4;
const RESUME_AT = 1;

export interface WaitingLineHooks<T> {
  /** Asks for one answer; {@link WaitingLine.answered} must follow, at once or later. */
  request(item: T): void;
  pause(): void;
  resume(): void;
}

/**
 * First in, first out, one request at a time. Bound: what stood in line when the source was paused, and what the
 * source still delivers of the piece of its pipe that it was reading (64 KiB) with the frames whose sound is in it.
 */
export class WaitingLine<T> {
  readonly #hooks: WaitingLineHooks<T>;
  readonly #items: T[] = [];
  #asked = false;
  #paused = false;

  constructor(hooks: WaitingLineHooks<T>) {
    this.#hooks = hooks;
  }

  /** The source is held. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Something is asked for or stands in line. */
  get busy(): boolean {
    return this.#asked || this.#items.length > 0;
  }

  push(item: T): void {
    this.#items.push(item);
    if (!this.#paused && this.#items.length >= PAUSE_AT) {
      this.#paused = true;
      this.#hooks.pause();
    }
    this.#next();
  }

  /** The item last requested is answered, or never will be. */
  answered(): void {
    this.#asked = false;
    this.#next();
  }

  /** Lets the source go on. @returns how many stood in line and will not be asked for. */
  clear(): number {
    const count = this.#items.length;
    this.#items.length = 0;
    this.#resume();
    return count;
  }

  #next(): void {
    if (this.#asked) return;
    const item = this.#items.shift();
    if (item === undefined) return;
    this.#asked = true;
    if (this.#items.length <= RESUME_AT) this.#resume();
    this.#hooks.request(item);
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#hooks.resume();
  }
}
