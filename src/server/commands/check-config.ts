/** `earsight check-config`: everything that would keep the server from starting with a file, and its place there. */

import { existsSync } from 'node:fs';
import { pino } from 'pino';
import { loadManifest } from '../../model/load-manifest.ts';
import { EarsightError } from '../../pipeline/errors.ts';
import type { LoadedConfig } from '../config/load.ts';
import { locate } from '../installation.ts';
import { createSources } from '../streams/source-factory.ts';
import { type SettingsOptions, settingsFrom } from './settings-flags.ts';

/** @returns the exit code. @throws EarsightError `bad-config` with every problem, one a line */
export async function checkConfig(file: string | undefined, options: SettingsOptions): Promise<number> {
  const loaded = settingsFrom(file === undefined ? options : { ...options, config: file }, process.env);
  const problems = [...(await modelProblems(loaded)), ...placeProblems(loaded), ...streamProblems(loaded)];
  if (problems.length > 0) {
    throw new EarsightError('bad-config', problems.join('\n'), { details: { problems } });
  }
  const { streams, model } = loaded.config;
  const ids = streams.map(({ id }) => id).join(', ') || 'none';
  process.stdout.write(
    `${file ?? 'The configuration'}: nothing is wrong. Model ${model.path}, streams: ${ids}.\n`,
  );
  return 0;
}

async function modelProblems({ config, where }: LoadedConfig): Promise<string[]> {
  try {
    await loadManifest(locate(config.model.path));
    return [];
  } catch (thrown) {
    if (!(thrown instanceof EarsightError)) throw thrown;
    return [`${where(['model', 'path'])}model.path: ${thrown.message}`];
  }
}

function placeProblems({ config, where }: LoadedConfig): string[] {
  const { page } = config.server;
  const missing = (path: readonly (string | number)[], field: string, folder: string): string[] =>
    existsSync(locate(folder))
      ? []
      : [`${where(path)}${field} is ${folder}, which is not there. Make the folder, or name another.`];
  return [
    ...(page === null ? [] : missing(['server', 'page'], 'server.page', page)),
    ...config.ingest.allowedFileRoots.flatMap((folder, index) =>
      missing(['ingest', 'allowedFileRoots', index], `ingest.allowedFileRoots[${index}]`, folder),
    ),
  ];
}

function streamProblems({ config, where }: LoadedConfig): string[] {
  const sources = createSources(config, { audioRateHz: 1, log: pino({ level: 'silent' }) });
  const problems = config.streams.flatMap((spec, index) => {
    try {
      sources.check(spec, true);
      return [];
    } catch (thrown) {
      if (!(thrown instanceof EarsightError)) throw thrown;
      const { field } = thrown.details;
      const path = ['streams', index, ...(typeof field === 'string' ? [field] : [])];
      return [`${where(path)}streams[${index}] (${spec.id}): ${thrown.message}`];
    }
  });
  const { streams: most } = config.limits;
  if (config.streams.length > most) {
    problems.push(
      `${where(['limits', 'streams'])}limits.streams is ${most}, but there are ${config.streams.length} streams. Raise it, or remove some.`,
    );
  }
  return problems;
}
