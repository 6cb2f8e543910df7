/** Turns zod's issues into sentences that say what is wrong, why, and what to do; used for files, flags and HTTP. */

import type { z } from 'zod';
import { redactUrl } from '../../pipeline/redact.ts';
import { inputSchema, type JsonSchema, keysAt, type Path, ruleAt, valueAt } from './json-schema-walk.ts';
import { nearest } from './nearest.ts';

export interface Problem {
  /** Where, for programs: the path in the input. */
  path: Path;
  /** Where, for people: `streams[0].url`; empty for the whole input. */
  field: string;
  /** A sentence that begins with the field. */
  message: string;
}

/** Values under these names are never repeated. */
const SECRET = new Set(['url', 'username', 'password', 'credential', 'urls', 'hash']);

/** `['streams', 0, 'url']` as `streams[0].url`. */
export function fieldName(path: Path): string {
  return path
    .map((key, index) =>
      typeof key === 'number' || /^\d+$/.test(key) ? `[${key}]` : index === 0 ? key : `.${key}`,
    )
    .join('');
}

/**
 * Every issue of a failed parse of `input` as a sentence, in the order of the schema.
 * @param hidden places whose values are not repeated, beside those whose name tells
 */
export function problemsOf(
  schema: z.ZodType,
  error: z.ZodError,
  input: unknown,
  hidden: readonly Path[] = [],
): Problem[] {
  const veiled = new Set(hidden.map(fieldName));
  const root = inputSchema(schema);
  return error.issues.flatMap((issue) => {
    const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey(root, path, key, input));
    }
    const field = fieldName(path);
    return [{ path, field, message: sentence(root, path, field, input, issue, veiled) }];
  });
}

function unknownKey(root: JsonSchema, parent: Path, key: string, input: unknown): Problem {
  const path = [...parent, key];
  const known = keysAt(root, parent, input);
  const meant = nearest(key, known);
  const mend =
    meant === null
      ? `Known here: ${known.join(', ')}.`
      : `Did you mean ${fieldName([...parent, meant])}? Otherwise remove it.`;
  return { path, field: fieldName(path), message: `${fieldName(path)} is not a setting. ${mend}` };
}

function sentence(
  root: JsonSchema,
  path: Path,
  field: string,
  input: unknown,
  issue: z.core.$ZodIssue,
  veiled: ReadonlySet<string>,
): string {
  const isSecret = veiled.has(field) || path.some((key) => SECRET.has(String(key)));
  const subject = field === '' ? 'The whole input' : field;
  if (issue.code === 'custom') return `${field === '' ? '' : `${field} `}${stop(issue.message)}`;
  if (issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options)) {
    const given = valueAt(input, path);
    const found =
      given === undefined
        ? 'is missing: it must be'
        : `is ${isSecret ? 'something else' : shown(given)}, but must be`;
    return `${subject} ${found} ${listed(issue.options.map(String))}.`;
  }
  const rule = ruleAt(root, path, input);
  if (rule === null) return `${subject} is not acceptable: ${stop(issue.message)}`;
  const value = valueAt(input, path);
  const about = rule.description === undefined ? '' : ` ${stop(rule.description)}`;
  if (value === undefined) return `${subject} is missing: it must be ${ruleInWords(rule)}.${about}`;
  const found = isSecret ? 'what was given is not' : `it is ${shown(value)}`;
  const mend =
    rule.default === undefined || rule.type === 'object'
      ? ''
      : ` Correct it, or leave it out for the default, ${JSON.stringify(rule.default)}.`;
  return `${subject} must be ${ruleInWords(rule)}, but ${found}.${about}${mend}`;
}

const stop = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${String(value.length)}`;
  if (typeof value === 'object' && value !== null) return 'a group of settings';
  // A URL may stand in the wrong place, with its password.
  const harmless = typeof value === 'string' && value.includes('://') ? redactUrl(value) : value;
  const text = JSON.stringify(harmless) as string | undefined;
  return text === undefined ? typeof value : text.length > 60 ? `${text.slice(0, 57)}..."` : text;
}

/** `a whole number from 0 to 65535`. */
export function ruleInWords(rule: JsonSchema): string {
  const choices = rule.anyOf ?? rule.oneOf;
  if (choices !== undefined) {
    const kinds = choices.flatMap((choice) => kindOf(choice));
    if (kinds.length > 0) return `a group of settings whose kind is ${listed(kinds)}`;
    return choices.map((choice) => ruleInWords(choice)).join(' or ');
  }
  if (rule.enum !== undefined) return listed(rule.enum.map(String));
  if (rule.const !== undefined) return String(rule.const);
  switch (rule.type) {
    case 'null':
      return 'null';
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `a whole number${range(rule)}`;
    case 'number':
      return `a number${range(rule)}`;
    case 'string':
      if (rule.pattern !== undefined) return `text like /${rule.pattern}/`;
      if (rule.format === 'uri') return 'a URL';
      return rule.maxLength === undefined ? 'text' : `text of at most ${String(rule.maxLength)} characters`;
    case 'array':
      return rule.prefixItems === undefined ? 'a list' : `a list of ${String(rule.prefixItems.length)}`;
    case 'object':
      return 'a group of settings';
    default:
      return 'something else';
  }
}

function kindOf(choice: JsonSchema): string[] {
  const kind = choice.properties?.['kind'];
  return typeof kind === 'object' && typeof kind.const === 'string' ? [kind.const] : [];
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
}

function range(rule: JsonSchema): string {
  if (rule.exclusiveMinimum !== undefined && rule.maximum !== undefined) {
    return ` above ${String(rule.exclusiveMinimum)} up to ${String(rule.maximum)}`;
  }
  if (rule.minimum !== undefined && rule.maximum !== undefined) {
    return ` from ${String(rule.minimum)} to ${String(rule.maximum)}`;
  }
  return rule.minimum === undefined ? '' : ` of at least ${String(rule.minimum)}`;
}
