/** Faults of inference workers: one worker, so that nobody else takes over while it is replaced. */

import { startLiveServer } from '../test/support/live-server.ts';
import { type EngineFault, EngineMaster, OBEDIENT_ONNX_WORKER_URL } from '../test/support/obedient-engine.ts';
import type { FaultScene } from './fault.ts';

const NAMES: Readonly<Record<EngineFault, string>> = {
  exit: 'the only inference worker killed',
  throw: 'the only inference worker throws',
  hang: 'the only inference worker hangs',
};

/** In this process, since only its own threads can be told to fail. */
export function engineFaults(fault: EngineFault): () => Promise<FaultScene> {
  return async () => {
    const settings = ['streams=[{ id: scene, kind: demo }]', 'session.maxRateHz=5', 'engine.workers=1'];
    const server = await startLiveServer(settings, { engineWorkerUrl: OBEDIENT_ONNX_WORKER_URL });
    const master = new EngineMaster();
    const inject = (): Promise<number> => {
      master.order(fault);
      return Promise.resolve(performance.now());
    };
    return {
      server,
      faults: [{ name: NAMES[fault], stream: 'scene', inject }],
      close: async () => {
        await server.close();
        master.close();
      },
    };
  };
}
