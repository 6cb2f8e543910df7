/** SIGINT and SIGTERM as an abort, for commands that write nothing before their end. */

import { EarsightError } from '../../pipeline/errors.ts';

/** Aborts with EarsightError `closed` at the first signal. Call `release` when the work is over, however it ended. */
export function stopOnSignal(): { signal: AbortSignal; release: () => void } {
  const stop = new AbortController();
  const onSignal = (): void =>
    stop.abort(new EarsightError('closed', 'Stopped before the end: nothing was written.'));
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  return {
    signal: stop.signal,
    release: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
