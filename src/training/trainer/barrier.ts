/** A meeting point of worker threads in shared memory: nobody goes on before all have come. */

const ARRIVED = 0;
const GENERATION = 1;
const BROKEN = 2;

/** Bytes that a barrier needs. */
export const BARRIER_BYTES = 12;

/** Thrown out of {@link Barrier.wait} when the barrier was broken because another thread cannot come any more. */
export class BrokenBarrier extends Error {
  override readonly name = 'BrokenBarrier';
}

/** Every thread makes its own over the same memory. Blocks its thread: for workers alone. */
export class Barrier {
  readonly #cells: Int32Array;
  readonly #parties: number;

  /** @param shared {@link BARRIER_BYTES} bytes, zeroed */
  constructor(shared: SharedArrayBuffer, parties: number) {
    this.#cells = new Int32Array(shared);
    this.#parties = parties;
  }

  /** Returns when all parties have called it. @throws BrokenBarrier */
  wait(): void {
    const cells = this.#cells;
    const generation = Atomics.load(cells, GENERATION);
    this.#check();
    if (Atomics.add(cells, ARRIVED, 1) + 1 === this.#parties) {
      Atomics.store(cells, ARRIVED, 0);
      Atomics.add(cells, GENERATION, 1);
      Atomics.notify(cells, GENERATION);
    } else {
      while (Atomics.load(cells, GENERATION) === generation) Atomics.wait(cells, GENERATION, generation);
    }
    this.#check();
  }

  /** Releases everybody who waits, and whoever comes later, with {@link BrokenBarrier}. */
  break(): void {
    Atomics.store(this.#cells, BROKEN, 1);
    Atomics.add(this.#cells, GENERATION, 1);
    Atomics.notify(this.#cells, GENERATION);
  }

  #check(): void {
    if (Atomics.load(this.#cells, BROKEN) === 1) throw new BrokenBarrier('another training thread failed');
  }
}
