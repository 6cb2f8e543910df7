/** The configuration's JSON Schema as editors use it: with variables wherever the loader fills them in. */

import { inputSchema, type JsonSchema } from './json-schema-walk.ts';
import { configSchema } from './schema.ts';

/** A text that holds a variable may stand wherever a single value may. */
const VARIABLE: JsonSchema = {
  type: 'string',
  pattern: String.raw`\$\{[A-Za-z_][\w-]*(:[^}]*)?\}`,
  description: '${NAME} or ${NAME:default}, from the environment or from the file that NAME_FILE names.',
};

/** Draft 2020-12. */
export function publishedSchema(): JsonSchema {
  const whole = structuredClone(inputSchema(configSchema));
  return {
    ...(withVariables(whole) as JsonSchema),
    $id: 'urn:earsight:configuration',
    title: 'Earsight configuration',
  };
}

/** Kinds of values whose check a variable would fail before it is filled in. */
function isChecked({ type, pattern, format, ...rest }: JsonSchema): boolean {
  if (type === 'integer' || type === 'number' || type === 'boolean') return true;
  return rest.enum !== undefined || (type === 'string' && (pattern !== undefined || format !== undefined));
}

function withVariables(rule: JsonSchema | boolean): JsonSchema | boolean {
  if (typeof rule === 'boolean') return rule;
  if (isChecked(rule)) {
    const { description, default: byDefault, ...check } = rule;
    return {
      ...(description === undefined ? {} : { description }),
      ...(byDefault === undefined ? {} : { default: byDefault }),
      anyOf: [check, VARIABLE],
    };
  }
  const copy = { ...rule };
  if (copy.properties !== undefined) copy.properties = mapped(copy.properties);
  if (typeof copy.items === 'object' && !Array.isArray(copy.items)) copy.items = withVariables(copy.items);
  if (copy.prefixItems !== undefined) copy.prefixItems = copy.prefixItems.map(withVariables);
  if (copy.anyOf !== undefined) copy.anyOf = copy.anyOf.map(withVariables) as JsonSchema[];
  if (copy.oneOf !== undefined) copy.oneOf = copy.oneOf.map(withVariables) as JsonSchema[];
  return copy;
}

function mapped<Rules extends Record<string, JsonSchema | boolean>>(rules: Rules): Rules {
  const entries = Object.entries(rules).map(([key, rule]) => [key, withVariables(rule)]);
  return Object.fromEntries(entries) as Rules;
}
