/** What a model is evaluated on: parts, each a stretch of one source. */

import type { SampleSource } from '../sample.ts';
import { openScenes } from '../scenes/open-scenes.ts';
import { quietBeds } from '../scenes/plan.ts';
import type { SceneSource } from '../scenes/scene-source.ts';
import type { ScenePurpose, SceneSpec } from '../scenes/spec.ts';

export interface SuitePart {
  source: SampleSource;
  /** Examples 0 to `count` of the source. */
  count: number;
  /** What a clip without sound of the classes holds; null where that is not known. */
  kindOf: (index: number) => string | null;
}

type Level = Extract<ScenePurpose, { kind: 'evaluation' }>['level'];

/** Shares of a suite's examples. */
const SHARES: readonly (readonly [Level, number])[] = [
  [1, 0.25],
  [2, 0.25],
  [3, 0.25],
  ['none', 0.15],
  ['off-screen', 0.1],
];

/** What the beds of scenes without sound of the classes are called in tables. */
const KINDS: Record<(typeof quietBeds)[number], string> = {
  silence: 'silence',
  noise: 'noise',
  other: 'foreign sound',
};

/** Composed scenes of all levels, of silence, noise and foreign sounds, and of sounds off screen. */
export async function sceneSuite(
  spec: Omit<SceneSpec, 'purpose'>,
  style: 'photo' | 'drawn',
  samples: number,
): Promise<(SuitePart & { source: SceneSource })[]> {
  return await Promise.all(
    SHARES.map(async ([level, share]) => ({
      source: await openScenes({ ...spec, purpose: { kind: 'evaluation', level, style } }),
      count: Math.round(share * samples),
      kindOf: (index: number) => (level === 'none' ? KINDS[quietBeds[index % quietBeds.length]!] : null),
    })),
  );
}
