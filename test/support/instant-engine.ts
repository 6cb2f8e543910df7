/** For tests of what happens around the model: an engine that costs no processor time. */

export const INSTANT_WORKER_URL = new URL('./instant-engine-worker.ts', import.meta.url);
