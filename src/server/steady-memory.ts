/** How the C library and V8 hand out memory, settled before the server has any. */

/**
 * glibc raises the size from which it asks the system for memory with every large block that is freed, up to 32 MiB.
 * From then on pictures, and what is read from pipes, share heaps with small things; threads take and free them in
 * each other's heaps, of which there may be eight a core, and holes are left that nothing fits. Measured with two
 * streams of ten results a second, side by side: 482 MiB against 326 MiB after ten minutes, at the same processor time
 * (`npm run bench -- soak`).
 */
const SETTINGS: Readonly<Record<string, string>> = {
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
 * Starts the program again, as the same process, where the environment does not say how memory is handed out: that is
 * read once, before anything of ours runs. Children inherit what is for the C library. To be called before anything is
 * opened.
 */
export function startWithSteadyMemory(): void {
  const { execPath, execArgv, argv, env, platform } = process;
  // A parent that talks to us would lose the line.
  if (platform !== 'linux' || process.execve === undefined || process.channel !== undefined) return;
  if (Object.keys(SETTINGS).some((name) => env[name] !== undefined)) return;
  try {
    process.execve(execPath, [execPath, ...V8_FLAGS, ...execArgv, ...argv.slice(1)], { ...env, ...SETTINGS });
  } catch {
    // Not allowed here (a permission model, a sandbox): the server runs all the same, in more memory.
  }
}
