/** Reads separated rows, with the line of each, so that faults can be told. */

import { CsvError, parse } from 'csv-parse/sync';
import { z } from 'zod';
import type { AnnotationFile } from './annotation-folder.ts';
import { annotationFault } from './fault.ts';

export interface CsvRow {
  /** From 1. */
  line: number;
  cells: string[];
}

const parsedRows = z.array(z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) }));

/**
 * All rows that hold something; cells are trimmed. Quotes are RFC 4180's, also after a blank, as AudioSet writes them.
 *
 * @param options.cells - Fewest cells that a row must have.
 * @throws EarsightError `bad-dataset` naming file and line.
 */
export function readRows(
  file: AnnotationFile,
  options: { cells: number; delimiter?: string; comment?: string; quote?: boolean },
): CsvRow[] {
  const { delimiter = ',', comment, quote = true } = options;
  let parsed: unknown;
  try {
    parsed = parse(file.text(), {
      bom: true,
      delimiter,
      quote: quote ? '"' : null,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      ...(comment === undefined ? {} : { comment, comment_no_infix: true }),
    });
  } catch (thrown) {
    if (!(thrown instanceof CsvError)) throw thrown;
    const line: unknown = thrown['lines'];
    throw annotationFault(
      file.path,
      typeof line === 'number' ? { line } : null,
      thrown.message,
      'Correct the quotes of that row, or fetch the file again',
    );
  }
  const rows = parsedRows
    .parse(parsed)
    .map(({ record, info }): CsvRow => ({ line: info.lines, cells: record }));
  for (const row of rows) {
    if (row.cells.length >= options.cells) continue;
    throw annotationFault(
      file.path,
      { line: row.line },
      `the row has ${row.cells.length} cells and needs ${options.cells}`,
      'Correct or remove it, or fetch the file again',
    );
  }
  return rows;
}

/** Rows by the names of their header. @throws EarsightError `bad-dataset` when a column is missing. */
export function readTable<Name extends string>(
  file: AnnotationFile,
  columns: readonly Name[],
): { line: number; cell: Record<Name, string> }[] {
  const [header, ...rows] = readRows(file, { cells: 1 });
  const at = columns.map((name) => {
    const index = header?.cells.indexOf(name) ?? -1;
    if (index >= 0) return index;
    throw annotationFault(
      file.path,
      { line: header?.line ?? 1 },
      `the header has no column "${name}"`,
      `It must name ${columns.join(', ')}`,
    );
  });
  return rows.map(({ line, cells }) => ({
    line,
    cell: Object.fromEntries(columns.map((name, i) => [name, cells[at[i]!] ?? ''])) as Record<Name, string>,
  }));
}

/** A number of a row. @throws EarsightError `bad-dataset` naming file and line. */
export function numberIn(file: AnnotationFile, row: CsvRow, index: number, what: string): number {
  const text = row.cells[index] ?? '';
  const value = Number(text);
  if (text !== '' && Number.isFinite(value)) return value;
  throw annotationFault(
    file.path,
    { line: row.line },
    `${what} is "${text}", which is no number`,
    'Correct it',
  );
}
