/** What a model is calibrated on before it is judged: examples of which none is judged. */

import { EarsightError } from '../../../pipeline/errors.ts';
import type { DatasetKind } from '../../datasets/dataset-choice.ts';
import { type DataChoice, datasetOf } from '../open-data.ts';

/** Sets with a validation part that says which class sounds where; the others have boxes or masks of test alone. */
const WITH_VALIDATION: readonly string[] = ['avsbench-s4', 'avss', 'jsonl'] satisfies DatasetKind[];

/**
 * The validation split of what is judged. A list (`subset`) chooses what is judged and nothing here.
 * @throws EarsightError `bad-config` for a set that has no such part, and where that part would be judged too
 */
export function calibrationData(judged: DataChoice, samples: number): DataChoice {
  const { dataset, split } = judged;
  const kind = datasetOf(judged);
  const chosen = { ...judged, split: 'validation' as const, samples };
  if (split === 'validation') {
    throw new EarsightError(
      'bad-config',
      '--calibrate takes the validation split, and --split validation would judge the model on the same examples. Say --split test, or leave out --calibrate.',
    );
  }
  if (kind === null) return chosen;
  if (!WITH_VALIDATION.includes(kind)) {
    throw new EarsightError(
      'bad-config',
      `--calibrate needs examples that are not judged and that say what sounds where, and ${kind} has no validation part of this sort (${WITH_VALIDATION.join(', ')} have). Leave out --calibrate: the model's own calibration is taken.`,
      { details: { kind } },
    );
  }
  if (split === null && kind !== 'jsonl') {
    throw new EarsightError(
      'bad-config',
      `--calibrate takes the validation split, and without --split the whole of ${kind} is judged, that split with it. Say --split test.`,
      { details: { kind } },
    );
  }
  return { ...chosen, dataset: dataset === null ? null : { ...dataset, subset: undefined } };
}
