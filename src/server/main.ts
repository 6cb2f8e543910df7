#!/usr/bin/env node
/** The command line: `earsight --help` lists the commands. */

// First: before any module that could load onnxruntime.
import './no-telemetry.ts';
import { Command } from 'commander';
import type { DoctorOptions } from './commands/doctor.ts';
import type { EvaluateFlags } from './commands/evaluate.ts';
import type { ExportFlags } from './commands/export.ts';
import { EXIT_USAGE, failureOf } from './commands/failure.ts';
import type { ScenesFlags } from './commands/scenes.ts';
import { addSettingsFlags, type SettingsOptions } from './commands/settings-flags.ts';
import type { TokenOptions } from './commands/token.ts';
import type { TrainFlags } from './commands/train.ts';
import { version } from './installation.ts';
import { startSettled } from './start-settled.ts';

/**
 * Ends the program: the commands have closed what they opened, so nothing is lost.
 *
 * @param patienceMs how long who reads the output may take for what is left of it
 */
async function finish(work: Promise<number>, patienceMs = Infinity): Promise<void> {
  let exitCode: number;
  try {
    exitCode = await work;
  } catch (thrown) {
    const failure = failureOf(thrown);
    process.stderr.write(`${failure.text}\n`);
    exitCode = failure.exitCode;
  }
  if (patienceMs < Infinity) setTimeout(() => process.exit(exitCode), patienceMs);
  await Promise.all([process.stdout, process.stderr].map(taken));
  process.exit(exitCode);
}

/** A pipe takes 64 KiB at a time, and what it has not taken is lost at exit. */
async function taken(output: NodeJS.WriteStream): Promise<void> {
  if (output.writableLength > 0) await new Promise<void>((resolve) => output.write('', () => resolve()));
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

/** A server ends whether its log is read or not. */
const LOG_PATIENCE_MS = 1_000;

// Commands are loaded when they run, so that --help and --version need no model, decoder or network library.
addSettingsFlags(program.command('serve'))
  .description('run the server and its page')
  .action((options: SettingsOptions) => {
    startSettled();
    return finish(
      import('./commands/serve.ts').then(({ serve }) => serve(options)),
      LOG_PATIENCE_MS,
    );
  });

addSettingsFlags(program.command('check-config [file]'))
  .description('tell everything that is wrong with a configuration, with line, column and mend')
  .action((file: string | undefined, options: SettingsOptions) =>
    finish(import('./commands/check-config.ts').then(({ checkConfig }) => checkConfig(file, options))),
  );

addSettingsFlags(program.command('doctor'))
  .description(
    'look at what is installed, what computes, ports and addresses, and say what to do about what is off',
  )
  .option('--json', 'print facts for programs')
  .option('--quick', 'try the configured provider alone')
  .action((options: DoctorOptions) =>
    finish(import('./commands/doctor.ts').then(({ doctor }) => doctor(options))),
  );

addSettingsFlags(program.command('healthy'))
  .description('end with 0 while a server answers on this machine, for health checks')
  .action((options: SettingsOptions) =>
    finish(import('./commands/healthy.ts').then(({ healthy }) => healthy(options))),
  );

program
  .command('schema')
  .description('print the JSON Schema of the configuration')
  .action(() => finish(import('./commands/schema.ts').then(({ schema }) => schema())));

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
  .command('evaluate <model>')
  .description("evaluate a model's folder, or a training run's, by the published protocols")
  .option(
    '--data <path>',
    'folder of photos and sounds or of a data set, or a JSONL manifest; the drawn cast',
  )
  .option('--scenes <file>', 'YAML file that says which folders make which class')
  .option('--dataset <kind>', 'what lies in the --data folder, such as vggss or audioset-instrument')
  .option('--annotations <path>', "the data set's annotations, where they lie elsewhere")
  .option('--boxes <whose>', 'authors, dsol, avgn-xywh, avgn-xyxy or none')
  .option('--pairing <how>', 'source-wise or side-by-side, for pairs of clips')
  .option('--subset <file>', 'only the entries of this list')
  .option('--method <names>', 'of random, all-ones, centre, avc, multi-task, cam, ours, paper', 'all')
  .option('--first-stage <folder>', "the first stage's run, for the row multi-task")
  .option('--precision <name>', 'float32 or int8, of a served model', 'float32')
  .option('--samples <number>', 'how many examples', '2000')
  .option('--seed <number>', 'what the scenes follow from', '1')
  .option('--split <name>', 'train, validation or test; a published set is judged whole unless told')
  .option('--drawn', 'draw the scenes of a folder with the cast instead of its photos')
  .option(
    '--calibrate <number>',
    'calibrate on so many examples of the validation split first; a published set needs --split test',
  )
  .option('--robustness <number>', 'so many examples for each of eleven alterations of the sound')
  .option('--later', "later papers' protocols too: DSOL, SLAVC, AVGN, SSLalignment, vssl_eval, AVSBench")
  .option('--out <folder>', 'write evaluation.json, evaluation.html and calibration.json there')
  .option('--card', "write the model's card, README.md, and the figures into its manifest")
  .option('--notes <file>', 'Markdown that the card gives under its limits')
  .option('--json', 'print facts for programs')
  .action((model: string, flags: EvaluateFlags) =>
    finish(import('./commands/evaluate.ts').then(({ evaluate }) => evaluate(model, flags))),
  );

program
  .command('export <run>')
  .description(
    'calibrate what a training run left, or a model anew, and write the model folder that is served',
  )
  .option('--out <folder>', "where the model goes; the run's folder unless told")
  .option('--data <folder>', 'photos and sounds that it was trained on; the drawn cast')
  .option('--scenes <file>', 'YAML file that says which folders make which class')
  .option('--name <name>', "the model's name; the folder's unless told")
  .option('--model-version <version>', 'its version', '1.0.0')
  .option(
    '--frame <pixels>',
    'side of the picture it is served with; as it was in training, or is served, unless told',
  )
  .option('--samples <number>', 'how many validation examples calibrate it', '1200')
  .option('--seed <number>', 'what the scenes follow from', '7')
  .action((run: string, flags: ExportFlags) =>
    finish(import('./commands/export.ts').then(({ exportRun }) => exportRun(run, flags))),
  );

program
  .command('scenes [folder]')
  .description('write scenes that a network would be trained on, of a folder or of the drawn cast')
  .requiredOption('--preview <folder>', 'where the page, the contact sheet and the clips go')
  .option('--scenes <file>', 'YAML file that says which folders make which class')
  .option('--show <what>', 'training, 1, 2, 3 (sounding at once), none or off-screen', 'training')
  .option('--split <name>', 'train, validation or test', 'train')
  .option('--count <number>', 'how many scenes', '48')
  .option('--seed <number>', 'what the scenes follow from', '1')
  .action((folder: string | undefined, flags: ScenesFlags) =>
    finish(import('./commands/scenes.ts').then(({ scenes }) => scenes(folder, flags))),
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
  .command('train [folder]')
  .description(
    'train a model on a folder of photos/<class> and sounds/<class>; without one, on the drawn cast',
  )
  .option('--recipe <file>', 'YAML file of stages and settings; a default one unless told')
  .option('--scenes <file>', 'YAML file that says which folders make which class')
  .option('--out <folder>', 'where the run and its model go; <folder>-model unless told')
  .option('--minutes <number>', 'how long the stages take together; they are scaled')
  .option('--workers <number>', 'training threads; one for each core unless told')
  .option('--producers <number>', 'threads that compose scenes; one for each core unless told')
  .option('--engine <name>', 'onnx, or tfjs for a GPU with @tensorflow/tfjs-node-gpu', 'onnx')
  .option('--seed <number>', 'what everything random follows from')
  .option(
    '--start <folder>',
    'begin with the weights of this finished run or model, or with "nothing"; on a folder, and without a recipe, ' +
      'with those of the model that comes along unless told',
  )
  .option('--resume', 'go on with the run in the --out folder')
  .action((folder: string | undefined, flags: TrainFlags) =>
    finish(import('./commands/train.ts').then(({ train }) => train(folder, flags))),
  );

program
  .command('bench')
  .description('measure what this machine can do')
  .allowUnknownOption()
  .helpOption(false)
  .argument('[args...]', 'passed on to the bench')
  .action((args: string[]) => finish(import('./commands/bench.ts').then(({ bench }) => bench(args))));

await program.parseAsync();
