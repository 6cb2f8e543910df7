/** What lies in a folder of media. Links count as what they lead to. */

import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Names of the folders in `folder`, in order; none when it does not exist. */
export function foldersIn(folder: string): string[] {
  return namesIn(folder, (entry, isFolder) => isFolder && !entry.name.startsWith('.'));
}

/**
 * Names of the files in `folder`, in order, but those that are hidden and tables; none when it does not exist. A link
 * that leads nowhere is a file that cannot be read, so that somebody hears of it.
 */
export function filesIn(folder: string): string[] {
  return namesIn(
    folder,
    ({ name }, isFolder) => !isFolder && !name.startsWith('.') && !name.endsWith('.csv'),
  );
}

function namesIn(folder: string, take: (entry: Dirent, isFolder: boolean) => boolean): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  const isFolder = (entry: Dirent): boolean =>
    entry.isSymbolicLink()
      ? statSync(join(folder, entry.name), { throwIfNoEntry: false })?.isDirectory() === true
      : entry.isDirectory();
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink() || entry.isDirectory())
    .filter((entry) => take(entry, isFolder(entry)))
    .map(({ name }) => name)
    .sort();
}
