/**
 * Agrees between a worker thread and its owner that the thread is never terminated inside of a native call. What such a
 * call would return to a thread that is being terminated cannot be thrown there: the add-on aborts the whole program.
 */

const FREE = 0;
const COMPUTING = 1;
const DOOMED = 2;

/** Shared memory of one thread's guard, for its `workerData`. */
export function newGuard(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** In the thread: runs native work. Once the thread is doomed none begins, and the promise never settles. */
export async function guarded<Result>(
  guard: Int32Array<SharedArrayBuffer>,
  work: () => Promise<Result>,
): Promise<Result> {
  if (Atomics.compareExchange(guard, 0, FREE, COMPUTING) === DOOMED)
    return await new Promise(() => undefined);
  try {
    return await work();
  } finally {
    Atomics.store(guard, 0, FREE);
  }
}

/** In the owner: whether the thread may be terminated now; if so, it begins no native work any more. */
export function doom(guard: Int32Array<SharedArrayBuffer>): boolean {
  return Atomics.compareExchange(guard, 0, FREE, DOOMED) !== COMPUTING;
}
