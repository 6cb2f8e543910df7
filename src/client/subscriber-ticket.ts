/** Gets the ticket that stands for a token in a WebSocket's URL (docs/protocol.md, H6). */

/** The server gave no ticket. `code` is its stable code, such as `unauthorized`, or `http-500` where it gave none. */
export class TicketRefused extends Error {
  override readonly name = 'TicketRefused';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const TIMEOUT_MS = 10_000;

/**
 * `url` with a ticket in its query, good for one handshake soon. The tickets are asked for beside the WebSocket:
 * `.../api/v1/tickets` for `.../api/v1/heatmaps`.
 * @throws TicketRefused; TypeError when nobody answers
 */
export async function withTicket(url: string, token: string): Promise<string> {
  const socket = new URL(url);
  const tickets = new URL('tickets', url);
  tickets.protocol = tickets.protocol.replace(/^ws/, 'http');
  const response = await fetch(tickets, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const body = (await response.json().catch(() => null)) as Record<string, unknown> | null;
  const ticket = body?.['ticket'];
  if (!response.ok || typeof ticket !== 'string') {
    const { code = `http-${response.status}`, detail = 'The server gave no ticket.' } = body ?? {};
    throw new TicketRefused(String(code), String(detail));
  }
  socket.searchParams.set('ticket', ticket);
  return socket.href;
}
