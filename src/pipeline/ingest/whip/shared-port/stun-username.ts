/** Whose a connectivity check is (RFC 8445 section 7.2.2), read from the outside of it. */

const HEADER_BYTES = 20;
const BINDING_REQUEST = 0x0001;
const MAGIC_COOKIE = 0x2112_a442;
const USERNAME = 0x0006;

/**
 * The user fragment of the agent that a STUN binding request is for: what stands before the colon of its USERNAME.
 * Nothing is proven by it; the agent checks the request's integrity.
 * @returns null when it is no such request (RFC 8489 sections 5 and 14)
 */
export function ufragOfCheck(packet: Buffer): string | null {
  if (packet.length < HEADER_BYTES || packet.readUInt16BE(0) !== BINDING_REQUEST) return null;
  if (packet.readUInt32BE(4) !== MAGIC_COOKIE) return null;
  const end = Math.min(packet.length, HEADER_BYTES + packet.readUInt16BE(2));
  for (let at = HEADER_BYTES; at + 4 <= end; ) {
    const length = packet.readUInt16BE(at + 2);
    const from = at + 4;
    if (from + length > end) return null;
    if (packet.readUInt16BE(at) === USERNAME) {
      const [ufrag, ...peer] = packet.toString('utf8', from, from + length).split(':');
      return peer.length === 0 || ufrag === undefined || ufrag === '' ? null : ufrag;
    }
    // Attributes begin at multiples of four bytes.
    at = from + ((length + 3) & ~3);
  }
  return null;
}
