/** Waits for a signal to stop, then for a clean end within a bound. */

/**
 * Resolves with the exit code when the program should end: 0 after a clean end, 1 when `close` failed or took longer
 * than `boundMs`, or a second signal came.
 */
export function untilStopped(options: {
  close: () => Promise<void>;
  boundMs: number;
  signals: readonly NodeJS.Signals[];
  onSignal: (signal: NodeJS.Signals) => void;
  onFailure: (thrown: unknown) => void;
}): Promise<number> {
  return new Promise((resolve) => {
    const { signals } = options;
    let stopping = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (stopping) {
        finish(1);
        return;
      }
      stopping = true;
      options.onSignal(signal);
      const deadline = setTimeout(() => {
        options.onFailure(new Error(`The server did not end within ${options.boundMs} ms; it is ended now.`));
        finish(1);
      }, options.boundMs);
      options
        .close()
        .then(
          () => finish(0),
          (thrown: unknown) => {
            options.onFailure(thrown);
            finish(1);
          },
        )
        .finally(() => clearTimeout(deadline));
    };
    const finish = (code: number): void => {
      for (const signal of signals) process.off(signal, stop);
      resolve(code);
    };
    for (const signal of signals) process.on(signal, stop);
  });
}
