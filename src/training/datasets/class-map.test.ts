/** Names to the model's classes. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { write } from '../../../test/support/datasets/media.ts';
import { mapClasses, readClassMap } from './class-map.ts';

const folder = mkdtempSync(join(tmpdir(), 'earsight-classes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function mapFile(text: string): string {
  const path = join(folder, 'map.yaml');
  write(path, text);
  return path;
}

describe('mapClasses', () => {
  it("goes by name, without case, with AVGN's underscores for blanks and commas", () => {
    const map = mapClasses(
      ['female_speech_woman_speaking', 'Dog'],
      ['dog', 'female speech, woman speaking'],
      {},
      'refuse',
    );
    expect([...map.values()]).toEqual([1, 0]);
  });

  it('goes by the map first; null is none', () => {
    const map = mapClasses(
      ['dog barking', 'elk bugling', 'dog'],
      ['dog'],
      { 'dog barking': 'dog', 'elk bugling': null },
      'refuse',
    );
    expect([...map]).toEqual([
      ['dog barking', 0],
      ['elk bugling', null],
      ['dog', 0],
    ]);
  });

  it('refuses names that find no class, naming them and the mend', () => {
    expect(() => mapClasses(['dog', 'elk'], ['dog', 'cat'], {}, 'refuse')).toThrow(
      /1 of the data set's 2 classes are none of the model's: elk\..*dog, cat.*class map/s,
    );
  });

  it('leaves others without a class where that is wanted', () => {
    expect(mapClasses(['dog', 'elk'], ['dog'], {}, 'leave-out').get('elk')).toBeNull();
    expect(mapClasses(['elk'], ['dog'], {}, 'unnamed').get('elk')).toBeNull();
    expect(() => mapClasses(['elk'], ['dog'], {}, 'leave-out')).toThrow(/No class of the data set/);
  });

  it('refuses maps from or to what is not there', () => {
    expect(() => mapClasses(['dog'], ['dog'], { dgo: 'dog' }, 'refuse')).toThrow(
      /"dgo", which is no class of the data set/,
    );
    expect(() => mapClasses(['dog'], ['dog'], { dog: 'cat' }, 'refuse')).toThrow(
      /"cat", which is no class of the model/,
    );
  });
});

describe('readClassMap', () => {
  it('reads YAML', () => {
    expect(readClassMap(mapFile('elk bugling: elk\nrain: null\n'))).toEqual({
      'elk bugling': 'elk',
      rain: null,
    });
  });

  it('names file and line of what is wrong', () => {
    expect(() => readClassMap(mapFile('a: b\na: c\n'))).toThrow(/map\.yaml:2: /);
    expect(() => readClassMap(mapFile('a: [1]\n'))).toThrow(/map\.yaml, "a": /);
    expect(() => readClassMap(mapFile('- a\n'))).toThrow(/map\.yaml:1: it is no list of names/);
    expect(() => readClassMap(join(folder, 'gone.yaml'))).toThrow(/gone\.yaml: .*Correct the path/);
  });
});
