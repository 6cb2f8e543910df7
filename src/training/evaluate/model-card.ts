/** A model's card, `models/<name>/README.md`: what it is, how good it is, whom its data are owed to, what it cannot do. */

import type { ModelManifest } from '../../model/manifest.ts';
import type { CellLogistic } from '../../pipeline/heatmap/calibrate.ts';
import type { Attribution } from './attribution.ts';
import type { CalibrationFigures } from './calibration/figures.ts';
import { type EvaluationResult, shareOf } from './results.ts';
import { type Robustness, robustnessTable } from './robustness.ts';
import { confusionTable, markdownOf, percent, type Table, tablesOf } from './tables.ts';

export interface CardInput {
  manifest: Pick<
    ModelManifest,
    'name' | 'version' | 'description' | 'classes' | 'frame' | 'grid' | 'training' | 'calibration'
  >;
  result: EvaluationResult;
  robustness: readonly Robustness[];
  /** By the protocols of later papers, and what the data lack for them; empty where nobody asked. */
  later: { tables: readonly Table[]; remarks: readonly string[] };
  /** Null where the manifest does not tell. */
  calibrated: CalibrationFigures | null;
  attributions: readonly Attribution[];
  /** Further text, Markdown: limits that no number shows, what fell short and why. */
  notes: string;
  /** Commands, one a line. */
  reproduce: readonly string[];
}

/** Pure; ends with a line end. */
export function modelCard(input: CardInput): string {
  const { manifest, result, robustness, later, notes, reproduce } = input;
  const { name, version, description, classes, frame, grid, training } = manifest;
  const tables = [
    ...tablesOf(result),
    ...(robustness.length === 0 ? [] : [robustnessTable(robustness)]),
    confusionTable(result),
  ];
  const parts = [
    `# ${name} ${version}`,
    description,
    [
      `- **Classes**: ${classes.map((one) => one.name).join(', ')}.`,
      `- **Input**: a picture of ${frame.width} x ${frame.height} pixels and the second of sound that ends with it, 22,050 Hz mono. **Output**: for every class the probability that it is heard, that it is seen, and a map of ${grid.rows} x ${grid.cols} cells. Tensors, front end and calibration: \`manifest.json\`.`,
      `- **Training**: ${training.how}`,
    ].join('\n'),
    '## Results',
    `${result.samples} examples of ${result.data}, seed ${result.seed}; photos and recordings of the test split, which training and calibration never saw. Figures are per cent unless said otherwise; a share of ${result.levels[0]?.n ?? 0} examples is known to about ${standardError(result.levels[0]?.n ?? 0)} points (one standard error), and less well where few photos stand behind it.`,
    ...tables.map(section),
    ...listOf(result.remarks),
    ...(later.tables.length === 0 ? [] : ['## Protocols of later papers', ...later.tables.map(section)]),
    ...listOf(later.remarks),
    ...calibrationPart(input),
    '## Data',
    training.data,
    ...attributionPart(input.attributions),
    '## Limits',
    [...limitsOf(result), ...(notes.trim() === '' ? [] : [`\n${notes.trim()}`])].join('\n'),
    '## Reproduce',
    `\`\`\`sh\n${reproduce.join('\n')}\n\`\`\``,
  ];
  return `${parts.join('\n\n')}\n`;
}

function listOf(remarks: readonly string[]): string[] {
  return remarks.length === 0 ? [] : [remarks.map((remark) => `- ${remark}`).join('\n')];
}

function section(table: Table): string {
  return [`### ${table.title}`, ...(table.note === '' ? [] : [table.note]), markdownOf(table)].join('\n\n');
}

/** Largest binomial standard error of a share of `n`, in points. */
function standardError(n: number): string {
  return n === 0 ? '–' : (50 / Math.sqrt(n)).toFixed(1);
}

function calibrationPart({ manifest: { calibration }, calibrated }: CardInput): string[] {
  const [first] = calibration.classes;
  const { cells, similarity } = calibration;
  const heat =
    cells === undefined
      ? `Heat is similarity from ${similarity.low} (nothing) to ${similarity.high} (full).`
      : `The log-odds that the source is in a cell are ${termsOf(cells)}; heat is the probability at the likeliest cell, and ends where log-odds lie ${cells.width} below it${widthsOf(calibration)}. It has ${cells.upsample} times the network's rows and columns.`;
  const text = `Measured on ${calibration.source} A class's gate opens at a calibrated probability of ${first?.heard.on ?? '–'} and closes below ${first?.heard.off ?? '–'}, the same for every class. ${heat} Boxes enclose what reaches ${calibration.mapThreshold} of the maximum.`;
  if (calibrated === null) return ['## Calibration', text];
  const table = markdownOf({
    head: ['map, on validation', 'level 1', 'level 2', 'level 3', 'pointing'],
    rows: calibrated.maps.map(({ name, success, pointing }) => [
      name,
      ...success.map((cuts) => cuts.map(percent).join(' / ')),
      pointing.map(percent).join(' / '),
    ]),
  });
  return [
    '## Calibration',
    text,
    'The shown map was chosen on validation (success with maps cut above 0.1 / 0.3 / 0.5 of their maximum):',
    table,
  ];
}

/** Classes with a width of their own, in words. */
function widthsOf({ classes }: ModelManifest['calibration']): string {
  const own = classes.flatMap(({ name, width }) => (width === undefined ? [] : [`${name} ${width}`]));
  return own.length === 0 ? '' : ` (by class: ${own.join(', ')})`;
}

/** The weighted sum in words, without what has no weight. */
function termsOf({ similarity, activation, seen, offset }: CellLogistic): string {
  const terms: [weight: number, of: string][] = [
    [similarity, 'similarity'],
    [activation, 'log(class activation + 0.01)'],
    [seen, 'log-odds of the class being seen'],
  ];
  const weighted = terms.filter(([weight]) => weight !== 0).map(([weight, of]) => `${weight} x ${of}`);
  return [...weighted, String(offset)].join(' + ');
}

function attributionPart(attributions: readonly Attribution[]): string[] {
  if (attributions.length === 0) return [];
  const table = markdownOf({
    head: ['source', 'licence', 'files', 'folders'],
    rows: attributions.map(({ source, licence, files, folders }) => [
      source,
      licence,
      String(files),
      folders.length > 8
        ? `${folders.slice(0, 7).join(', ')} and ${folders.length - 7} more`
        : folders.join(', '),
    ]),
  });
  const credits = attributions
    .filter((one) => one.credits.length > 0)
    .map(({ source, licence, credits: of }) => `**${source}, ${licence}**: ${of.join('; ')}.`);
  return [
    table,
    'Photo collections were gathered from the web by their authors; the licences are those of the collections. None of the photos and recordings are part of this repository.',
    ...(credits.length === 0
      ? []
      : [`<details><summary>Authors and places</summary>\n\n${credits.join('\n\n')}\n\n</details>`]),
  ];
}

/** What the numbers themselves say against it. */
function limitsOf(result: EvaluationResult): string[] {
  const lines: string[] = [];
  const weakest = (pick: 'heardAp' | 'seenAp'): string | null => {
    const known = result.perClass.filter((one) => one[pick] !== null);
    const [worst] = known.toSorted((a, b) => (a[pick] ?? 0) - (b[pick] ?? 0));
    return worst === undefined ? null : `${worst.name} (${percent(worst[pick])} %)`;
  };
  const [heard, seen] = [weakest('heardAp'), weakest('seenAp')];
  if (heard !== null && seen !== null) {
    lines.push(`- Worst heard: ${heard}; worst seen: ${seen}, average precision.`);
  }
  for (const { kind, rate } of result.gate.falseOpens) {
    const share = shareOf(rate);
    if (share !== null && share > 0.05) {
      lines.push(`- Of clips with ${kind} alone ${percent(share)} % are taken for one of the classes.`);
    }
  }
  const { offScreen } = result.peaks;
  if (offScreen.median !== null && offScreen.median > 0.1) {
    lines.push(
      `- A sound off screen still warms the picture: to ${offScreen.median.toFixed(2)} of 1 in the middle of ${offScreen.n} examples.`,
    );
  }
  lines.push(
    '- Trained and tested on composed scenes: real rooms have echoes, sounds and things that these have not.',
    '- Sources of one class share one map. Objects narrower than a fifth of the picture are a cell or two.',
    '- Not for surveillance, identification or any decision about people.',
  );
  return lines;
}
