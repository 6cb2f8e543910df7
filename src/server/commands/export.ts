/**
 * `earsight export <run>`: calibrates what a training run left and writes the model folder that is served. A served model
 * is calibrated anew: for other rooms and microphones, or after calibration itself has changed.
 */

import { basename, resolve } from 'node:path';
import { EarsightError } from '../../pipeline/errors.ts';
import { finishRun } from '../../training/export/finish-run.ts';
import { statusLine } from './status-line.ts';
import { stopOnSignal } from './stop-on-signal.ts';
import { wholeNumber } from './whole-number.ts';

export interface ExportFlags {
  out?: string;
  data?: string;
  scenes?: string;
  name?: string;
  modelVersion: string;
  frame?: string;
  samples: string;
  seed: string;
}

/** @returns the exit code. @throws EarsightError when the run or its data do not serve */
export async function exportRun(folder: string, flags: ExportFlags): Promise<number> {
  const run = resolve(folder);
  const out = resolve(flags.out ?? folder);
  const line = statusLine(process.stderr);
  const stop = stopOnSignal();
  try {
    const { manifest, calibrated } = await finishRun({
      run,
      out,
      name: flags.name ?? plainName(basename(out)),
      version: flags.modelVersion,
      side: flags.frame === undefined ? null : sideOf(flags.frame),
      data: {
        path: flags.data === undefined ? null : resolve(flags.data),
        scenes: flags.scenes === undefined ? null : resolve(flags.scenes),
        dataset: null,
        seed: wholeNumber('--seed', flags.seed),
      },
      samples: wholeNumber('--samples', flags.samples),
      training: {
        how: 'by earsight train; recipe.json and report.html of the run tell how',
        data: flags.data === undefined ? 'the drawn cast' : basename(resolve(flags.data)),
      },
      metrics: {},
      say: (what, done, total) => line.passing(`${what}: ${done} of ${total}`),
      signal: stop.signal,
    });
    line.end();
    const { gate, map } = calibrated;
    process.stdout.write(
      `${manifest.name} is in ${out}. Serve it: earsight serve --set model.path=${out}\n` +
        `Gates open at ${gate.on.toFixed(2)} (${(100 * gate.falseOpens).toFixed(1)} % of clips without sound pass on validation); heat is ${map.name}.\n`,
    );
    return 0;
  } finally {
    line.end();
    stop.release();
  }
}

function sideOf(text: string): number {
  const side = wholeNumber('--frame', text);
  if (side >= 32 && side <= 512 && side % 16 === 0) return side;
  throw new EarsightError('bad-config', `--frame must be a multiple of 16 from 32 to 512, but is ${text}.`);
}

/** A folder's name as a model may be called. */
export function plainName(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return plain === '' ? 'model' : plain;
}
