/** Who may open the WebSocket from a browser: without this check any web page could, with the visitor's rights. */

/**
 * Browsers always send `Origin` with a WebSocket handshake; programs usually do not and are let in.
 * @param host - the request's `Host` header. A page of the same host and port is let in, whatever its scheme
 *   (a proxy may have taken the TLS off).
 * @param allowed - further origins, e.g. `https://dashboard.example`, or `*` for all.
 */
export function isOriginAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}
