import { describe, expect, it } from 'vitest';
import { orientationOf, orientedSize, orientPicture, upright } from './picture-orientation.ts';

const one = 65_536;
const matrix = (a: number, b: number, c: number, d: number): Uint8Array =>
  new Uint8Array(Int32Array.from([a, b, 0, c, d, 0, 0, 0, 1 << 30]).buffer);

/** 4 x 2: luma 0 to 7 in reading order, chroma 8 and 9, 10 and 11. */
const picture = Uint8Array.from({ length: 12 }, (_, i) => i);
const size = { width: 4, height: 2 };

// What av_display_rotation_set and phones write, and the picture as a person should see it.
const cases: [name: string, matrix: Uint8Array, luma: number[][], chroma: number[][]][] = [
  [
    'as it is',
    matrix(one, 0, 0, one),
    [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ],
    [[8, 9]],
  ],
  [
    'a quarter clockwise (portrait)',
    matrix(0, one, -one, 0),
    [
      [4, 0],
      [5, 1],
      [6, 2],
      [7, 3],
    ],
    [[8], [9]],
  ],
  [
    'a quarter anticlockwise',
    matrix(0, -one, one, 0),
    [
      [3, 7],
      [2, 6],
      [1, 5],
      [0, 4],
    ],
    [[9], [8]],
  ],
  [
    'upside down',
    matrix(-one, 0, 0, -one),
    [
      [7, 6, 5, 4],
      [3, 2, 1, 0],
    ],
    [[9, 8]],
  ],
  [
    'mirrored (front camera)',
    matrix(-one, 0, 0, one),
    [
      [3, 2, 1, 0],
      [7, 6, 5, 4],
    ],
    [[9, 8]],
  ],
  [
    'transposed',
    matrix(0, one, one, 0),
    [
      [0, 4],
      [1, 5],
      [2, 6],
      [3, 7],
    ],
    [[8], [9]],
  ],
  [
    '80 degrees, nearly a quarter',
    matrix(11_380, 64_540, -64_540, 11_380),
    [
      [4, 0],
      [5, 1],
      [6, 2],
      [7, 3],
    ],
    [[8], [9]],
  ],
];

describe('picture orientation', () => {
  it.each(cases)('%s', (_, bytes, luma, chroma) => {
    const orientation = orientationOf(bytes);
    const turned = orientPicture(picture, size, orientation);
    expect(orientedSize(size, orientation)).toEqual({ width: luma[0]!.length, height: luma.length });
    expect([...turned.subarray(0, 8)]).toEqual(luma.flat());
    expect([...turned.subarray(8)]).toEqual([...chroma.flat(), ...chroma.flat().map((value) => value + 2)]);
  });

  it('takes what is no matrix for upright', () => {
    expect(orientationOf(new Uint8Array(35))).toEqual(upright);
    expect(orientationOf(new Uint8Array(36))).toEqual(upright);
  });
});
