/** What a request body may be: its size and its type. */

import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HttpProblem } from './problem.ts';

/** 413 above `maxBytes`, also when the length is not announced. */
export function limitBody(maxBytes: number): MiddlewareHandler {
  return bodyLimit({
    maxSize: maxBytes,
    onError: () => {
      throw new HttpProblem(
        413,
        'body-too-large',
        `The body is larger than the ${maxBytes} bytes this server takes.`,
      );
    },
  });
}

/** 415 unless the body says that it is `type`. */
export function requireType(type: string): MiddlewareHandler {
  return async (context, next) => {
    const given = context.req.header('Content-Type')?.split(';')[0]?.trim().toLowerCase();
    if (given !== type) {
      throw new HttpProblem(
        415,
        'unsupported-media-type',
        `The body must be ${type}, but its Content-Type is ${given ?? 'missing'}.`,
        { 'Accept-Post': type },
      );
    }
    await next();
  };
}

export const requireJson = requireType('application/json');
