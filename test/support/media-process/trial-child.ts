/** A media child that does what a test tells it to, good or bad. */

import { systemClock } from '../../../src/pipeline/clock.ts';
import { MediaChannel } from '../../../src/pipeline/ingest/process/media-channel.ts';

export type TrialCommand =
  | { do: 'frames'; count: number; width: number; height: number; lossless: boolean }
  | { do: 'audio'; samples: number[] }
  | { do: 'say'; text: string }
  | { do: 'block' }
  | { do: 'throw'; text: string }
  | { do: 'nonsense' }
  | { do: 'environment' }
  | { do: 'end' };

export type TrialEvent = { environment: Record<string, string | undefined>; args: string[] } | { done: true };

const channel = new MediaChannel<TrialCommand, TrialEvent>({
  onCommand: (command) => void obey(command),
  onClose: () => undefined,
});

async function obey(command: TrialCommand): Promise<void> {
  switch (command.do) {
    case 'frames': {
      const { width, height } = command;
      channel.lossless = command.lossless;
      for (let i = 0; i < command.count; i++) {
        if (command.lossless) await channel.ready();
        const now = systemClock.monotonicUs();
        const data = new Uint8Array((width * height * 3) / 2).fill(i);
        channel.frame({ ptsUs: i, arrivalUs: now, decodedUs: now, width, height, data });
      }
      channel.event({ done: true });
      return;
    }
    case 'audio':
      channel.audio({
        ptsUs: 7,
        arrivalUs: 8,
        rateHz: 22_050,
        samples: Float32Array.from(command.samples),
      });
      return;
    case 'say':
      console.error(command.text);
      return;
    case 'block':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return;
    case 'throw':
      throw new Error(command.text);
    case 'nonsense':
      channel.frame({ ptsUs: 0, arrivalUs: 0, decodedUs: 0, width: 64, height: 64, data: new Uint8Array(5) });
      return;
    case 'environment':
      channel.event({ environment: { ...process.env }, args: [...process.argv, ...process.execArgv] });
      return;
    case 'end':
      channel.drop('frame', 'rate-cap', 3);
      channel.drop('frame', 'rate-cap', 4);
      channel.end();
  }
}
