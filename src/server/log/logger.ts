/** The server's log: pino, as JSON for machines or as lines for people. Credentials are taken out of every record. */

import { type Logger, pino } from 'pino';
import { redactText } from '../../pipeline/redact.ts';
import type { Config } from '../config/schema.ts';
import { formatLine } from './line-format.ts';

/** Where records go; `process.stdout` in the program. */
export interface LogOutput {
  write(text: string): unknown;
  isTTY?: boolean;
}

/** Whether people are reading. */
export function isForPeople(format: Config['log']['format'], output: LogOutput): boolean {
  return format === 'line' || (format === 'auto' && output.isTTY === true);
}

export function createLogger({ level, format }: Config['log'], output: LogOutput): Logger {
  const lines = isForPeople(format, output);
  const colour = output.isTTY === true && process.env['NO_COLOR'] === undefined;
  const destination = {
    write: (record: string): void => {
      const safe = redactText(record);
      output.write(lines ? formatLine(safe, colour) : safe);
    },
  };
  return pino(
    { level, base: null, ...(lines ? {} : { timestamp: pino.stdTimeFunctions.isoTime }) },
    destination,
  );
}
