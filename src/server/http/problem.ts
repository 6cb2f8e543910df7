/** Errors as `application/problem+json` (RFC 9457) with a stable code. */

import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { z } from 'zod';
import { EarsightError, type ErrorCode } from '../../pipeline/errors.ts';
import { type Problem, problemsOf } from '../config/problems.ts';

/** Codes that only HTTP knows, beside {@link ErrorCode}. */
type HttpCode =
  | 'not-found'
  | 'method-not-allowed'
  | 'not-acceptable'
  | 'unsupported-media-type'
  | 'body-too-large'
  | 'precondition-required'
  | 'precondition-failed'
  | 'forbidden-origin'
  | 'unexpected-host'
  | 'upgrade-required'
  | 'no-picture';

interface FieldError {
  field: string;
  message: string;
}

/** The answer's body. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors?: FieldError[];
}

/** Thrown by handlers for what HTTP itself refuses. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: ContentfulStatusCode;
  readonly code: HttpCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: ContentfulStatusCode,
    code: HttpCode,
    message: string,
    headers: Record<string, string> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

const STATUS: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  'bad-request': 422,
  unauthorized: 401,
  forbidden: 403,
  'too-many-attempts': 429,
  'too-many-requests': 429,
  'bad-sdp': 400,
  'unacceptable-sdp': 422,
  'port-taken': 503,
  'bad-url': 422,
  'forbidden-path': 422,
  'forbidden-address': 422,
  'stream-exists': 409,
  'stream-unknown': 404,
  'limit-reached': 503,
  'source-crashed': 503,
  'source-timeout': 503,
  'engine-failed': 503,
  closed: 503,
};

const TITLE: Partial<Record<number, string>> = {
  400: 'The request cannot be read',
  401: 'A token is needed',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  406: 'Not acceptable',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Too large',
  415: 'Unsupported media type',
  421: 'Asked for by an unknown name',
  422: 'The request is not acceptable',
  426: 'Upgrade required',
  428: 'Precondition required',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Not available now',
};

const RETRY_AFTER_S = 5;

/** Turns anything thrown into an answer; `report` gets what is a fault of ours, whose text stays inside. */
export function problemResponse(
  context: Context,
  thrown: unknown,
  report: (thrown: unknown) => void,
): Response {
  if (thrown instanceof HttpProblem) {
    return answer(context, thrown.status, thrown.code, thrown.message, { headers: thrown.headers });
  }
  if (thrown instanceof InvalidRequest) {
    const errors = thrown.problems.map(({ field, message }) => ({ field, message }));
    return answer(context, 422, 'bad-request', thrown.message, { errors });
  }
  if (thrown instanceof HTTPException) {
    const status: ContentfulStatusCode = thrown.status;
    return answer(context, status, status === 400 ? 'bad-request' : 'internal', `${thrown.message}.`);
  }
  if (thrown instanceof EarsightError) {
    const status = STATUS[thrown.code];
    if (status !== undefined) {
      const { field } = thrown.details;
      return answer(context, status, thrown.code, thrown.message, {
        ...(typeof field === 'string' ? { errors: [{ field, message: thrown.message }] } : {}),
        headers: headersOf(status, thrown),
      });
    }
  }
  report(thrown);
  return answer(context, 500, 'internal', 'Something went wrong inside the server. Its log says what.');
}

function headersOf(status: number, { details }: EarsightError): Record<string, string> {
  if (status === 401) return { 'WWW-Authenticate': 'Bearer realm="earsight"' };
  if (status === 429) return { 'Retry-After': String(Number(details['retryAfterS'] ?? RETRY_AFTER_S)) };
  return status === 503 ? { 'Retry-After': String(RETRY_AFTER_S) } : {};
}

/** Thrown for a request that the schema refuses: 422 naming every field. */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join(' '));
    this.problems = problems;
  }
}

/** A validation hook for `openapi(route, handler, hook)`: every problem of the body or the path named. */
export function refuseInvalid(schema: z.ZodType) {
  return (result: { success: true } | { success: false; error: z.ZodError; data?: unknown }): undefined => {
    if (!result.success) throw new InvalidRequest(problemsOf(schema, result.error, result.data));
  };
}

function answer(
  context: Context,
  status: ContentfulStatusCode,
  code: string,
  detail: string,
  extra: { errors?: FieldError[]; headers?: Readonly<Record<string, string>> } = {},
): Response {
  const body: ProblemBody = {
    type: `urn:earsight:problem:${code}`,
    title: TITLE[status] ?? 'The request failed',
    status,
    detail,
    code,
    ...(extra.errors === undefined ? {} : { errors: extra.errors }),
  };
  return context.body(JSON.stringify(body), status, {
    'Cache-Control': 'no-store',
    ...extra.headers,
    'Content-Type': 'application/problem+json',
  });
}
