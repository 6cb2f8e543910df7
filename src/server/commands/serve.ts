/** `earsight serve`: runs the server until it is asked to stop. */

import { config as rxjs } from 'rxjs';
import { createLogger, isForPeople } from '../log/logger.ts';
import { EarsightServer } from '../server.ts';
import { untilStopped } from './run-bounded.ts';
import { type SettingsOptions, settingsFrom } from './settings-flags.ts';
import { summaryOf } from './summary.ts';

/** @returns the exit code. @throws EarsightError when it cannot start */
export async function serve(options: SettingsOptions): Promise<number> {
  const { config } = settingsFrom(options, process.env);
  const log = createLogger(config.log, process.stdout);
  // An error in a subscription that nobody handles is a fault of ours, and no reason to end the other streams.
  rxjs.onUnhandledError = (error: unknown) =>
    log.error({ err: error }, 'unhandled error in a stream of events');

  const server = await EarsightServer.start(config, log);
  if (isForPeople(config.log.format, process.stdout)) {
    if (config.log.level !== 'silent') process.stdout.write(summaryOf(server, config));
  } else {
    log.info({ url: server.url, ...server.facts }, 'listening');
  }
  return await untilStopped({
    close: () => server.close(),
    boundMs: config.server.drainMs,
    onSignal: (signal) => log.info(`${signal}: stopping, at most ${config.server.drainMs} ms`),
    onFailure: (thrown) => log.error({ err: thrown }, 'the server did not end cleanly'),
  });
}
