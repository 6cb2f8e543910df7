/** The last seconds of sound, addressed by absolute sample position. */

/**
 * A bounded ring. A position's sample, once written or passed over, never changes until it leaves the ring or
 * {@link clear} is called: late chunks do not fill gaps, overlaps keep what came first. Positions may be negative.
 */
export class AudioRing {
  #samples: Float32Array;
  /** Missing ranges inside the ring, ascending: start, end, start, end, ... Fewer than `capacity`. */
  readonly #gaps: number[] = [];
  #end: number | null = null;
  /** First position ever written since the last clear. */
  #first = 0;
  #generation = 0;

  constructor(capacitySamples: number) {
    this.#samples = new Float32Array(capacitySamples);
  }

  /** Most samples it holds. */
  get capacity(): number {
    return this.#samples.length;
  }

  /** Changes whenever positions lose their meaning, so that nothing derived from them outlives a jump. */
  get generation(): number {
    return this.#generation;
  }

  /** Position after the newest sample; null when empty. */
  get endSample(): number | null {
    return this.#end;
  }

  /** Oldest position still held; null when empty. */
  get startSample(): number | null {
    return this.#end === null ? null : Math.max(this.#first, this.#end - this.capacity);
  }

  clear(): void {
    this.#end = null;
    this.#gaps.length = 0;
    this.#generation++;
  }

  /**
   * Copies a chunk whose first sample belongs at `position`. What overlaps the ring's end is dropped; positions
   * passed over are missing. The caller clears before it writes further than `capacity` past the end.
   *
   * @returns How many samples were taken.
   */
  append(position: number, samples: Float32Array): number {
    if (samples.length === 0) return 0;
    if (this.#end === null) {
      this.#end = position;
      this.#first = position;
    }
    const overlap = Math.max(0, this.#end - position);
    if (overlap >= samples.length) return 0;
    const from = position + overlap;
    if (from > this.#end) this.#skip(this.#end, from);
    const end = position + samples.length;
    const kept = Math.min(end - from, this.capacity);
    this.#copyIn(end - kept, samples.subarray(samples.length - kept));
    this.#end = end;
    this.#forgetGaps(end - this.capacity);
    return samples.length - overlap;
  }

  /** Makes room for `capacitySamples`, keeping every sample at its position. A smaller number changes nothing. */
  grow(capacitySamples: number): void {
    if (capacitySamples <= this.capacity) return;
    const start = this.startSample;
    const held = new Float32Array(start === null || this.#end === null ? 0 : this.#end - start);
    if (start !== null) this.#copyOut(start, start + held.length, held, 0);
    this.#samples = new Float32Array(capacitySamples);
    if (start === null) return;
    this.#first = start;
    this.#copyIn(start, held);
  }

  /** How many of the positions `[startSample, endSample)` the ring does not hold. */
  missing(startSample: number, endSample: number): number {
    const heldFrom = this.startSample;
    if (heldFrom === null || this.#end === null) return endSample - startSample;
    const from = Math.min(endSample, Math.max(startSample, heldFrom));
    const to = Math.max(from, Math.min(endSample, this.#end));
    let missing = endSample - startSample - (to - from);
    for (let i = 0; i < this.#gaps.length; i += 2) {
      missing += Math.max(0, Math.min(to, this.#gaps[i + 1]!) - Math.max(from, this.#gaps[i]!));
    }
    return missing;
  }

  /**
   * Writes the `count` samples that end before `endSample` into `out[0..count)`; what is missing reads as zero.
   *
   * @returns How many are missing.
   */
  read(endSample: number, count: number, out: Float32Array): number {
    const start = endSample - count;
    const heldFrom = this.startSample ?? endSample;
    const from = Math.min(endSample, Math.max(start, heldFrom));
    const to = Math.max(from, Math.min(endSample, this.#end ?? from));
    out.fill(0, 0, from - start);
    this.#copyOut(from, to, out, from - start);
    out.fill(0, to - start, count);
    return this.missing(start, endSample);
  }

  /** Missing samples are kept as zeros, so that reading is plain copying. */
  #skip(start: number, end: number): void {
    this.#gaps.push(start, end);
    const from = Math.max(start, end - this.capacity);
    const index = this.#index(from);
    const head = Math.min(end - from, this.capacity - index);
    this.#samples.fill(0, index, index + head);
    this.#samples.fill(0, 0, end - from - head);
  }

  #forgetGaps(heldFrom: number): void {
    while (this.#gaps.length > 0 && this.#gaps[1]! <= heldFrom) this.#gaps.splice(0, 2);
  }

  #copyIn(position: number, samples: Float32Array): void {
    const index = this.#index(position);
    const head = Math.min(samples.length, this.capacity - index);
    this.#samples.set(samples.subarray(0, head), index);
    this.#samples.set(samples.subarray(head), 0);
  }

  #copyOut(from: number, to: number, out: Float32Array, at: number): void {
    const index = this.#index(from);
    const head = Math.min(to - from, this.capacity - index);
    out.set(this.#samples.subarray(index, index + head), at);
    out.set(this.#samples.subarray(0, to - from - head), at + head);
  }

  #index(position: number): number {
    const rest = position % this.capacity;
    return rest < 0 ? rest + this.capacity : rest;
  }
}
