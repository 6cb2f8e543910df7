/** The smallest WebSocket the subscriber needs: browsers' and Node's own fit, and so does the `ws` package's. */

export interface WebSocketLike {
  /** Set to `arraybuffer` before anything arrives. */
  binaryType: string;
  readonly protocol: string;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void;
}

export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

/** `http(s)` becomes `ws(s)`; in a browser the URL may be relative to the page. @throws TypeError on a bad URL. */
export function webSocketUrl(url: string | URL): string {
  const { location } = globalThis as { location?: { href: string } };
  const absolute = new URL(url, location?.href);
  absolute.protocol = absolute.protocol.replace(/^http/, 'ws');
  return absolute.href;
}
