/** Sorts FFmpeg's errors into the stable reasons that a source may give, each with its mend. */

import { constants } from 'node:os';
import {
  AVERROR_BSF_NOT_FOUND,
  AVERROR_DECODER_NOT_FOUND,
  AVERROR_DEMUXER_NOT_FOUND,
  AVERROR_EOF,
  AVERROR_EXIT,
  AVERROR_HTTP_FORBIDDEN,
  AVERROR_HTTP_NOT_FOUND,
  AVERROR_HTTP_UNAUTHORIZED,
  AVERROR_INVALIDDATA,
  AVERROR_PROTOCOL_NOT_FOUND,
  AVERROR_STREAM_NOT_FOUND,
} from 'node-av/constants';
import { FFmpegError } from 'node-av/lib';
import { EarsightError, type ErrorCode } from '../../errors.ts';

type Fault = readonly [ErrorCode, string];

const auth: Fault = ['source-auth', 'it refuses the user name or password; check both in the URL'];
const notFound: Fault = ['source-not-found', 'there is nothing at this address; check the path of the URL'];
const refused: Fault = [
  'source-refused',
  'the host refuses the connection; check address, port, and that it runs',
];
const timeout: Fault = ['source-timeout', 'it does not answer; check address, network and firewall'];
const unsupported: Fault = ['source-unsupported', 'FFmpeg has no reader for it; use another format or codec'];
const corrupt: Fault = [
  'source-corrupt',
  'what it sends is damaged or no audio or video; check what the URL delivers',
];
const lost: Fault = ['source-lost', 'the connection was lost'];
const { errno } = constants;

/** By FFmpeg's codes and (negated) the system's; opening and reading differ only where said below. */
const faults = new Map<number, Fault>([
  [AVERROR_HTTP_UNAUTHORIZED, auth],
  [AVERROR_HTTP_FORBIDDEN, auth],
  [AVERROR_HTTP_NOT_FOUND, notFound],
  [-errno.ENOENT, notFound],
  [-errno.ENODEV, notFound],
  [-errno.EACCES, ['source-refused', 'the file or device may not be read; check its permissions']],
  [-errno.EISDIR, ['source-unsupported', 'it is a folder; name a file']],
  [-errno.EBUSY, ['source-refused', 'another program uses the device; close that']],
  [-errno.ECONNREFUSED, refused],
  [-errno.EHOSTUNREACH, timeout],
  [-errno.ENETUNREACH, timeout],
  [-errno.ETIMEDOUT, timeout],
  [AVERROR_EXIT, timeout],
  [AVERROR_PROTOCOL_NOT_FOUND, unsupported],
  [AVERROR_DEMUXER_NOT_FOUND, unsupported],
  [AVERROR_DECODER_NOT_FOUND, unsupported],
  [AVERROR_BSF_NOT_FOUND, unsupported],
  [AVERROR_STREAM_NOT_FOUND, unsupported],
  [AVERROR_INVALIDDATA, corrupt],
  [-errno.EINVAL, corrupt],
]);

const hostUnknown: Fault = [
  'source-not-found',
  'the host is not reached or its name not known; check the address',
];
const ended: Fault = ['source-lost', 'the sender ended the stream'];

/** The error for FFmpeg's `code`, or the system's, while opening or reading. The message holds no URL. */
export function sourceFault(code: number, during: 'open' | 'read', cause?: unknown): EarsightError {
  const [reason, text] =
    code === AVERROR_EOF
      ? during === 'open'
        ? corrupt
        : ended
      : code === -errno.EIO && during === 'open'
        ? hostUnknown
        : (faults.get(code) ?? (during === 'open' ? refused : lost));
  return new EarsightError(reason, `${text} (${FFmpegError.strerror(code)})`, { retryable: true, cause });
}
