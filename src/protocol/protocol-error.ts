/** What a decoder throws when bytes or text break the protocol (docs/protocol.md). */

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  /** The offending field as a path, e.g. `classes[2].peak.x`; empty when the whole message is meant. */
  readonly field: string;

  constructor(field: string, problem: string) {
    super(field === '' ? `Message ${problem}.` : `Field ${field} ${problem}.`);
    this.field = field;
  }
}
