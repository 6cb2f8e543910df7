/** Single settings from the environment and from flags: which place they mean and what value their text stands for. */

import { parse } from 'yaml';
import { type JsonSchema, keysAt, type Path, ruleAt } from './json-schema-walk.ts';
import type { Environment } from './variables.ts';

/** One setting laid over the file. */
export interface Setting {
  path: Path;
  value: unknown;
  /** How the person gave it: `EARSIGHT_SERVER__PORT`, `--port`. */
  where: string;
}

export const ENVIRONMENT_PREFIX = 'EARSIGHT_';
/** Read by the commands, not a setting: the configuration file. */
export const CONFIG_VARIABLE = 'EARSIGHT_CONFIG';

/** Ends the name of a variable whose value stands in the file it names. */
const FILE_SUFFIX = '_FILE';

const squeeze = (word: string): string => word.replaceAll('_', '').toLowerCase();

/**
 * `EARSIGHT_ENGINE__MAX_BATCH=4` means `engine.maxBatch`: two underscores part the levels, single ones and case do
 * not matter. `EARSIGHT_ENGINE__MAX_BATCH_FILE=/run/secrets/batch` takes the value from that file. A name that fits
 * nothing is kept, so that the schema refuses it like any unknown key.
 * @param read reads such a file; throws where it cannot
 * @param problems gets what it threw
 */
export function environmentSettings(
  schema: JsonSchema,
  environment: Environment,
  read: (file: string) => string,
  problems: string[],
): Setting[] {
  const settings: Setting[] = [];
  for (const [name, given] of Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.startsWith(ENVIRONMENT_PREFIX) || name === CONFIG_VARIABLE || given === undefined) continue;
    let place = placeOf(schema, name);
    let text = given;
    const inFile = name.endsWith(FILE_SUFFIX) ? placeOf(schema, name.slice(0, -FILE_SUFFIX.length)) : null;
    if (!place.known && inFile?.known === true) {
      place = inFile;
      try {
        text = read(given);
      } catch (thrown) {
        problems.push(`${name}: ${(thrown as Error).message}.`);
        continue;
      }
    }
    const { path } = place;
    settings.push({ path, value: valueOf(schema, path, text), where: name });
  }
  return settings;
}

function placeOf(schema: JsonSchema, name: string): { path: string[]; known: boolean } {
  const path: string[] = [];
  let known = true;
  for (const word of name.slice(ENVIRONMENT_PREFIX.length).split('__')) {
    const key = keysAt(schema, path, undefined).find((candidate) => squeeze(candidate) === squeeze(word));
    if (key === undefined) known = false;
    path.push(key ?? word.toLowerCase());
  }
  return { path, known };
}

/** `server.port=9000`, from `--set`. Null when there is no `=`. */
export function flagSetting(schema: JsonSchema, assignment: string): Setting | null {
  const equals = assignment.indexOf('=');
  if (equals < 1) return null;
  const name = assignment.slice(0, equals).trim();
  const path = name.split('.');
  return { path, value: valueOf(schema, path, assignment.slice(equals + 1)), where: `--set ${name}` };
}

/**
 * Text stays text where text is wanted; elsewhere it is read as YAML: 9000, true, null, [a, b].
 * @param input the whole input, which decides between alternatives on the way
 */
export function valueOf(schema: JsonSchema, path: Path, text: string, input?: unknown): unknown {
  const rule = ruleAt(schema, path, input);
  const resolved = ruleAt(schema, path, input, true);
  const nullable =
    rule?.anyOf?.some((choice) => typeof choice === 'object' && choice.type === 'null') ?? false;
  if (resolved?.type === 'string' && !(nullable && text === 'null')) return text;
  try {
    return parse(text, { logLevel: 'error' }) as unknown;
  } catch {
    return text;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A copy of `base` with the setting in its place; groups on the way are made, list items are replaced by index. */
export function withSetting(base: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(base) && /^\d+$/.test(String(key))) {
    const copy: unknown[] = [...(base as unknown[])];
    copy[Number(key)] = withSetting(copy[Number(key)], rest, value);
    return copy;
  }
  const group = isRecord(base) ? base : {};
  return { ...group, [key]: withSetting(Object.hasOwn(group, key) ? group[key] : undefined, rest, value) };
}
