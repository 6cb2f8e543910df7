/** The last lines that a child wrote, bounded and free of credentials: what is told when it dies. */

/** Feed it text as it comes; lines are passed through `redact` before anything else sees them. */
export class LogTail {
  readonly #redact: (line: string) => string;
  readonly #onLine: (line: string) => void;
  readonly #maxLines: number;
  readonly #maxLineChars: number;
  readonly #lines: string[] = [];
  #partial = '';
  #cut = false;

  constructor(options: {
    redact: (line: string) => string;
    onLine?: ((line: string) => void) | undefined;
    maxLines?: number;
    maxLineChars?: number;
  }) {
    this.#redact = options.redact;
    this.#onLine = options.onLine ?? (() => undefined);
    this.#maxLines = options.maxLines ?? 40;
    this.#maxLineChars = options.maxLineChars ?? 2000;
  }

  /** Takes a piece of text; whole lines are kept, the rest waits for its end. */
  push(text: string): void {
    const pieces = (this.#partial + text).split(/\r?\n|\r/);
    this.#partial = pieces.pop() ?? '';
    for (const line of pieces) {
      // A line that was cut for its length has been told already; its rest is not told, as half a secret may hide in it.
      if (!this.#cut) this.#keep(line);
      this.#cut = false;
    }
    if (this.#partial.length > this.#maxLineChars) {
      if (!this.#cut) this.#keep(this.#partial);
      this.#cut = true;
      this.#partial = '';
    }
  }

  /** Takes the unfinished line, if any. */
  flush(): void {
    if (this.#partial !== '' && !this.#cut) this.#keep(this.#partial);
    this.#partial = '';
    this.#cut = false;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  #keep(line: string): void {
    const text = this.#redact(line).trim().slice(0, this.#maxLineChars);
    if (text === '') return;
    this.#lines.push(text);
    if (this.#lines.length > this.#maxLines) this.#lines.shift();
    this.#onLine(text);
  }
}
