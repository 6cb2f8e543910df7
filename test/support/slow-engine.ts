/** An engine that a handful of cameras overloads. */

export const SLOW_RUN_MS = 125;
export const SLOW_WORKER_URL = new URL('./slow-engine-worker.ts', import.meta.url);
