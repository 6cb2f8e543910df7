/** Puts the configuration together: defaults, below the file, below the environment, below flags. */

import { readFileSync } from 'node:fs';
import { EarsightError } from '../../pipeline/errors.ts';
import { inputSchema, type Path } from './json-schema-walk.ts';
import { fieldName, problemsOf } from './problems.ts';
import { type Config, configSchema } from './schema.ts';
import { environmentSettings, flagSetting, type Setting, valueOf, withSetting } from './settings.ts';
import { type Environment, expandVariables, Variables } from './variables.ts';
import { parseYaml, type YamlFile } from './yaml-file.ts';

export interface ConfigSources {
  /** Path of the YAML file; left out, there is none. */
  file?: string | undefined;
  /** What that file holds, where it was read before. */
  text?: string | undefined;
  environment?: Environment | undefined;
  /** `--set` assignments, later ones winning. */
  assignments?: readonly string[] | undefined;
  /** false: an empty file is a mistake, such as of a disk that was full while it was saved. Default: true. */
  mayBeEmpty?: boolean | undefined;
  /** First-class flags such as `--port`; they win over everything. */
  flags?: readonly Setting[] | undefined;
}

/** A configuration that holds, and where it came from. */
export interface LoadedConfig {
  config: Config;
  /** The files that were read: the YAML file and those of secrets. */
  files: readonly string[];
  /** Who set what stands at `path`, as the beginning of a sentence: `earsight.yaml:3:5: `. */
  where: (path: Path) => string;
}

/** {@link readConfig} for who needs no more than the settings. */
export function loadConfig(sources: ConfigSources): Config {
  return readConfig(sources).config;
}

/**
 * @throws EarsightError `bad-config` with every problem at once, one a line, each with its place, the reason and
 * the mend; `details.problems` holds the lines.
 */
export function readConfig(sources: ConfigSources): LoadedConfig {
  const problems: string[] = [];
  const schema = inputSchema(configSchema);
  const environment = sources.environment ?? {};
  const variables = new Variables(environment);
  const yaml = sources.file === undefined ? null : readYaml(sources.file, sources, problems);
  const written = yaml?.value ?? {};
  const expansion = expandVariables(written, variables, (path, text) => valueOf(schema, path, text, written));
  for (const { path, message } of expansion.problems) {
    problems.push(`${yaml?.where(path) ?? ''}: ${fieldName(path)} ${message}.`);
  }
  const settings = environmentSettings(schema, environment, (file) => variables.read(file), problems);
  for (const assignment of sources.assignments ?? []) {
    const setting = flagSetting(schema, assignment);
    if (setting === null) {
      problems.push(`--set ${assignment}: a setting needs a value. Write it as --set server.port=9000.`);
    } else settings.push(setting);
  }
  settings.push(...(sources.flags ?? []));

  let input: unknown = expansion.value;
  for (const setting of settings) input = withSetting(input, setting.path, setting.value);

  const where = (path: Path): string => origin(path, settings, yaml);
  const parsed = configSchema.safeParse(input);
  if (!parsed.success) {
    const unfilled = new Set(expansion.problems.map(({ path }) => fieldName(path)));
    for (const { path, field, message } of problemsOf(configSchema, parsed.error, input, expansion.places)) {
      // What a missing variable left behind is no second mistake.
      if (!unfilled.has(field)) problems.push(`${where(path)}${message}`);
    }
  }
  if (problems.length > 0 || !parsed.success) {
    throw new EarsightError('bad-config', problems.join('\n'), { details: { problems } });
  }
  const files = [...(sources.file === undefined ? [] : [sources.file]), ...variables.files];
  return { config: parsed.data, files, where };
}

function readYaml(
  file: string,
  { text: known, mayBeEmpty = true }: ConfigSources,
  problems: string[],
): YamlFile | null {
  let text: string;
  try {
    text = known ?? readFileSync(file, 'utf8');
  } catch (thrown) {
    const reason =
      (thrown as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(thrown);
    problems.push(
      `${file}: the configuration cannot be read: ${reason}. Name an existing file with --config, or leave it out for the defaults.`,
    );
    return null;
  }
  if (!mayBeEmpty && text.trim() === '') {
    problems.push(`${file}:1:1: the file is empty. Write {} if every setting shall have its default.`);
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
