/** Writes a file so that a reader, or a crash at any moment, finds the old one or the new one whole. */

import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes beside the target, forces it to disk, renames it over the target and forces the folder to disk.
 * @throws the file system's error; nothing half-written stays
 */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  const partial = `${path}${PARTIAL}`;
  try {
    const file = await open(partial, 'w');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (thrown) {
    await rm(partial, { force: true });
    throw thrown;
  }
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Ending of a file that is still being written; one that is left over belongs to a run that was killed. */
export const PARTIAL = '.partial';
