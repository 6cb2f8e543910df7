/** What arrives on either subprotocol: text frames are JSON, binary frames are heatmaps. */

import { decodeBinary } from './binary.ts';
import { decodeJson } from './json.ts';
import type { ServerMessage } from './messages.ts';

/**
 * @returns the message, or null for a type this version does not know (ignore it).
 * @throws ProtocolError as {@link decodeBinary} and {@link decodeJson} do.
 */
export function decodeServerMessage(data: string | ArrayBuffer | Uint8Array): ServerMessage | null {
  return typeof data === 'string' ? decodeJson(data) : decodeBinary(data);
}
