/** Sums messages that a source repeats: the first is written at once, the rest of its second as one with their count. */

/** One call of a log method. */
export interface LogCall {
  level: number;
  fields: Record<string, unknown>;
  message: string;
}

const WINDOW_MS = 1000;
/** Different messages remembered at a time; more than this are written as they come. */
const MAX_KEYS = 1000;

/**
 * Only what belongs to a stream is summed, and never a change of its state, which is news each time. Messages that differ in their numbers alone are the same: a decoder's say
 * where in the file the fault is. Owns one timer while something is remembered.
 */
export class Repeats {
  readonly #write: (call: LogCall) => void;
  readonly #windowMs: number;
  readonly #seen = new Map<string, { last: LogCall; more: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (call: LogCall) => void, windowMs = WINDOW_MS) {
    this.#write = write;
    this.#windowMs = windowMs;
  }

  take(call: LogCall): void {
    const { stream, state } = call.fields;
    if (typeof stream !== 'string' || state !== undefined) {
      this.#write(call);
      return;
    }
    const key = `${stream} ${call.level} ${call.message.replaceAll(/\d+/g, '#')}`;
    const before = this.#seen.get(key);
    if (before !== undefined) {
      before.last = call;
      before.more += 1;
      return;
    }
    if (this.#seen.size < MAX_KEYS) this.#seen.set(key, { last: call, more: 0 });
    this.#timer ??= setInterval(() => this.flush(), this.#windowMs).unref();
    this.#write(call);
  }

  /** Writes the sums of the second that ends. What was repeated is remembered for another one. */
  flush(): void {
    for (const [key, { last, more }] of this.#seen) {
      if (more === 0) {
        this.#seen.delete(key);
        continue;
      }
      this.#seen.set(key, { last, more: 0 });
      this.#write(more === 1 ? last : { ...last, fields: { ...last.fields, repeated: more } });
    }
    if (this.#seen.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
