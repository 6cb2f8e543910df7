/** `earsight healthy`: asks the server of this machine whether it is alive, for health checks of containers. */

import { isAlive } from '../doctor/alive.ts';
import { EXIT_FAULT } from './failure.ts';
import { type SettingsOptions, settingsFrom } from './settings-flags.ts';

/** @returns 0 when it answers, else 1. @throws EarsightError `bad-config` */
export async function healthy(options: SettingsOptions): Promise<number> {
  const { server } = settingsFrom(options, process.env).config;
  return (await isAlive(server)) ? 0 : EXIT_FAULT;
}
