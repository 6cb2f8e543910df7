/** Puts the configuration together: defaults, below the file, below the environment, below flags. */

import { readFileSync } from 'node:fs';
import { EarsightError } from '../../pipeline/errors.ts';
import { inputSchema, type Path } from './json-schema-walk.ts';
import { problemsOf } from './problems.ts';
import { type Config, configSchema } from './schema.ts';
import { environmentSettings, flagSetting, type Setting, withSetting } from './settings.ts';
import { parseYaml, type YamlFile } from './yaml-file.ts';

export interface ConfigSources {
  /** Path of the YAML file; left out, there is none. */
  file?: string | undefined;
  environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** `--set` assignments, later ones winning. */
  assignments?: readonly string[] | undefined;
  /** First-class flags such as `--port`; they win over everything. */
  flags?: readonly Setting[] | undefined;
}

/**
 * @throws EarsightError `bad-config` with every problem at once, one a line, each with its place, the reason and
 * the mend; `details.problems` holds the lines.
 */
export function loadConfig(sources: ConfigSources): Config {
  const problems: string[] = [];
  const schema = inputSchema(configSchema);
  const yaml = sources.file === undefined ? null : readYaml(sources.file, problems);
  const settings = environmentSettings(schema, sources.environment ?? {});
  for (const assignment of sources.assignments ?? []) {
    const setting = flagSetting(schema, assignment);
    if (setting === null) {
      problems.push(`--set ${assignment}: a setting needs a value. Write it as --set server.port=9000.`);
    } else settings.push(setting);
  }
  settings.push(...(sources.flags ?? []));

  let input: unknown = yaml?.value ?? {};
  for (const setting of settings) input = withSetting(input, setting.path, setting.value);

  const parsed = configSchema.safeParse(input);
  if (!parsed.success) {
    for (const problem of problemsOf(configSchema, parsed.error, input)) {
      problems.push(`${origin(problem.path, settings, yaml)}${problem.message}`);
    }
  }
  if (problems.length > 0 || !parsed.success) {
    throw new EarsightError('bad-config', problems.join('\n'), { details: { problems } });
  }
  return parsed.data;
}

function readYaml(file: string, problems: string[]): YamlFile | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    const reason =
      (thrown as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(thrown);
    problems.push(
      `${file}: the configuration cannot be read: ${reason}. Name an existing file with --config, or leave it out for the defaults.`,
    );
    return null;
  }
  const yaml = parseYaml(text, file);
  problems.push(...yaml.errors);
  return yaml;
}

/** Who set what stands at `path`: the last setting at or above it, or below it, else the file. */
function origin(path: Path, settings: readonly Setting[], yaml: YamlFile | null): string {
  const covers = (setting: Setting): boolean =>
    setting.path.every((key, index) => index >= path.length || String(path[index]) === String(key));
  const setting = settings.findLast(covers);
  if (setting !== undefined) return `${setting.where}: `;
  return yaml === null ? '' : `${yaml.where(path)}: `;
}
