/** What a calibration says of itself: kept in the model's manifest, and told in its card. */

import { z } from 'zod';
import type { CalibrationResult } from './calibrate.ts';
import type { MapJudgement } from './judge-map.ts';

const share = z.number();

export const calibrationFiguresSchema = z.object({
  examples: z.int(),
  /**
   * Share of clips without sound that open a gate; of examples with sound in which another class is heard too; of examples
   * with one, two, three classes in which all are heard.
   */
  falseOpens: share,
  wrong: share,
  allHeard: z.array(share.nullable()),
  /** Ways to make a map that were tried, the chosen one first; CAM and the paper's for comparison at the end. */
  maps: z.array(
    z.object({
      name: z.string(),
      /** By level, then by cut at 0.1, 0.3 and 0.5 of the maximum. */
      success: z.array(z.array(share)),
      pointing: z.array(share),
    }),
  ),
});

export type CalibrationFigures = z.infer<typeof calibrationFiguresSchema>;

export function calibrationFigures({ examples, gate, map }: CalibrationResult): CalibrationFigures {
  const row = (name: string, { success, pointing }: MapJudgement): CalibrationFigures['maps'][number] => ({
    name,
    success: success.map((cuts) => cuts.map(rounded)),
    pointing: pointing.map(rounded),
  });
  return {
    examples,
    falseOpens: rounded(gate.falseOpens),
    wrong: rounded(gate.wrong),
    allHeard: gate.allHeard.map((value) => (Number.isNaN(value) ? null : rounded(value))),
    maps: [
      ...map.candidates.map(({ name, judgement }) => row(`logistic of ${name}`, judgement)),
      ...(map.cam === null ? [] : [row('CAM', map.cam)]),
      row('K, stretched', map.paper),
    ],
  };
}

const rounded = (value: number): number => Number(value.toFixed(4));
