/** Engines of a running server that fail when told to. */

/** It loads only when it may, fails at white pictures by itself, and computes nothing. */
export const OBEDIENT_WORKER_URL = new URL('./obedient-engine-worker.ts', import.meta.url);
/** The real onnx worker until told to fail. */
export const OBEDIENT_ONNX_WORKER_URL = new URL('./obedient-onnx-worker.ts', import.meta.url);
/** Name of the `BroadcastChannel` between a test and the workers of its process. */
export const ENGINE_CHANNEL = 'earsight-test-engine';

/** `exit`: the thread ends. `throw`: an uncaught error. `hang`: it never answers again. */
export type EngineFault = 'exit' | 'throw' | 'hang';

/** From the test: the next run is to fail so; or loading may go on. From a worker: may it load? */
export type EngineWord = { fault: EngineFault } | 'load' | 'may I load?';

/** The test's end. */
export class EngineMaster {
  /** Whether workers may load. May be changed at any time. */
  mayLoad = true;
  readonly #channel = new BroadcastChannel(ENGINE_CHANNEL);

  constructor() {
    this.#channel.onmessage = ({ data }) => {
      if (data === 'may I load?' && this.mayLoad) this.#say('load');
    };
  }

  /** The next run fails so. */
  order(fault: EngineFault): void {
    this.#say({ fault });
  }

  close(): void {
    this.#channel.close();
  }

  #say(word: EngineWord): void {
    this.#channel.postMessage(word);
  }
}

/** For a worker thread: fails as ordered, if at all. */
export function commit(fault: EngineFault | null): void {
  switch (fault) {
    case 'exit':
      process.exit(3);
      break;
    case 'throw':
      queueMicrotask(() => {
        throw new Error('ordered to');
      });
      break;
    case 'hang':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      break;
    case null:
  }
}
