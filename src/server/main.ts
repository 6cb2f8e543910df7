#!/usr/bin/env node
/** The command line: `earsight serve | probe | token | bench`. */

import { Command } from 'commander';
import { EXIT_USAGE, failureOf } from './commands/failure.ts';
import { addSettingsFlags, type SettingsOptions } from './commands/settings-flags.ts';
import type { TokenOptions } from './commands/token.ts';
import { version } from './installation.ts';

/** Ends the program: the commands have closed what they opened, so nothing is lost. */
async function finish(work: Promise<number>): Promise<void> {
  let exitCode: number;
  try {
    exitCode = await work;
  } catch (thrown) {
    const failure = failureOf(thrown);
    process.stderr.write(`${failure.text}\n`);
    exitCode = failure.exitCode;
  }
  process.exit(exitCode);
}

// Our own output cannot be written: nobody reads any more, or the disk behind it is full.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  const failure = failureOf(error);
  process.stderr.write(`${failure.text}\n`);
  process.exit(failure.exitCode);
});

const program = new Command('earsight')
  .description('See where the sound comes from, live.')
  .version(version, '-v, --version')
  .exitOverride((exit) => process.exit(exit.exitCode === 0 ? 0 : EXIT_USAGE))
  .showHelpAfterError('(earsight --help lists the commands and flags)')
  .configureHelp({ showGlobalOptions: true });

// Commands are loaded when they run, so that --help and --version need no model, decoder or network library.
addSettingsFlags(program.command('serve'))
  .description('run the server and its page')
  .action((options: SettingsOptions) =>
    finish(import('./commands/serve.ts').then(({ serve }) => serve(options))),
  );

program
  .command('probe <url>')
  .description('look at a camera or file: tracks, frame rate, timing, and what to do about what is off')
  .option('--json', 'print facts for programs')
  .option('--seconds <number>', 'how long to look', '8')
  .option('--transport <name>', 'tcp or udp, for RTSP', 'tcp')
  .action((url: string, options: { json?: true; seconds: string; transport: string }) =>
    finish(import('./commands/probe.ts').then(({ probe }) => probe(url, options))),
  );

program
  .command('token')
  .description('make a token, and the lines of the configuration that let it in')
  .requiredOption('--name <name>', 'what the log calls it')
  .option('--roles <list>', 'view, publish, admin: one or several, parted by commas', 'view')
  .option('--streams <list>', 'ids of streams it is good for, or beginnings followed by *; default: all')
  .option('--passphrase', 'read a passphrase of yours from standard input instead of making a token')
  .action((options: TokenOptions) =>
    finish(import('./commands/token.ts').then(({ token }) => token(options))),
  );

program
  .command('bench')
  .description('measure what this machine can do')
  .allowUnknownOption()
  .helpOption(false)
  .argument('[args...]', 'passed on to the bench')
  .action((args: string[]) => finish(import('./commands/bench.ts').then(({ bench }) => bench(args))));

await program.parseAsync();
