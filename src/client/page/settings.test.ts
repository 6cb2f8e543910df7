/** Remembered settings: whatever the storage holds, the page starts. */

import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, parseSettings } from './settings.ts';

describe('parseSettings', () => {
  it('reads back what was written', () => {
    const chosen = { hiddenClasses: ['dog'], opacity: 0.3, threshold: 0, labels: false, outlines: false };
    expect(parseSettings(JSON.stringify(chosen))).toEqual(chosen);
  });

  it.each([
    null,
    '',
    '{',
    '7',
    'null',
    '[]',
    '{"opacity":"1","threshold":2,"labels":1,"hiddenClasses":"dog"}',
  ])('falls back to the defaults for %j', (text) => expect(parseSettings(text)).toEqual(DEFAULT_SETTINGS));

  it('keeps the usable fields beside a broken one', () => {
    expect(parseSettings('{"opacity":0.5,"threshold":-1}')).toEqual({ ...DEFAULT_SETTINGS, opacity: 0.5 });
  });
});
