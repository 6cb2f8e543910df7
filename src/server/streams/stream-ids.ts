/** Identifiers from names, and names from identifiers. */

const MAX_LENGTH = 63;

/** `Front door (HD)` as `front-door-hd`, with `-2`, `-3`, ... while `taken` says so; `stream` when nothing is left. */
export function idFromName(name: string, taken: (id: string) => boolean): string {
  const base =
    name
      .normalize('NFKD')
      .replaceAll(/\p{M}/gu, '')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, MAX_LENGTH - 6)
      .replace(/-+$/, '') || 'stream';
  let id = base;
  for (let count = 2; taken(id); count++) id = `${base}-${String(count)}`;
  return id;
}

/**
 * What people call the stream of a publisher that gave only an identifier: `front-door` is `Front door`. One that is
 * made up at random, as the page does (`webcam-1x9k2q`), is `Webcam`; then `Webcam 2`, ... while `taken` has the name.
 */
export function nameFromId(id: string, taken: ReadonlySet<string>): string {
  const words = /^webcam-[a-z0-9]+$/.test(id) ? 'webcam' : id.replaceAll(/[-_]+/g, ' ').trim();
  const base = words.charAt(0).toUpperCase() + words.slice(1);
  let name = base;
  for (let count = 2; taken.has(name); count++) name = `${base} ${String(count)}`;
  return name;
}
