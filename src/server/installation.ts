/** Where this program is installed, and which version it is; the same for a checkout and for the compiled package. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder with our package.json: above src/server in a checkout, above dist/lib/server in a package. */
export const packageRoot: string = (() => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
})();

export const version: string = (() => {
  const text = readFileSync(join(packageRoot, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
})();

/** The model that comes along, for {@link locate}. */
export const SHIPPED_MODEL = 'models/studio-10';

/** A relative path from where the program was started if something is there, else from where it is installed. */
export function locate(path: string): string {
  if (isAbsolute(path) || existsSync(path)) return resolve(path);
  return join(packageRoot, path);
}
