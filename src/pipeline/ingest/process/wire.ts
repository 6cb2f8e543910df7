/** How parent and media child talk over their pipe: length-framed JSON headers, each with optional raw bytes. */

/** Bounds on one message; a peer that exceeds them is broken. */
const maxHeaderBytes = 1 << 20;
const maxPayloadBytes = 64 << 20;
const prefixBytes = 8;

/**
 * One message: u32 header length, u32 payload length (little-endian), JSON header. The payload, if any, follows
 * as it is, so that pixels are never copied here.
 */
export function encodePrefix(header: unknown, payloadBytes: number): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.allocUnsafe(prefixBytes + json.length);
  prefix.writeUInt32LE(json.length, 0);
  prefix.writeUInt32LE(payloadBytes, 4);
  json.copy(prefix, prefixBytes);
  return prefix;
}

/** Puts messages together from whatever pieces the pipe delivers. */
export class WireReader {
  readonly #onMessage: (header: unknown, payload: Uint8Array<ArrayBuffer>) => void;
  readonly #prefix = Buffer.alloc(prefixBytes);
  #filling: Uint8Array = this.#prefix;
  #filled = 0;
  #header: Buffer | null = null;
  #payloadBytes = 0;

  /** @param onMessage - receives the parsed header, and the payload in a buffer of its own. */
  constructor(onMessage: (header: unknown, payload: Uint8Array<ArrayBuffer>) => void) {
    this.#onMessage = onMessage;
  }

  /** @throws Error when the bytes are no message; the stream cannot be read on after that. */
  push(piece: Uint8Array): void {
    let taken = 0;
    while (taken < piece.length) {
      const count = Math.min(piece.length - taken, this.#filling.length - this.#filled);
      this.#filling.set(piece.subarray(taken, taken + count), this.#filled);
      this.#filled += count;
      taken += count;
      if (this.#filled === this.#filling.length) this.#advance();
    }
  }

  /** What was being filled is full: prefix, then header, then payload. */
  #advance(): void {
    if (this.#filling === this.#prefix) {
      const headerBytes = this.#prefix.readUInt32LE(0);
      this.#payloadBytes = this.#prefix.readUInt32LE(4);
      if (headerBytes === 0 || headerBytes > maxHeaderBytes || this.#payloadBytes > maxPayloadBytes)
        throw new Error(`not a message: header ${headerBytes} bytes, payload ${this.#payloadBytes} bytes`);
      this.#header = Buffer.alloc(headerBytes);
      this.#fill(this.#header);
      return;
    }
    if (this.#filling === this.#header && this.#payloadBytes > 0) {
      this.#fill(new Uint8Array(this.#payloadBytes));
      return;
    }
    const payload = this.#filling === this.#header ? new Uint8Array(0) : this.#filling;
    const header: unknown = JSON.parse(this.#header!.toString());
    this.#header = null;
    this.#fill(this.#prefix);
    this.#onMessage(header, payload as Uint8Array<ArrayBuffer>);
  }

  #fill(buffer: Uint8Array): void {
    this.#filling = buffer;
    this.#filled = 0;
  }
}
