/** The model and what can compute it: every provider is tried on one picture. */

import { existsSync, readFileSync } from 'node:fs';
import { PROVIDERS } from '../../model/engine/onnx/providers.ts';
import { loadManifest, type ModelFolder } from '../../model/load-manifest.ts';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import type { LocalizationModel } from '../../pipeline/ports.ts';
import type { Config } from '../config/schema.ts';
import { createModel } from '../create-model.ts';
import { locate } from '../installation.ts';
import { type Finding, found, type Look, lookAt } from './finding.ts';

/** TensorRT compiles for minutes; a doctor does not wait for that. */
const TRIAL_MS = 60_000;
/** Runs after the first, of which the quickest counts. */
const RUNS = 5;

/** @param only the configured provider alone, or all */
export function engineLooks(config: Config, only: boolean): Look[] {
  const { engine } = config;
  const wanted = engine.name === 'tfjs' ? 'tfjs' : engine.provider;
  const names = engine.name === 'tfjs' ? (['tfjs'] as const) : PROVIDERS;
  return [
    lookAt('graphics', graphicsFindings),
    lookAt('model', async () => [await modelFinding(config)]),
    ...names
      .filter((name) => !only || name === wanted)
      .map((name) => lookAt(`engine ${name}`, () => trial(config, name, name === wanted))),
  ];
}

async function modelFinding(config: Config): Promise<Finding> {
  try {
    const { manifest, directory } = await loadManifest(locate(config.model.path));
    const { name, classes } = manifest;
    return found('model', 'good', `${name} in ${directory}, hears ${classes.length} classes`);
  } catch (thrown) {
    return found('model', 'fault', messageOf(thrown));
  }
}

async function trial(
  config: Config,
  name: 'tfjs' | (typeof PROVIDERS)[number],
  isWanted: boolean,
): Promise<Finding[]> {
  const folder: ModelFolder = await loadManifest(locate(config.model.path));
  const provider = name === 'tfjs' ? config.engine.provider : name;
  const engine = { ...config.engine, provider, workers: 1, maxBatch: 1 };
  const model = createModel(folder, engine, { workerUrl: undefined, onFault: () => undefined });
  const label = isWanted ? `engine ${name} (configured)` : `engine ${name}`;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new EarsightError('engine-unavailable', `it did not answer within ${TRIAL_MS / 1000} s.`)),
      TRIAL_MS,
    );
  });
  try {
    await Promise.race([model.initialize(), late]);
    const runMs = await Promise.race([quickestRunMs(model), late]);
    const rate = Math.floor(1000 / runMs);
    return [
      found(label, 'good', `works: ${runMs.toFixed(1)} ms a picture, about ${rate} a second for each worker`),
    ];
  } catch (thrown) {
    const text = messageOf(thrown);
    return [isWanted ? found(label, 'fault', text) : found(label, 'fact', text)];
  } finally {
    clearTimeout(timer);
    late.catch(() => undefined);
    await model.close();
  }
}

async function quickestRunMs(model: LocalizationModel): Promise<number> {
  const { frame, logmel } = model.shape;
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run <= RUNS; run++) {
    const batch = {
      size: 1,
      frames: new Uint8Array(frame.width * frame.height * 3),
      logmel: new Float32Array(logmel.columns * logmel.mels),
    };
    const startMs = performance.now();
    await model.run(batch);
    if (run > 0) best = Math.min(best, performance.now() - startMs);
  }
  return best;
}

/** By the driver's own files; no program is asked. */
function graphicsFindings(): Finding[] {
  const nvidia = '/proc/driver/nvidia/version';
  const devices = [
    ...(existsSync(nvidia)
      ? [readFileSync(nvidia, 'utf8').split('\n')[0]?.replace('NVRM version: ', '') ?? '']
      : []),
    ...(existsSync('/dev/dri') ? ['/dev/dri'] : []),
  ];
  if (process.platform !== 'linux') return [];
  return [
    found('graphics', 'fact', devices.join('; ') || 'no graphics processor is seen; the processor computes'),
  ];
}
