/** Examples that the logistic engine can learn: energy in the low bands is class 0, in the high bands class 1. */

import type { SampleBatch, SampleSource, SampleTruth } from '../../../src/training/sample.ts';
import { LOGISTIC_SHAPE } from './logistic-engine.ts';

export class LogisticSource implements SampleSource {
  readonly shape = LOGISTIC_SHAPE;
  readonly length = null;
  closed = 0;

  write(index: number, batch: SampleBatch, slot: number): SampleTruth {
    const { columns, mels } = this.shape.logmel;
    const noise = (n: number) => (Math.sin((index * 97 + n) * 12.9898) * 43758.5453) % 1;
    const low = index % 2 === 0;
    const high = index % 3 === 0;
    for (let t = 0; t < columns; t++) {
      for (let m = 0; m < mels; m++) {
        const tone = (low && m < 2 ? 1 : 0) + (high && m > 2 ? 1 : 0);
        batch.logmel[(slot * columns + t) * mels + m] = tone + 0.3 * noise(t * mels + m);
      }
    }
    batch.heard[slot * 2] = Number(low);
    batch.heard[slot * 2 + 1] = Number(high);
    return { boxes: [], offScreen: [], note: 'made up' };
  }

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }
}
