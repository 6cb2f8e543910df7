/** A refusal always becomes a sentence, whoever refused. */

import { describe, expect, it } from 'vitest';
import { parseProblem } from './problem.ts';

describe('parseProblem', () => {
  it('reads problem+json with its fields', () => {
    const problem = parseProblem(422, {
      title: 'Unprocessable',
      detail: 'The address is no URL.',
      code: 'bad-url',
      errors: [{ field: 'url', message: 'It must begin with rtsp:.' }, { field: 'name' }, null],
    });
    expect(problem.message).toBe('The address is no URL.');
    expect(problem.code).toBe('bad-url');
    expect(problem.fields).toEqual([{ field: 'url', message: 'It must begin with rtsp:.' }]);
  });

  it.each([null, 'text', [], {}, { detail: '' }])('has words for %j too', (body) => {
    const problem = parseProblem(502, body);
    expect(problem.message).toBe('The server answered with status 502.');
    expect(problem.code).toBe('http-502');
  });
});
