/** Reads the YAML file, remembering where each setting stands so that problems can name line and column. */

import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type YAMLError } from 'yaml';
import type { Path } from './json-schema-walk.ts';

export interface YamlFile {
  /** The settings; an empty group when the file is empty. */
  value: unknown;
  /** Syntax errors, each with its place; the value is then not to be used. */
  errors: string[];
  /** `file:line:column` of the setting at `path`, or of the nearest group around it. */
  where(path: Path): string;
}

/** Those that quote what stands in the file end with the quotation: it may be a password that wanted quotes. */
const QUOTING: ReadonlySet<string> = new Set([
  'BAD_ALIAS',
  'BAD_COLLECTION_TYPE',
  'BAD_DIRECTIVE',
  'BAD_DQ_ESCAPE',
  'IMPOSSIBLE',
  'TAG_RESOLVE_FAILED',
  'UNEXPECTED_TOKEN',
]);

function withoutSource({ code, message }: YAMLError): string {
  return QUOTING.has(code) ? `${message.replace(/[:\\\\!*%].*$/s, '').trim()}.` : message;
}

/** @param file only for naming places */
export function parseYaml(text: string, file: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${String(line)}:${String(col)}`;
  };
  // A warning is a tag that means nothing to us, so the value behind it would be another than was written.
  const errors = [...document.errors, ...document.warnings].map(
    (error) =>
      `${place(error.pos[0])}: this is not YAML: ${withoutSource(error)} Mend the indentation or the quotes there.`,
  );
  let value: unknown = {};
  if (errors.length === 0) {
    try {
      value = (document.toJS() as unknown) ?? {};
    } catch {
      errors.push(
        `${file}: an alias (*name) has no anchor, or they multiply without end. Write the values out.`,
      );
    }
  }
  return {
    value,
    errors,
    where(path) {
      let node: unknown = document.contents;
      let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
      for (const key of path) {
        if (isMap(node)) {
          const pair = node.items.find(
            (item) => isScalar(item.key) && String(item.key.value) === String(key),
          );
          if (pair === undefined) break;
          if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
          node = pair.value;
        } else if (isSeq(node)) {
          node = node.items[Number(key)];
          if (!isNode(node)) break;
          offset = node.range?.[0] ?? offset;
        } else break;
      }
      return place(offset);
    },
  };
}
