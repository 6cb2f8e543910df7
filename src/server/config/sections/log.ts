/** What is written: the configuration's section `log`. */

import { z } from 'zod';

export const logLevelSchema = z
  .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
  .describe('The least important line that is written.');

export type LogLevel = z.output<typeof logLevelSchema>;

export const logSchema = z.strictObject({
  level: logLevelSchema.default('info'),
  format: z
    .enum(['auto', 'line', 'json'])
    .default('auto')
    .describe('line for people, json for machines; auto: line on a terminal, json otherwise.'),
});
