/** Puts a model's figures where they belong: the card beside it, and a summary into its manifest. */

import { readFile } from 'node:fs/promises';
import { basename, extname, isAbsolute, join, relative } from 'node:path';
import { z } from 'zod';
import { loadManifest } from '../../model/load-manifest.ts';
import { classListOf, readClassList } from '../scenes/class-list.ts';
import { writeAtomically } from '../trainer/atomic-file.ts';
import { readAttribution } from './attribution.ts';
import { calibrationFiguresSchema } from './calibration/figures.ts';
import type { Evaluated } from './evaluate.ts';
import { laterTables } from './later/tables.ts';
import { modelCard } from './model-card.ts';
import { type DataChoice, datasetOf } from './open-data.ts';
import { MAP_THRESHOLDS, shareOf } from './results.ts';

export const CARD_FILE = 'README.md';
const ATTRIBUTION_FILE = 'ATTRIBUTION.csv';

export interface WriteCardOptions {
  /** A served model's. */
  folder: string;
  evaluated: Evaluated;
  data: DataChoice;
  /** Markdown that goes under the card's limits. */
  notes: string;
}

/** @returns the card's path. @throws EarsightError `model-missing`, `bad-manifest`, `bad-dataset` */
export async function writeCard({ folder, evaluated, data, notes }: WriteCardOptions): Promise<string> {
  const { manifest } = await loadManifest(folder);
  const { result, robustness, later } = evaluated;
  const figures = calibrationFiguresSchema.safeParse(manifest.metrics['calibration']);
  const card = modelCard({
    manifest,
    result,
    robustness,
    later: {
      tables: later === null ? [] : laterTables(later, result.rows),
      remarks: later?.remarks ?? [],
    },
    calibrated: figures.success ? figures.data : null,
    // A published set's authors are those of its paper, whom the data set's own page names.
    attributions:
      data.path === null || datasetOf(data) !== null
        ? []
        : readAttribution(join(data.path, ATTRIBUTION_FILE), usedFiles(data.path, data.scenes)),
    notes,
    reproduce: commandsOf(folder, evaluated, data),
  });
  const path = join(folder, CARD_FILE);
  await writeAtomically(path, card);
  // The file's own form is kept: only its metrics change.
  const manifestPath = join(folder, 'manifest.json');
  const whole = z.looseObject({}).parse(JSON.parse(await readFile(manifestPath, 'utf8')));
  const metrics = { ...manifest.metrics, evaluation: summaryOf(evaluated) };
  await writeAtomically(manifestPath, `${JSON.stringify({ ...whole, metrics }, null, 2)}\n`);
  return path;
}

/** Files below the folders that the class list names. */
function usedFiles(root: string, scenes: string | null): (file: string) => boolean {
  const { folders, classes, silent, offScreen } = scenes === null ? classListOf(root) : readClassList(scenes);
  const used = [
    `${folders.backgrounds}/`,
    `${folders.silent}/`,
    ...[...classes.flatMap(({ photos }) => photos), ...silent].map((name) => `${folders.photos}/${name}/`),
    ...[...classes.flatMap(({ sounds }) => sounds), ...offScreen].map((name) => `${folders.sounds}/${name}/`),
  ];
  return (file) => used.some((folder) => file.startsWith(folder));
}

/** Paths are given as names, since whoever reads the card has others. */
function commandsOf(folder: string, { result, later }: Evaluated, data: DataChoice): string[] {
  const words = [
    `node src/server/main.ts evaluate models/${basename(folder)}`,
    ...(data.path === null
      ? []
      : [`--data ${extname(data.path) === '' ? 'DATA-FOLDER' : basename(data.path)}`]),
    ...(data.scenes === null ? [] : [`--scenes ${near(data.scenes)}`]),
    ...datasetFlags(data.dataset ?? {}),
    ...(data.split === null ? [] : [`--split ${data.split}`]),
    ...(data.style === 'drawn' ? ['--drawn'] : []),
    `--samples ${result.samples} --seed ${result.seed}`,
    ...(later === null ? [] : ['--later']),
    '--out evaluation',
  ];
  return [words.join(' ')];
}

function summaryOf({ result }: Evaluated): z.core.util.JSONType {
  const { data, samples, seed, heardMap, seenMap, levels, gate } = result;
  const shown = ['cam', 'ours', 'ours-gated', 'paper', 'random', 'all-ones', 'centre'];
  return {
    data,
    samples,
    seed,
    audioMeanAP: heardMap,
    visualMeanAP: seenMap,
    mapThresholds: [...MAP_THRESHOLDS],
    levels: levels.map(({ level, n, rows }) => ({
      level,
      n,
      rows: Object.fromEntries(
        shown.flatMap((id) => {
          const row = rows[id];
          if (row === null || row === undefined) return [];
          const figures = {
            pointing: shareOf(row.pointing),
            success: row.cuts.map(({ success }) => finite(success)),
            auc: row.cuts.map(({ auc }) => finite(auc)),
          };
          return [[id, figures]];
        }),
      ),
    })),
    allHeard: gate.allHeard.map(({ rate }) => shareOf(rate)),
    falseOpens: Object.fromEntries(gate.falseOpens.map(({ kind, rate }) => [kind, shareOf(rate)])),
  };
}

/** Not-a-number is not JSON. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function datasetFlags({ kind, ...own }: NonNullable<DataChoice['dataset']>): string[] {
  const paths = ['annotations', 'subset'];
  const others = Object.entries(own).flatMap(([field, value]) =>
    value === undefined ? [] : [`--${field} ${paths.includes(field) ? near(value) : value}`],
  );
  return [...(kind === undefined ? [] : [`--dataset ${kind}`]), ...others];
}

/** As seen from here; a name alone where it lies elsewhere. */
function near(path: string): string {
  const seen = relative(process.cwd(), path);
  return seen.startsWith('..') || isAbsolute(seen) ? basename(path) : seen;
}
