/** `earsight evaluate <model>`: the paper's two tables and more, on scenes or on a published data set. */

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Precision } from '../../model/load-manifest.ts';
import { EarsightError } from '../../pipeline/errors.ts';
import { DATASET_KINDS } from '../../training/datasets/dataset-choice.ts';
import { PAGE_FILE, evaluate as runEvaluation } from '../../training/evaluate/evaluate.ts';
import { METHODS, type Method } from '../../training/evaluate/methods.ts';
import type { DataChoice } from '../../training/evaluate/open-data.ts';
import { confusionTable, tablesOf, textOf } from '../../training/evaluate/tables.ts';
import { writeCard } from '../../training/evaluate/write-card.ts';
import { statusLine } from './status-line.ts';
import { stopOnSignal } from './stop-on-signal.ts';
import { wholeNumber } from './whole-number.ts';

export interface EvaluateFlags {
  data?: string;
  scenes?: string;
  dataset?: string;
  annotations?: string;
  boxes?: string;
  pairing?: string;
  subset?: string;
  method: string;
  firstStage?: string;
  precision: string;
  samples: string;
  seed: string;
  /** What {@link DataChoice} takes where it is not said. */
  split?: string;
  drawn?: true;
  calibrate?: string;
  robustness?: string;
  later?: true;
  out?: string;
  card?: true;
  notes?: string;
  json?: true;
}

/** @returns the exit code. @throws EarsightError when model or data do not serve */
export async function evaluate(folder: string, flags: EvaluateFlags): Promise<number> {
  const { card } = flags;
  const data = dataOf(flags);
  if (card === true && (flags.calibrate !== undefined || (data.split ?? 'test') !== 'test')) {
    throw new EarsightError(
      'bad-config',
      '--card describes the model as it is, on the test split: leave out --calibrate and --split.',
    );
  }
  const notes = flags.notes === undefined ? '' : await readFile(resolve(flags.notes), 'utf8');
  const line = statusLine(process.stderr);
  const stop = stopOnSignal();
  try {
    const evaluated = await runEvaluation({
      folder: resolve(folder),
      firstStage: flags.firstStage === undefined ? null : resolve(flags.firstStage),
      precision: precisionOf(flags.precision),
      data,
      methods: methodsOf(flags.method),
      calibrationSamples: flags.calibrate === undefined ? 0 : wholeNumber('--calibrate', flags.calibrate),
      robustnessSamples: flags.robustness === undefined ? 0 : wholeNumber('--robustness', flags.robustness),
      later: flags.later === true,
      out: flags.out === undefined ? null : resolve(flags.out),
      say: (what, done, total) => line.passing(`${what}: ${done} of ${total}`),
      signal: stop.signal,
    });
    line.end();
    const { result, more, calibrated, robustness, later } = evaluated;
    if (flags.json === true) {
      const facts = { result, robustness, calibrated, ...(later === null ? {} : { later }) };
      process.stdout.write(`${JSON.stringify(facts, null, 2)}\n`);
    } else {
      const tables = [...tablesOf(result), ...more, confusionTable(result)];
      const facts = [
        `${result.model} on ${result.samples} examples of ${result.data}`,
        ...result.remarks,
        ...(later?.remarks ?? []),
      ];
      process.stdout.write(`${facts.join('\n')}\n\n${tables.map(textOf).join('\n')}`);
    }
    if (flags.out !== undefined) process.stderr.write(`With pictures: ${resolve(flags.out, PAGE_FILE)}\n`);
    if (card === true) {
      const path = await writeCard({ folder: resolve(folder), evaluated, data, notes });
      process.stderr.write(`The model's card: ${path}\n`);
    }
    return 0;
  } finally {
    line.end();
    stop.release();
  }
}

function precisionOf(text: string): Precision {
  if (text === 'float32' || text === 'int8') return text;
  throw new EarsightError('bad-config', `--precision must be float32 or int8, but is "${text}".`);
}

function dataOf(flags: EvaluateFlags): DataChoice {
  const { data, scenes, dataset, annotations, boxes, pairing, subset, split } = flags;
  if (split !== undefined && split !== 'train' && split !== 'validation' && split !== 'test') {
    throw new EarsightError('bad-config', `--split must be train, validation or test, but is "${split}".`);
  }
  if (dataset !== undefined && data === undefined) {
    throw new EarsightError('bad-config', `--dataset ${dataset} needs --data, the folder of its media.`);
  }
  // What the choice holds is checked where it is parsed; here only its kind, so that the message names the flag.
  if (dataset !== undefined && !DATASET_KINDS.some((kind) => kind === dataset)) {
    throw new EarsightError(
      'bad-config',
      `--dataset must be one of ${DATASET_KINDS.join(', ')}, but is "${dataset}".`,
    );
  }
  const own = {
    ...(dataset === undefined ? {} : { kind: dataset }),
    ...(annotations === undefined ? {} : { annotations: resolve(annotations) }),
    ...(boxes === undefined ? {} : { boxes }),
    ...(pairing === undefined ? {} : { pairing }),
    ...(subset === undefined ? {} : { subset: resolve(subset) }),
  };
  return {
    path: data === undefined ? null : resolve(data),
    scenes: scenes === undefined ? null : resolve(scenes),
    dataset: Object.keys(own).length === 0 ? null : own,
    split: split ?? null,
    style: flags.drawn === true ? 'drawn' : 'photo',
    samples: wholeNumber('--samples', flags.samples),
    seed: wholeNumber('--seed', flags.seed),
  };
}

function methodsOf(text: string): Method[] {
  if (text === 'all') return [...METHODS];
  return text.split(',').map((name) => {
    const found = METHODS.find((method) => method === name.trim());
    if (found !== undefined) return found;
    throw new EarsightError(
      'bad-config',
      `--method must be all or some of ${METHODS.join(', ')}, but "${name}" is none of them.`,
    );
  });
}
