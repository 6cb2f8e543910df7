/** The server's log: pino, as JSON for machines or as lines for people. Credentials are taken out of every record. */

import { type LogFn, type Logger, pino } from 'pino';
import { redactText } from '../../pipeline/redact.ts';
import type { Config } from '../config/schema.ts';
import { formatLine } from './line-format.ts';
import { Repeats } from './repeats.ts';

/** Where records go; `process.stdout` in the program. */
export interface LogOutput {
  write(text: string): unknown;
  isTTY?: boolean;
  /** Bytes that were written and that the reader has not taken yet. */
  writableLength?: number;
}

/** While its reader has so much of the log to take, newer records are left out and counted: memory is not a log file. */
const MAX_UNREAD_BYTES = 1 << 20;

/** Whether people are reading. */
export function isForPeople(format: Config['log']['format'], output: LogOutput): boolean {
  return format === 'line' || (format === 'auto' && output.isTTY === true);
}

/** A logger whose form may be changed while it is in use, as its level may. */
export type FormattedLogger = Logger & { format: Config['log']['format'] };

/** What a source repeats is summed once a second; see {@link Repeats}. `log.flush()` writes the sums so far. */
export function createLogger({ level, format }: Config['log'], output: LogOutput): FormattedLogger {
  let lines = isForPeople(format, output);
  const colour = output.isTTY === true && process.env['NO_COLOR'] === undefined;
  let leftOut = 0;
  const destination = {
    write: (record: string): void => {
      if ((output.writableLength ?? 0) > MAX_UNREAD_BYTES) {
        leftOut++;
        return;
      }
      if (leftOut > 0) {
        const records = leftOut;
        leftOut = 0;
        log.warn({ records }, 'records were left out: who reads this log does not keep up');
      }
      const safe = redactText(record);
      output.write(lines ? formatLine(safe, colour) : safe);
    },
    flush: (): void => repeats.flush(),
  };
  const methods = new Map<number, LogFn>();
  const repeats = new Repeats(({ level: of, fields, message }) =>
    methods.get(of)?.call(log, fields, message),
  );
  const log = pino(
    {
      level,
      base: null,
      timestamp: () => (lines ? pino.stdTimeFunctions.epochTime() : pino.stdTimeFunctions.isoTime()),
      hooks: {
        logMethod(args: unknown[], method, of) {
          const [fields, message] = args;
          if (
            typeof fields === 'object' &&
            fields !== null &&
            typeof message === 'string' &&
            args.length === 2
          ) {
            methods.set(of, method);
            repeats.take({ level: of, fields: { ...fields }, message });
          } else Reflect.apply(method, this, args);
        },
      },
    },
    destination,
  );
  return Object.defineProperty(log as FormattedLogger, 'format', {
    get: () => format,
    set: (next: typeof format) => {
      format = next;
      lines = isForPeople(next, output);
    },
  });
}
