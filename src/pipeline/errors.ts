/** The one error type of the program: a stable code, and a message that says what, why and the mend. */

export type ErrorCode =
  | 'bad-config'
  | 'bad-request'
  | 'unauthorized'
  | 'forbidden'
  | 'too-many-attempts'
  | 'too-many-requests'
  | 'bad-sdp'
  | 'unacceptable-sdp'
  | 'port-taken'
  | 'bad-url'
  | 'forbidden-path'
  | 'forbidden-address'
  | 'bad-manifest'
  | 'bad-weights'
  | 'model-mismatch'
  | 'model-missing'
  | 'bad-dataset'
  | 'engine-failed'
  | 'engine-unavailable'
  | 'bad-checkpoint'
  | 'training-diverged'
  | 'source-auth'
  | 'source-refused'
  | 'source-timeout'
  | 'source-not-found'
  | 'source-unsupported'
  | 'source-corrupt'
  | 'source-lost'
  | 'source-crashed'
  | 'stream-exists'
  | 'stream-unknown'
  | 'limit-reached'
  | 'closed'
  | 'internal';

/**
 * Thrown by every room. `message` names the mend; `retryable` says whether trying again later can help;
 * `details` holds structured facts (never a credential).
 */
export class EarsightError extends Error {
  override readonly name = 'EarsightError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { retryable?: boolean; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
