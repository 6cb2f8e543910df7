/** Who sounds when: an endless turn-taking in which any moment follows from the seed, without history. */

import { createRandom, hash, shuffled } from './random.ts';

/** One actor's time to sound. */
export interface Turn {
  /** Index in the company. */
  actor: number;
  startSample: number;
  sampleCount: number;
  /** Makes the phrase. */
  seed: number;
}

export interface Schedule {
  /** Every turn lies within one segment, and the end of each segment is silent. */
  readonly segmentSamples: number;
  /** The turns of a segment (from 0), the main one first; the other, if any, overlaps it. */
  turnsOf(segment: number): readonly Turn[];
}

const SEGMENT_S = 6.5;
/** No turn lasts beyond this: at least 1.5 s of every segment are a pause. */
const LAST_END_S = 5;
const DUET_SHARE = 0.4;

/**
 * Segments come in rounds; in each round every actor has one main turn, in an order of its own, and about four
 * segments in ten have a second actor join in. `cyclesS` holds for each actor what its turns' starts must be
 * multiples of, or null.
 */
export function createSchedule(seed: number, cyclesS: readonly (number | null)[], rateHz: number): Schedule {
  const company = cyclesS.map((_, actor) => actor);
  const orderOf = (round: number): number[] => shuffled(company, createRandom(hash(seed, 0x0c4a, round)));
  const mainActor = (segment: number): number => {
    const round = Math.floor(segment / company.length);
    const order = orderOf(round);
    // Nobody has two main turns running. The swap leaves the last place alone, so rounds stay independent.
    const before = round > 0 ? orderOf(round - 1).at(-1) : undefined;
    if (order.length > 2 && order[0] === before) order.unshift(...order.splice(1, 1));
    return order[segment % company.length]!;
  };
  const segmentSamples = Math.round(SEGMENT_S * rateHz);
  const turnAt = (segment: number, actor: number, startS: number, endS: number): Turn => {
    const segmentS = segment * (segmentSamples / rateHz);
    const cycleS = cyclesS[actor] ?? null;
    const exactS = cycleS === null ? segmentS + startS : Math.ceil((segmentS + startS) / cycleS) * cycleS;
    const startSample = Math.round(exactS * rateHz);
    const end = segment * segmentSamples + Math.round(endS * rateHz);
    return { actor, startSample, sampleCount: end - startSample, seed: hash(seed, segment, actor) };
  };
  return {
    segmentSamples,
    turnsOf: (segment) => {
      const random = createRandom(hash(seed, 0x7412, segment));
      const main = mainActor(segment);
      const startS = random.between(0.3, 0.6);
      const endS = random.between(4, 4.7);
      const turns = [turnAt(segment, main, startS, endS)];
      if (random.chance(DUET_SHARE)) {
        const others = company.filter((actor) => actor !== main);
        const partner = random.pick(others);
        turns.push(
          turnAt(segment, partner, startS + random.between(0.5, 1.1), random.between(4.2, LAST_END_S)),
        );
      }
      return turns;
    },
  };
}
