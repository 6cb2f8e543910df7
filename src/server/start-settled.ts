/** What has to be settled before the program begins: how memory is handed out, and where compiled code is kept. */

import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * For the C library. glibc raises the size from which it asks the system for memory with every large block that is
 * freed, up to 32 MiB. From then on pictures, and what is read from pipes, share heaps with small things; threads take
 * and free them in each other's heaps, of which there may be eight a core, and holes are left that nothing fits.
 * Measured with two streams of ten results a second, side by side: 482 MiB against 326 MiB after ten minutes, at the
 * same processor time (`npm run bench -- soak`).
 */
const ALLOCATOR: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '2',
  /** In bytes. As much as Node reads from a pipe at a time: what is larger goes back to the system when it is freed. */
  MALLOC_MMAP_THRESHOLD_: '65536',
};

/**
 * In MiB. V8 lets the space for new objects grow to 128 MiB here, though 31 are alive: pictures outside of its heap make
 * it collect everything, old and new, every two seconds, so that the new ones never need the room.
 */
const V8_FLAGS = ['--max-semi-space-size=16'];

/**
 * Where Node keeps what it compiled: the process of a webcam then answers after 0.35 s instead of 0.8 s. Not below the
 * system's folder for temporary files, where another user of the machine could lay something in its place.
 */
function compiledFolder(env: NodeJS.ProcessEnv): string {
  // systemd's, for a unit with CacheDirectory; the XDG base directory specification's.
  const base = env['CACHE_DIRECTORY'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'earsight');
  return join(base, 'compiled');
}

/**
 * Starts the program again, as the same process, where the environment does not say how memory is handed out: all this
 * is read once, before anything of ours runs. Children inherit the environment. To be called before anything is opened.
 */
export function startSettled(): void {
  const { execPath, execArgv, argv, env, platform } = process;
  // A parent that talks to us would lose the line.
  if (platform !== 'linux' || process.execve === undefined || process.channel !== undefined) return;
  if (Object.keys(ALLOCATOR).some((name) => env[name] !== undefined)) return;
  const settled = { NODE_COMPILE_CACHE: compiledFolder(env), ...env, ...ALLOCATOR };
  try {
    process.execve(execPath, [execPath, ...V8_FLAGS, ...execArgv, ...argv.slice(1)], settled);
  } catch {
    // Not allowed here (a permission model, a sandbox): the server runs all the same, in more memory.
  }
}
