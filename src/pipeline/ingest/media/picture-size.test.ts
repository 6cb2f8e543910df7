import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitPicture } from './picture-size.ts';

const box = { width: 640, height: 480 };

describe('fitPicture', () => {
  it.each([
    [{ width: 1920, height: 1080 }, 1, { width: 640, height: 360 }],
    [{ width: 1280, height: 960 }, 1, { width: 640, height: 480 }],
    [{ width: 480, height: 640 }, 1, { width: 360, height: 480 }],
    [{ width: 320, height: 180 }, 1, { width: 320, height: 180 }],
    [{ width: 321, height: 181 }, 1, { width: 320, height: 180 }],
    [{ width: 720, height: 576 }, 16 / 15, { width: 640, height: 480 }],
    [{ width: 352, height: 288 }, 2, { width: 352, height: 144 }],
    [{ width: 4096, height: 2 }, 1, { width: 640, height: 2 }],
  ])('%o with pixels of %f becomes %o', (coded, aspect, expected) => {
    expect(fitPicture(coded, aspect, box)).toEqual(expected);
  });

  it('keeps even sides inside the box and never enlarges, whatever comes in', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 8192 }),
        fc.integer({ min: 2, max: 8192 }),
        fc.oneof(fc.constantFrom(0, Number.NaN, 1), fc.double({ min: 0.2, max: 5, noNaN: true })),
        (width, height, aspect) => {
          const size = fitPicture({ width, height }, aspect, box);
          expect(size.width % 2).toBe(0);
          expect(size.height % 2).toBe(0);
          expect(size.width).toBeLessThanOrEqual(Math.min(box.width, width));
          expect(size.height).toBeLessThanOrEqual(Math.min(box.height, height));
        },
      ),
    );
  });
});
