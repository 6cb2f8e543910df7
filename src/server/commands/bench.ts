/** `earsight bench`: measures this machine; the bench itself stays outside of the server. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../installation.ts';
import { EXIT_FAULT, EXIT_USAGE } from './failure.ts';

/** @returns the exit code of the bench, to which the arguments are passed on */
export async function bench(args: readonly string[]): Promise<number> {
  const entry = join(packageRoot, 'bench', 'main.ts');
  if (!existsSync(entry)) {
    process.stderr.write(
      'The bench is not part of the installed package: run it in a checkout of the repository.\n',
    );
    return EXIT_USAGE;
  }
  const child = spawn(process.execPath, [entry, ...args], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? EXIT_FAULT;
}
