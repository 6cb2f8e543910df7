/** Waits for a signal to stop, then for a clean end within a bound. */

/**
 * Resolves with the exit code when the program should end: 0 after a clean end, 1 when `close` failed. When it took longer
 * than `boundMs` says at the signal, or a second one came, `endNow` is called instead.
 */
export function untilStopped(options: {
  close: () => Promise<void>;
  boundMs: () => number;
  signals: readonly NodeJS.Signals[];
  onSignal: (signal: NodeJS.Signals, boundMs: number) => void;
  onFailure: (thrown: unknown) => void;
  endNow: () => void;
}): Promise<number> {
  return new Promise((resolve) => {
    const { signals } = options;
    let stopping = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (stopping) {
        options.endNow();
        return;
      }
      stopping = true;
      const boundMs = options.boundMs();
      options.onSignal(signal, boundMs);
      const deadline = setTimeout(() => {
        options.onFailure(new Error(`The server did not end within ${boundMs} ms; it is ended now.`));
        options.endNow();
      }, boundMs);
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
