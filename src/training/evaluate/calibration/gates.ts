/** Where gates open: one calibrated probability for all classes, as low as clips without sound allow. */

import { logOdds } from '../../../pipeline/heatmap/calibrate.ts';

/** An example's calibrated probabilities and which classes sound in it. */
export interface GateExample {
  heard: Float64Array;
  sounds: readonly boolean[];
}

export interface GateChoice {
  on: number;
  off: number;
  /** Share of clips without sound of the classes in which a gate opens. */
  falseOpens: number;
  /** Share of examples with one, two, three sounding classes in which all of them are heard. */
  allHeard: number[];
}

/** `off` lies this far below `on` in log-odds: doubt of that size does not flicker. */
const HYSTERESIS = 0.8;
/** Below this a "heard" would be a lie, whatever the clips say. */
const LEAST_ON = 0.15;
const MOST_ON = 0.95;
/** Thresholds tried a unit. */
const STEPS = 200;

/**
 * The least threshold at which at most `target` of the clips without sound open a gate.
 * @param target share, 0..1
 */
export function chooseGate(examples: readonly GateExample[], target: number): GateChoice {
  const silent = examples.filter(({ sounds }) => !sounds.includes(true));
  const most = silent.map(({ heard }) => heard.reduce((a, b) => Math.max(a, b), 0));
  const passing = (on: number): number =>
    most.length === 0 ? 0 : most.filter((value) => value >= on).length / most.length;
  let step = Math.round(LEAST_ON * STEPS);
  while (step < MOST_ON * STEPS && passing(step / STEPS) > target) step++;
  const on = step / STEPS;
  const off = 1 / (1 + Math.exp(HYSTERESIS - logOdds(on)));
  return {
    on,
    off: Number(off.toFixed(3)),
    falseOpens: passing(on),
    allHeard: [1, 2, 3].map((level) => {
      const those = examples.filter(({ sounds }) => sounds.filter(Boolean).length === level);
      const all = those.filter(({ heard, sounds }) => sounds.every((is, c) => !is || heard[c]! >= on));
      return those.length === 0 ? Number.NaN : all.length / those.length;
    }),
  };
}
