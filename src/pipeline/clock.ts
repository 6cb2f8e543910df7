/** The machine's clocks behind the {@link Clock} port. */

import type { Clock } from './ports.ts';

/** `process.hrtime` is CLOCK_MONOTONIC on Linux and macOS: one origin for all processes of the machine. */
export const systemClock: Clock = {
  monotonicUs: () => Number(process.hrtime.bigint() / 1000n),
  wallMs: () => Date.now(),
};
