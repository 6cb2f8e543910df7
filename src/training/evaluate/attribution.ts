/** Who made the photos and recordings: from the collection's ATTRIBUTION.csv to what a model card must say. */

import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';

const rowsSchema = z.array(
  z.object({ file: z.string().min(1), source_repo: z.string(), licence: z.string() }),
);

/** Files of one source under one licence. */
export interface Attribution {
  source: string;
  licence: string;
  files: number;
  /** Folders they lie in. */
  folders: string[];
  /** What the licence column says beyond the licence: authors, speakers, places; each once. */
  credits: string[];
}

/**
 * @param isUsed - whether a file, by its path below the collection's root, was used
 * @returns the largest sources first; none when the file does not exist
 * @throws EarsightError `bad-dataset` naming file and mend
 */
export function readAttribution(path: string, isUsed: (file: string) => boolean): Attribution[] {
  if (!existsSync(path)) return [];
  let rows: z.infer<typeof rowsSchema>;
  try {
    rows = rowsSchema.parse(parse(readFileSync(path, 'utf8'), { columns: true, bom: true }));
  } catch (cause) {
    throw new EarsightError(
      'bad-dataset',
      `${path} cannot be read: ${messageOf(cause)}. It is a table with the columns file, source_repo and licence.`,
      { cause },
    );
  }
  const groups = new Map<string, Attribution>();
  for (const { file, source_repo: source, licence: text } of rows) {
    if (!isUsed(file)) continue;
    const { licence, credit } = split(text);
    const key = JSON.stringify([source, licence]);
    const group = groups.get(key) ?? { source, licence, files: 0, folders: [], credits: [] };
    groups.set(key, group);
    group.files++;
    const folder = file.slice(0, Math.max(0, file.lastIndexOf('/')));
    if (!group.folders.includes(folder)) group.folders.push(folder);
    if (credit !== '' && !group.credits.includes(credit)) group.credits.push(credit);
  }
  return [...groups.values()].sort((a, b) => b.files - a.files);
}

/** `CC BY 3.0; freesound author x` and `CC BY 3.0 (freesound x 123) per README` alike: the licence, and the rest. */
function split(text: string): { licence: string; credit: string } {
  const at = text.search(/[;(]/);
  if (at < 0) return { licence: text.trim(), credit: '' };
  const rest = text.slice(at + 1);
  const closing = text[at] === '(' ? rest.indexOf(')') : -1;
  return { licence: text.slice(0, at).trim(), credit: (closing < 0 ? rest : rest.slice(0, closing)).trim() };
}
