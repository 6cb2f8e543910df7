/** Finds the rule that governs one place of an input: a walk through the JSON Schema that zod makes of itself. */

import { z } from 'zod';

export type JsonSchema = z.core.JSONSchema.JSONSchema;
export type Path = readonly (string | number)[];

/** Making one takes tens of milliseconds. */
const made = new WeakMap<z.ZodType, JsonSchema>();

/** The JSON Schema of what may be put in (defaults not yet filled in). The same one each time: not to be changed. */
export function inputSchema(schema: z.ZodType): JsonSchema {
  const known = made.get(schema);
  if (known !== undefined) return known;
  const input = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  made.set(schema, input);
  return input;
}

const isSchema = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of several alternatives, the one whose fixed `kind` the value names; else the first that can hold anything. */
function alternative(schema: JsonSchema, value: unknown): JsonSchema {
  const choices = (schema.oneOf ?? schema.anyOf ?? []).filter(isSchema);
  if (choices.length === 0) return schema;
  const kind = isRecord(value) ? value['kind'] : undefined;
  const named = choices.find((choice) => {
    const rule = choice.properties?.['kind'];
    return kind !== undefined && isSchema(rule) && rule.const === kind;
  });
  return alternative(named ?? choices.find((choice) => choice.type !== 'null') ?? schema, value);
}

/** What the given value holds at `path`; undefined where it ends before. */
export function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const key of path) {
    if (Array.isArray(here)) here = here[Number(key)];
    else if (isRecord(here) && Object.hasOwn(here, key)) here = here[key];
    else return undefined;
  }
  return here;
}

/**
 * The rule for the place `path`, or null where nothing may stand. `value` is the whole input: it decides between
 * alternatives. The last step keeps `anyOf` (so that "or null" can be said) unless `resolve` asks otherwise.
 */
export function ruleAt(root: JsonSchema, path: Path, value: unknown, resolve = false): JsonSchema | null {
  let schema: JsonSchema = root;
  let here = value;
  for (const key of path) {
    const group: JsonSchema = alternative(schema, here);
    const items: unknown = group.items;
    const next: unknown =
      group.type === 'array' && /^\d+$/.test(String(key))
        ? (group.prefixItems?.[Number(key)] ?? items)
        : group.properties?.[key];
    if (!isSchema(next)) return null;
    here = valueAt(here, [key]);
    schema = next;
  }
  return resolve ? alternative(schema, here) : schema;
}

/** The settings that may stand in the group at `path`; empty where it is no group. */
export function keysAt(root: JsonSchema, path: Path, value: unknown): string[] {
  const rule = ruleAt(root, path, value, true);
  return Object.keys(rule?.properties ?? {});
}
