/** Single settings from the environment and from flags: which place they mean and what value their text stands for. */

import { parse } from 'yaml';
import { type JsonSchema, keysAt, type Path, ruleAt } from './json-schema-walk.ts';

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

const squeeze = (word: string): string => word.replaceAll('_', '').toLowerCase();

/**
 * `EARSIGHT_ENGINE__MAX_BATCH=4` means `engine.maxBatch`: two underscores part the levels, single ones and case do
 * not matter. A name that fits nothing is kept, so that the schema refuses it like any unknown key.
 */
export function environmentSettings(
  schema: JsonSchema,
  environment: Readonly<Record<string, string | undefined>>,
): Setting[] {
  const settings: Setting[] = [];
  for (const [name, text] of Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.startsWith(ENVIRONMENT_PREFIX) || name === CONFIG_VARIABLE || text === undefined) continue;
    const path: string[] = [];
    for (const word of name.slice(ENVIRONMENT_PREFIX.length).split('__')) {
      const known = keysAt(schema, path, undefined);
      path.push(known.find((key) => squeeze(key) === squeeze(word)) ?? word.toLowerCase());
    }
    settings.push({ path, value: valueOf(schema, path, text), where: name });
  }
  return settings;
}

/** `server.port=9000`, from `--set`. Null when there is no `=`. */
export function flagSetting(schema: JsonSchema, assignment: string): Setting | null {
  const equals = assignment.indexOf('=');
  if (equals < 1) return null;
  const name = assignment.slice(0, equals).trim();
  const path = name.split('.');
  return { path, value: valueOf(schema, path, assignment.slice(equals + 1)), where: `--set ${name}` };
}

/** Text stays text where text is wanted; elsewhere it is read as YAML: 9000, true, null, [a, b]. */
function valueOf(schema: JsonSchema, path: Path, text: string): unknown {
  const rule = ruleAt(schema, path, undefined);
  const resolved = ruleAt(schema, path, undefined, true);
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
