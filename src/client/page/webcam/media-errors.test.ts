/** Every way a camera can be refused has a title and an advice. */

import { describe, expect, it } from 'vitest';
import { insecureContextTrouble, mediaTrouble } from './media-errors.ts';

describe('mediaTrouble', () => {
  it.each([
    ['NotAllowedError', /not allowed/u],
    ['NotFoundError', /No camera/u],
    ['NotReadableError', /busy/u],
    ['SomethingNew', /could not be opened/u],
  ])('has words for %s', (name, title) => {
    const trouble = mediaTrouble(name);
    expect(trouble.title).toMatch(title);
    expect(trouble.advice.length).toBeGreaterThan(10);
  });

  it('tells people on an insecure page how to open a secure one', () => {
    const trouble = insecureContextTrouble({ hostname: '10.0.0.5', port: '8080' });
    expect(trouble.advice).toContain('http://localhost:8080');
    expect(trouble.advice).toContain('HTTPS');
  });
});
