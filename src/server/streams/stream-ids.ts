/** Makes an identifier from a name. */

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
