/** A text that must not be shown: whatever prints it by accident prints something else. */

import { inspect } from 'node:util';
import { mask, redactUrl } from './redact.ts';

/**
 * The text comes out by {@link reveal} alone, so every place that can leak it is found by that word. Printed, put in a
 * sentence, logged, inspected or made JSON, it shows `shown`; a structured clone of it is empty.
 */
export class Secret {
  readonly #text: string;
  readonly #shown: string;

  /** @param shown free of anything that is secret about `text` */
  constructor(text: string, shown: string = mask) {
    this.#text = text;
    this.#shown = shown;
  }

  reveal(): string {
    return this.#text;
  }

  equals(other: Secret): boolean {
    return this.#text === other.#text;
  }

  toString(): string {
    return this.#shown;
  }

  toJSON(): string {
    return this.#shown;
  }

  [inspect.custom](): string {
    return `Secret(${this.#shown})`;
  }
}

/** A URL that may hold credentials: it shows itself without them. */
export function secretUrl(url: string): Secret {
  return new Secret(url, redactUrl(url));
}
