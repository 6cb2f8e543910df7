/** `earsight doctor`: looks at everything the server needs, and says what to do about what is missing. */

import type { Config } from '../config/schema.ts';
import type { Environment } from '../config/variables.ts';
import { engineLooks } from '../doctor/engine.ts';
import { type Finding, type Look, lookAt, type Verdict } from '../doctor/finding.ts';
import {
  accessFinding,
  certificateFinding,
  iceFindings,
  listenFinding,
  mediaPortsFinding,
} from '../doctor/network.ts';
import { placeFindings } from '../doctor/places.ts';
import { programFindings } from '../doctor/program.ts';
import { EXIT_FAULT } from './failure.ts';
import { type SettingsOptions, settingsFrom } from './settings-flags.ts';

export interface DoctorOptions extends SettingsOptions {
  json?: true;
  /** The configured provider alone. */
  quick?: true;
}

/** @returns 0 when the server can work so, else 1. @throws EarsightError `bad-config` */
export async function doctor(options: DoctorOptions): Promise<number> {
  const { config } = settingsFrom(options, process.env);
  const findings: Finding[] = [];
  for (const look of looksAt(config, process.env, options.quick === true)) {
    const found = await look();
    findings.push(...found);
    if (options.json !== true) for (const finding of found) process.stdout.write(lineOf(finding));
  }
  const faults = findings.filter(({ verdict }) => verdict === 'fault').length;
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ ok: faults === 0, findings }, null, 2)}\n`
      : `\n${faults === 0 ? 'The server can work so.' : `The server cannot work so: ${faults} of these are in its way.`}\n`,
  );
  return faults === 0 ? 0 : EXIT_FAULT;
}

function looksAt(config: Config, environment: Environment, quick: boolean): Look[] {
  return [
    lookAt('program', () => programFindings(config)),
    lookAt('places', () => placeFindings(config, environment)),
    lookAt('port', async () => [await listenFinding(config), accessFinding(config)]),
    lookAt('certificate', async () => [await certificateFinding(config)]),
    lookAt('media ports', async () => [await mediaPortsFinding(config)]),
    lookAt('ICE', () => iceFindings(config)),
    // Last: a broken driver may take the program down with it.
    ...engineLooks(config, quick),
  ];
}

const MARKS: Record<Verdict, string> = { good: 'ok  ', fact: '    ', warning: 'warn', fault: 'FAIL' };

/** `ok   port: 127.0.0.1:8080 is free`, and what to do about it on a line of its own. */
function lineOf({ name, verdict, text, mend }: Finding): string {
  const indented = text.trim().replaceAll('\n', '\n       ');
  return `${MARKS[verdict]} ${name}: ${indented}\n${mend === null ? '' : `       ${mend}\n`}`;
}
