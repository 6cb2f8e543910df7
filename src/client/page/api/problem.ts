/** What went wrong with a request, in words, from the server's problem+json (RFC 9457) or the lack of an answer. */

import { authorization } from '../access/page-token.ts';
import { retryAfterMs } from './retry-after.ts';

/** One wrong field of a request. */
export interface FieldProblem {
  /** Name of the field, e.g. `url`. */
  field: string;
  message: string;
}

export class RequestProblem extends Error {
  override readonly name = 'RequestProblem';
  /** The server's stable code, or `unreachable`. */
  readonly code: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly fields: readonly FieldProblem[];
  /** How long the server asks to be left alone, in milliseconds; null when it does not say. */
  readonly retryAfterMs: number | null;

  constructor(
    code: string,
    status: number,
    message: string,
    fields: readonly FieldProblem[] = [],
    retryAfter: number | null = null,
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.fields = fields;
    this.retryAfterMs = retryAfter;
  }
}

/** Reads a refusal; a body that is no problem+json still gives a sentence. */
export async function readProblem(response: Response): Promise<RequestProblem> {
  let body: unknown = null;
  try {
    body = await response.json();
  } catch {
    // A proxy's HTML page, or nothing.
  }
  const { headers, status } = response;
  return parseProblem(status, body, retryAfterMs(headers.get('Retry-After'), headers.get('Date')));
}

export function parseProblem(
  status: number,
  body: unknown,
  retryAfter: number | null = null,
): RequestProblem {
  const problem = isRecord(body) ? body : {};
  const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
  const message =
    text(problem['detail']) ?? text(problem['title']) ?? `The server answered with status ${status}.`;
  const errors = Array.isArray(problem['errors']) ? problem['errors'] : [];
  const fields = errors.flatMap((error: unknown): FieldProblem[] => {
    if (!isRecord(error)) return [];
    const fieldMessage = text(error['message']);
    return fieldMessage === null ? [] : [{ field: text(error['field']) ?? '', message: fieldMessage }];
  });
  return new RequestProblem(text(problem['code']) ?? `http-${status}`, status, message, fields, retryAfter);
}

/** `fetch` with the page's token, and with an absent server and a refusal both thrown as {@link RequestProblem}. */
export async function request(
  url: string,
  init?: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> },
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers: { ...authorization(), ...init?.headers } });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new RequestProblem('unreachable', 0, 'The server does not answer. Is it running?');
  }
  if (!response.ok) throw await readProblem(response);
  return response;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
