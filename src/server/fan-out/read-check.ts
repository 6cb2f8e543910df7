/**
 * Whether the other side reads. A ping follows all that was sent before it, so its pong (RFC 6455 section 5.5.3) says
 * that all of that was taken. The kernels' buffers on both sides hold megabytes, which for small messages is minutes of
 * them: without this, who stopped reading for a minute would be sent that whole minute first.
 */
export class ReadCheck {
  #number = 0;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #isAsked = false;

  /** How long the ping on its way has had no answer, in milliseconds; null when none is. */
  unansweredMs(nowMs: number): number | null {
    return this.#isAsked ? nowMs - this.#askedAtMs : null;
  }

  /** How long ago the last ping went, answered or not, in milliseconds. */
  sinceAskedMs(nowMs: number): number {
    return nowMs - this.#askedAtMs;
  }

  /** @returns what the ping has to carry: its answer carries the same. */
  ask(nowMs: number): string {
    this.#number += 1;
    this.#askedAtMs = nowMs;
    this.#isAsked = true;
    return String(this.#number);
  }

  /** @returns whether this pong answers the ping on its way; others mean nothing. */
  answer(payload: string): boolean {
    if (!this.#isAsked || payload !== String(this.#number)) return false;
    this.#isAsked = false;
    return true;
  }
}
