/** `earsight token`: makes a token, and the lines of the configuration that let it in. */

import { stdin } from 'node:process';
import { text } from 'node:stream/consumers';
import { EarsightError } from '../../pipeline/errors.ts';
import { hashPassphrase, hashToken, newToken } from '../access/token-hash.ts';
import { problemsOf } from '../config/problems.ts';
import { authSchema } from '../config/sections/auth.ts';

export interface TokenOptions {
  name: string;
  roles: string;
  streams?: string;
  passphrase?: true;
}

/** Below this a guesser behind many addresses has a chance. */
const MIN_PASSPHRASE_CHARS = 12;

/** @returns the exit code. @throws EarsightError `bad-config` for flags that make no token */
export async function token(options: TokenOptions): Promise<number> {
  const secret = options.passphrase === true ? await readPassphrase() : newToken();
  const hash = options.passphrase === true ? await hashPassphrase(secret) : hashToken(secret);
  const split = (list: string): string[] => list.split(',').map((word) => word.trim());
  const entry = {
    name: options.name,
    hash,
    roles: split(options.roles),
    ...(options.streams === undefined ? {} : { streams: split(options.streams) }),
  };
  const parsed = authSchema.safeParse({ tokens: [entry] });
  if (!parsed.success) {
    const sentences = problemsOf(authSchema, parsed.error, { tokens: [entry] }).map(({ message }) =>
      message.replace(/^tokens\[0\]\.(\w+)(\[\d+\])?/, '--$1'),
    );
    throw new EarsightError('bad-config', sentences.join('\n'));
  }
  const lines = [
    ...(options.passphrase === true ? [] : [`The token, shown this once:`, '', `  ${secret}`, '']),
    'Put this under auth.tokens in the configuration:',
    '',
    `    - name: ${entry.name}`,
    `      hash: ${hash}`,
    `      roles: [${entry.roles.join(', ')}]`,
    ...(entry.streams === undefined
      ? []
      : [`      streams: [${entry.streams.map((id) => JSON.stringify(id)).join(', ')}]`]),
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

async function readPassphrase(): Promise<string> {
  if (stdin.isTTY) process.stderr.write('Passphrase, then Enter and Ctrl+D (it is shown as you type):\n');
  const passphrase = (await text(stdin)).replace(/\r?\n$/, '');
  if (passphrase.length < MIN_PASSPHRASE_CHARS || /\s/.test(passphrase)) {
    throw new EarsightError(
      'bad-config',
      `A passphrase needs at least ${MIN_PASSPHRASE_CHARS} characters and no blanks, as it travels in a header. Without --passphrase a token is made for you.`,
    );
  }
  return passphrase;
}
