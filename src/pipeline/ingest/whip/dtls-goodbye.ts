/** Ends a DTLS association so that the publisher hears of it (RFC 7675 section 5.2); werift only falls silent. */

import type { RTCDtlsTransport } from 'werift';

/** RFC 6347 section 4.1, RFC 5246 section 7.2.1. */
const ALERT = 21;
const CLOSE_NOTIFY = Uint8Array.of(1, 0);
const HEADER_BYTES = 13;

/** Sends close_notify, once, without waiting for an answer. Does nothing while the handshake is not done. */
export async function sayGoodbye({ dtls, state, iceTransport }: RTCDtlsTransport): Promise<void> {
  if (dtls === undefined || state !== 'connected') return;
  const { version, epoch } = dtls.dtls;
  const sequenceNumber = ++dtls.dtls.recordSequenceNumber;
  const sealed = dtls.cipher.cipher.encrypt(dtls.sessionType, Buffer.from(CLOSE_NOTIFY), {
    type: ALERT,
    version: (version.major << 8) | version.minor,
    epoch,
    sequenceNumber,
  });
  const record = Buffer.alloc(HEADER_BYTES + sealed.length);
  record.writeUInt8(ALERT, 0);
  record.writeUInt8(version.major, 1);
  record.writeUInt8(version.minor, 2);
  record.writeUInt16BE(epoch, 3);
  record.writeUIntBE(sequenceNumber, 5, 6);
  record.writeUInt16BE(sealed.length, 11);
  sealed.copy(record, HEADER_BYTES);
  // Nothing is lost but the word where the path is down already.
  await iceTransport.connection.send(record).catch(() => undefined);
}
