/** Who asks, and what they may do: a token's roles, and the streams it is limited to. */

export const ROLES = ['view', 'publish', 'admin'] as const;

/** `view`: see streams and heatmaps. `publish`: be a webcam. `admin`: both, and add, change and remove streams. */
export type Role = (typeof ROLES)[number];

export interface Principal {
  /** The token's name in the configuration; never the token. */
  readonly name: string;
  readonly roles: readonly Role[];
  /** Ids, or beginnings of ids followed by `*`; null for every stream. */
  readonly streams: readonly string[] | null;
}

/** Everyone, where no token is asked for. */
export const EVERYONE: Principal = { name: 'everyone', roles: ['admin'], streams: null };

/** Under whose name what was added is counted; null for everyone. */
export function ownerOf(principal: Principal): string | null {
  return principal === EVERYONE ? null : principal.name;
}

/** Whether the role is held, for some stream at least. */
export function hasRole({ roles }: Principal, role: Role): boolean {
  return roles.includes(role) || roles.includes('admin');
}

/** Whether the role is held for this stream. */
export function mayOn(principal: Principal, role: Role, streamId: string): boolean {
  const { streams } = principal;
  return hasRole(principal, role) && (streams === null || streams.some((name) => covers(name, streamId)));
}

/** Whether the role is held for all streams, present and to come. */
export function mayEverywhere(principal: Principal, role: Role): boolean {
  return hasRole(principal, role) && (principal.streams?.includes('*') ?? true);
}

function covers(name: string, streamId: string): boolean {
  return name.endsWith('*') ? streamId.startsWith(name.slice(0, -1)) : streamId === name;
}
