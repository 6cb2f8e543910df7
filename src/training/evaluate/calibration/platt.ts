/** Probabilities that mean the same for every class (Platt 1999). */

import { type Logistic, logOdds } from '../../../pipeline/heatmap/calibrate.ts';
import { fitLogistic } from './logistic-fit.ts';

/** Pull towards "as it is": worth some examples, so that a class with few of them is not torn away. */
const RIDGE = 2;
/** A slope below this would turn the order of scores round, or nearly. */
const LEAST_SLOPE = 0.1;

/**
 * The logistic function of the log-odds under which raw probabilities fit the labels. As Platt has it, targets keep a
 * distance from 0 and 1 that shrinks with their number.
 *
 * @param raw - the network's probabilities of one class, one an example
 * @param labels - 1 where the class is there; from 0.5 on it counts
 */
export function fitPlatt(raw: readonly number[], labels: readonly number[]): Logistic {
  const positives = labels.filter((label) => label >= 0.5).length;
  const high = (positives + 1) / (positives + 2);
  const low = 1 / (labels.length - positives + 2);
  const [slope, intercept] = fitLogistic(
    {
      features: [Float64Array.from(raw, logOdds), new Float64Array(raw.length).fill(1)],
      target: Float64Array.from(labels, (label) => (label >= 0.5 ? high : low)),
    },
    [1, 0],
    RIDGE,
  );
  return { slope: Math.max(LEAST_SLOPE, slope!), intercept: intercept! };
}
