/** An evaluation as tables of text: what terminal, HTML and model card all show. */

import type { Row } from './methods.ts';
import { type EvaluationResult, MAP_THRESHOLDS, type Rate, type Success, shareOf } from './results.ts';

export interface Table {
  title: string;
  /** How to read it, in a sentence or two; may be empty. */
  note: string;
  head: readonly string[];
  /** The first cell of each row is its name. */
  rows: readonly (readonly string[])[];
}

/** The paper's two tables, and what it takes to judge a product. */
export function tablesOf(result: EvaluationResult): Table[] {
  return [
    ...(result.agnostic.n > 0 ? [agnosticTable(result)] : []),
    ...result.levels.filter(({ n }) => n > 0).map((level) => levelTable(result, level)),
    classTable(result),
    gateTable(result),
  ];
}

/** `n` as it is said in titles. */
export const examples = (n: number): string => `${n} ${n === 1 ? 'example' : 'examples'}`;

/** Success and AUC in one cell. */
export const pair = ({ success, auc }: Success): string => `${percent(success)} / ${percent(auc)}`;

/** The rows that have figures, in their order: the label and what `cells` makes of them. */
export function rowsWith<T>(
  rows: readonly Row[],
  figures: Record<string, T | null>,
  cells: (of: T) => string[],
): string[][] {
  return rows.flatMap(({ id, label }) => {
    const of = figures[id];
    return of === null || of === undefined ? [] : [[label, ...cells(of)]];
  });
}

function agnosticTable({ agnostic, rows }: EvaluationResult): Table {
  return {
    title: `All that sounds, one map: cIoU@0.5 / AUC, % (${examples(agnostic.n)})`,
    note: "Qian et al.'s protocol for SoundNet-Flickr (their Table 1). Columns differ in where a map counts as on, and are not comparable with each other: from 0.1 of its maximum (theirs), above 0.5 of it (their simplified code), from its median (later papers).",
    head: ['method', 'from 0.1', 'above 0.5', 'median'],
    rows: rowsWith(rows, agnostic.rows, (of) => [pair(of.qian), pair(of['simplified-0.5']), pair(of.median)]),
  };
}

const LEVEL_NAMES = ['one class sounds', 'two classes sound', 'three or more classes sound'];

function levelTable(result: EvaluationResult, table: EvaluationResult['levels'][number]): Table {
  const { level, n, threshold, rows } = table;
  return {
    title: `Level ${level}, ${LEVEL_NAMES[level - 1] ?? ''}: class by class (${examples(n)})`,
    note: `Eq. 9 (their Table 2): share of examples with cIoU of at least ${threshold} / AUC, %, with maps cut at three shares of their maximum. Pointing: peaks on the sounding object; misled: peaks on a silent object of another class.`,
    head: ['method', ...MAP_THRESHOLDS.map((share) => `above ${share}`), 'pointing', 'misled'],
    rows: rowsWith(result.rows, rows, ({ cuts, pointing, silent }) => [
      ...cuts.map(pair),
      percent(shareOf(pointing)),
      percent(shareOf(silent)),
    ]),
  };
}

function classTable({ perClass, heardMap, seenMap, samples }: EvaluationResult): Table {
  return {
    title: `Average precision, % (${examples(samples)})`,
    note: 'Of ranking all examples by the probability that the class is heard, and seen; the number of examples that have it beside it.',
    head: ['class', 'heard', 'of', 'seen', 'of'],
    rows: [
      ...perClass.map(({ name, heard, seen, heardAp, seenAp }) => [
        name,
        percent(heardAp),
        String(heard),
        percent(seenAp),
        String(seen),
      ]),
      ['mean', percent(heardMap), '', percent(seenMap), ''],
    ],
  };
}

function gateTable({ gate, peaks }: EvaluationResult): Table {
  const row = (name: string, rate: Rate): string[] => [name, percent(shareOf(rate)), String(rate.n)];
  const peak = (name: string, { n, median }: { n: number; median: number | null }): string[] => [
    name,
    median === null ? '–' : median.toFixed(2),
    String(n),
  ];
  return {
    title: 'What is heard',
    note: 'A class is heard when its gate opens on the one frame.',
    head: ['', '%', 'of'],
    rows: [
      ...gate.allHeard
        .filter(({ rate }) => rate.n > 0)
        .map(({ level, rate }) => row(`all sounding classes heard, level ${level}`, rate)),
      row('sounding classes heard', gate.heard),
      row('another class heard too', gate.wrong),
      ...gate.falseOpens.map(({ kind, rate }) => row(`heard though none sounds: ${kind}`, rate)),
      peak('median peak of the heat, in sight (0 to 1)', peaks.inSight),
      peak('median peak of the heat, sound off screen', peaks.offScreen),
      peak('median peak of the heat, in sight without sound', peaks.noSound),
    ],
  };
}

/** Who is taken for whom; rows are what sounds. */
export function confusionTable({ classes, confusion }: EvaluationResult): Table {
  const names = [...classes, 'none'];
  return {
    title: 'Which class is heard as which',
    note: 'Rows: what sounds; columns: itself where it is heard, else the strongest wrong class that is.',
    head: ['sounds', ...names],
    rows: confusion.map((counts, index) => [names[index]!, ...counts.map(String)]),
  };
}

/** One decimal, without the sign; a dash for what has no value. */
export function percent(share: number | null): string {
  return share === null || Number.isNaN(share) ? '–' : (100 * share).toFixed(1);
}

/** For the terminal: columns as wide as they need. */
export function textOf({ title, note, head, rows }: Table): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd();
  const ruled = [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)];
  return `${[title, ...(note === '' ? [] : wrapped(note, 100)), '', ...ruled].join('\n')}\n`;
}

/** As Markdown has tables. */
export function markdownOf({ head, rows }: Pick<Table, 'head' | 'rows'>): string {
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  return current === '' ? lines : [...lines, current];
}
