/** A message ready for any number of sockets: its bytes, and whether they go as a text or a binary frame. */

import { encodeJson } from '../../protocol/json.ts';
import type { ServerMessage } from '../../protocol/messages.ts';

/** `data` is shared between subscribers; nobody writes to it. */
export interface Payload {
  readonly data: Uint8Array;
  readonly binary: boolean;
}

const utf8 = new TextEncoder();

/** A text frame. Encoded to UTF-8 here, once, because `ws` would do it again for every socket. */
export function textPayload(message: ServerMessage): Payload {
  return { data: utf8.encode(encodeJson(message)), binary: false };
}
