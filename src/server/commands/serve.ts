/** `earsight serve`: runs the server until it is asked to stop, and takes changes of its configuration meanwhile. */

import type { Logger } from 'pino';
import { config as rxjs } from 'rxjs';
import { EarsightError, messageOf } from '../../pipeline/errors.ts';
import { dataFolder } from '../config/data-folder.ts';
import { readConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { createLogger, isForPeople } from '../log/logger.ts';
import { EarsightServer } from '../server.ts';
import { StreamStore } from '../streams/stream-store.ts';
import { Reloading } from './reloading.ts';
import { untilStopped } from './run-bounded.ts';
import { type SettingsOptions, sourcesFrom } from './settings-flags.ts';
import { summaryOf } from './summary.ts';

/** @returns the exit code. @throws EarsightError when it cannot start */
export async function serve(options: SettingsOptions): Promise<number> {
  const sources = sourcesFrom(options, process.env);
  const { config, files } = readConfig(sources);
  const log = createLogger(config.log, process.stdout);
  // An error in a subscription that nobody handles is a fault of ours, and no reason to end the other streams.
  rxjs.onUnhandledError = (error: unknown) =>
    log.error({ err: error }, 'unhandled error in a stream of events');

  const store = await openStore(config, log);
  const server = await EarsightServer.start(config, log, {
    ...(store === null ? {} : { store }),
    folder: dataFolder(config, process.env),
  });
  if (isForPeople(config.log.format, process.stdout)) {
    if (config.log.level !== 'silent') process.stdout.write(summaryOf(server, config));
  } else {
    log.info({ url: server.url, ...server.facts }, 'listening');
  }
  const reloading = new Reloading(files, {
    read: () => readConfig({ ...sources, mayBeEmpty: false }),
    apply: async (next) => {
      const settings = await server.reconfigure(next);
      log.format = next.log.format;
      return settings;
    },
    onDone: (taken) => server.configurationRead(taken),
    log,
  });
  // To a program at a terminal it says that the terminal is gone.
  const isAtTerminal = process.stdin.isTTY;
  const reload = (): void => void reloading.request('SIGHUP');
  if (!isAtTerminal) process.on('SIGHUP', reload);
  const exitCode = await untilStopped({
    close: async () => {
      await reloading.close();
      await server.close();
    },
    boundMs: () => server.drainMs,
    signals: isAtTerminal ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : ['SIGINT', 'SIGTERM'],
    onSignal: (signal, boundMs) => log.info(`${signal}: stopping, at most ${boundMs} ms`),
    onFailure: (thrown) => log.error({ err: thrown }, 'the server did not end cleanly'),
    endNow: () => {
      log.flush();
      // Not `process.exit`: that waits for threads, and one that is inside of a native call would abort the program.
      process.kill(process.pid, 'SIGKILL');
    },
  });
  process.off('SIGHUP', reload);
  log.flush();
  return exitCode;
}

/**
 * A folder that was asked for has to work; one that was only at hand may not.
 * @throws EarsightError `bad-config`
 */
async function openStore(config: Config, log: Logger): Promise<StreamStore | null> {
  const folder = dataFolder(config, process.env);
  if (folder === null) return null;
  try {
    return await StreamStore.open(folder, { onFault: (sentence) => log.error(sentence) });
  } catch (thrown) {
    const what = `data.folder: ${folder} cannot be used: ${messageOf(thrown)}.`;
    if (config.data.folder !== 'auto') {
      throw new EarsightError(
        'bad-config',
        `${what} Let this user write there, name another folder, or set data.folder to null.`,
        { cause: thrown },
      );
    }
    log.warn(`${what} Streams added by the API will not survive a restart.`);
    return null;
  }
}
