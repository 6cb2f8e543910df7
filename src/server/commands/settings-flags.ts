/** The flags that every command shares which reads the configuration, and their way into it. */

import type { Command } from 'commander';
import { type ConfigSources, type LoadedConfig, readConfig } from '../config/load.ts';
import { CONFIG_VARIABLE, type Setting } from '../config/settings.ts';

/** First-class flags: `--port 9000` is `--set server.port=9000`. */
const FLAGS = [
  { flag: '--host <address>', key: 'host', path: ['server', 'host'], about: 'address to listen on' },
  {
    flag: '--port <number>',
    key: 'port',
    path: ['server', 'port'],
    about: 'port to listen on, 0 for a free one',
  },
  { flag: '--tls <mode>', key: 'tls', path: ['server', 'tls', 'mode'], about: 'off, self-signed or files' },
  { flag: '--model <folder>', key: 'model', path: ['model', 'path'], about: 'folder of the model' },
  {
    flag: '--provider <name>',
    key: 'provider',
    path: ['engine', 'provider'],
    about: 'what computes: cpu, webgpu, cuda or tensorrt',
  },
  {
    flag: '--log-level <level>',
    key: 'logLevel',
    path: ['log', 'level'],
    about: 'debug, info, warn, error, ...',
  },
  { flag: '--log-format <format>', key: 'logFormat', path: ['log', 'format'], about: 'line, json or auto' },
] as const;

export interface SettingsOptions {
  config?: string;
  set?: string[];
  [flag: string]: unknown;
}

/** Adds `--config`, `--set` and the first-class flags. */
export function addSettingsFlags(command: Command): Command {
  command.option(
    '-c, --config <file>',
    `YAML file of settings; also ${CONFIG_VARIABLE}. See earsight.example.yaml`,
  );
  command.option(
    '--set <key=value>',
    'any setting, such as --set session.maxRateHz=10; may be repeated',
    (assignment: string, before: string[]) => [...before, assignment],
    [],
  );
  for (const { flag, about } of FLAGS) command.option(flag, about);
  return command;
}

/** @throws EarsightError `bad-config` */
export function settingsFrom(options: SettingsOptions, environment: NodeJS.ProcessEnv): LoadedConfig {
  return readConfig(sourcesFrom(options, environment));
}

/** What the settings are read from, now and at every reload. */
export function sourcesFrom(options: SettingsOptions, environment: NodeJS.ProcessEnv): ConfigSources {
  const flags = FLAGS.flatMap(({ flag, key, path }): Setting[] => {
    const text = options[key];
    if (typeof text !== 'string') return [];
    const isNumber = key === 'port' && /^\d+$/.test(text);
    return [{ path, value: isNumber ? Number(text) : text, where: flag.split(' ')[0] ?? flag }];
  });
  return {
    file: options.config ?? environment[CONFIG_VARIABLE],
    environment,
    assignments: options.set,
    flags,
  };
}
