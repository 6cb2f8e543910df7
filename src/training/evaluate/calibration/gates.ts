/** Where gates open: one calibrated probability for all classes, between what is missed and what is imagined. */

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
  /** Share of examples with sound of the classes in which another class is heard too. */
  wrong: number;
  /** Share of examples with one, two, three sounding classes in which all of them are heard. */
  allHeard: number[];
}

/** `off` lies this far below `on` in log-odds: doubt of that size does not flicker. */
const HYSTERESIS = 0.8;
/** Below this a "heard" would be a lie, whatever the clips say. */
const LEAST_ON = 0.25;
const MOST_ON = 0.95;
/** Thresholds tried a unit. */
const STEPS = 200;

/**
 * Share of the examples with one, two, three sounding classes of which all are to be heard; of clips without sound in
 * which a class may be; and of examples with sound in which another class may be too. What a model is to hear (0.9, 0.7,
 * 0.45) and two standard errors of a share of 500 more, so that chance on other examples does not turn it round.
 */
const WANTED = { allHeard: [0.93, 0.74, 0.5], falseOpens: 0.04, wrong: 0.2 };
/** Clips without sound that open a gate above what may be weigh so many times a share of examples not wholly heard. */
const FALSE_WEIGHT = 3;
/** Losses so near to the least are as good. */
const AS_GOOD = 0.01;

/**
 * The threshold that falls least short of what is wanted: opening for what sounds, and for nothing else. Of several as
 * good the highest.
 */
export function chooseGate(examples: readonly GateExample[]): GateChoice {
  const most = examples
    .filter(({ sounds }) => !sounds.includes(true))
    .map(({ heard }) => heard.reduce((a, b) => Math.max(a, b), 0));
  /** Of each example of a level, the least sure of its sounding classes. */
  const least = WANTED.allHeard.map((_, index) =>
    examples
      .filter(({ sounds }) => sounds.filter(Boolean).length === index + 1)
      .map(({ heard, sounds }) => heard.reduce((a, b, c) => (sounds[c] === true ? Math.min(a, b) : a), 1)),
  );
  /** Of each example with sound, the surest of the classes that do not. */
  const others = examples
    .filter(({ sounds }) => sounds.includes(true))
    .map(({ heard, sounds }) => heard.reduce((a, b, c) => (sounds[c] === true ? a : Math.max(a, b)), 0));
  const reaching = (values: readonly number[], on: number): number =>
    values.length === 0 ? 0 : values.filter((value) => value >= on).length / values.length;
  const tried: { on: number; loss: number }[] = [];
  for (let step = Math.round(LEAST_ON * STEPS); step <= MOST_ON * STEPS; step++) {
    const on = step / STEPS;
    let loss = FALSE_WEIGHT * Math.max(0, reaching(most, on) - WANTED.falseOpens);
    loss += Math.max(0, reaching(others, on) - WANTED.wrong);
    for (const [index, wanted] of WANTED.allHeard.entries()) {
      const values = least[index]!;
      if (values.length > 0) loss += Math.max(0, wanted - reaching(values, on));
    }
    tried.push({ on, loss });
  }
  const bound = Math.min(...tried.map(({ loss }) => loss)) + AS_GOOD;
  const on = tried.findLast(({ loss }) => loss <= bound)?.on ?? LEAST_ON;
  const off = 1 / (1 + Math.exp(HYSTERESIS - logOdds(on)));
  return {
    on,
    off: Number(off.toFixed(3)),
    falseOpens: reaching(most, on),
    wrong: reaching(others, on),
    allHeard: least.map((values) => (values.length === 0 ? Number.NaN : reaching(values, on))),
  };
}
