/** `${NAME}` and `${NAME:default}` in the texts of the configuration file, and secrets that stand in files of their own. */

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Path } from './json-schema-walk.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Longer ones are no secrets but a file named by mistake. */
const MAX_SECRET_BYTES = 65_536;

/** `$${` stands for `${`; a `${` that begins no variable is caught by the last branch. */
const VARIABLE = /\$\$\{|\$\{([A-Za-z_][\w-]*)(?::([^}]*))?\}|\$\{/g;

/** Looks variables up and remembers which files it read. */
export class Variables {
  /** Every file read so far; when one changes, the configuration may. */
  readonly files = new Set<string>();
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /**
   * The environment's NAME; the content of the file that NAME_FILE names (Docker's secrets); the file NAME in
   * $CREDENTIALS_DIRECTORY (systemd's LoadCredential). Null when none is there.
   * @throws Error with one sentence when a file is named and cannot be read
   */
  lookup(name: string): string | null {
    const plain = this.#environment[name];
    if (plain !== undefined) return plain;
    const file = this.#environment[`${name}_FILE`];
    if (file !== undefined) return this.read(file);
    const folder = this.#environment['CREDENTIALS_DIRECTORY'];
    if (folder === undefined) return null;
    const credential = join(folder, name);
    return statSync(credential, { throwIfNoEntry: false }) === undefined ? null : this.read(credential);
  }

  /** A secret's file without its last line end. @throws Error with one sentence when it cannot be read */
  read(file: string): string {
    this.files.add(file);
    let reason: string;
    try {
      const { size } = statSync(file);
      if (size <= MAX_SECRET_BYTES) return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
      reason = `it has ${size} bytes, and a secret has at most ${MAX_SECRET_BYTES}`;
    } catch (thrown) {
      reason = (thrown as NodeJS.ErrnoException).code ?? String(thrown);
    }
    throw new Error(`the file ${file} cannot be read (${reason}). Name the file that holds the value`);
  }
}

export interface Expansion {
  /** A copy of the input with the variables filled in. */
  value: unknown;
  /** Where a variable stood: values that may be secret, whatever the setting is called. */
  places: Path[];
  problems: { path: Path; message: string }[];
}

/**
 * Fills in the variables of every text in `input`; keys are left alone.
 * @param asWanted makes of an expanded text what its place wants: a number, a list, or the text itself
 */
export function expandVariables(
  input: unknown,
  variables: Variables,
  asWanted: (path: Path, text: string) => unknown,
): Expansion {
  const places: Path[] = [];
  const problems: Expansion['problems'] = [];

  const filledIn = (path: Path, text: string): string =>
    text.replace(VARIABLE, (all: string, name: string | undefined, fallback: string | undefined) => {
      if (all === '$${') return '${';
      if (name === undefined) {
        const message =
          'holds "${" that begins no variable. Write ${NAME} or ${NAME:default}, or $${ for the two characters';
        problems.push({ path, message });
        return '';
      }
      try {
        const found = variables.lookup(name);
        // As in a shell's ${NAME:-default}, an empty variable is as good as none.
        const value = found === '' ? (fallback ?? '') : (found ?? fallback);
        if (value !== undefined) return value;
        const message = `wants the variable ${name}, which is not set. Set it or ${name}_FILE, or give a default: \${${name}:default}`;
        problems.push({ path, message });
      } catch (thrown) {
        problems.push({ path, message: `wants the variable ${name}: ${(thrown as Error).message}` });
      }
      return '';
    });

  const visit = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string' && value.includes('${')) {
      places.push(path);
      return asWanted(path, filledIn(path, value));
    }
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]): [string, unknown] => [key, visit(item, [...path, key])]),
    );
  };

  return { value: visit(input, []), places, problems };
}
