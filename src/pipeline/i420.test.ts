import { describe, expect, it } from 'vitest';
import { i420Bytes, rgbToI420 } from './i420.ts';

/** JFIF's equations in floating point. */
function jfif(r: number, g: number, b: number): [number, number, number] {
  return [
    0.299 * r + 0.587 * g + 0.114 * b,
    128 - 0.168736 * r - 0.331264 * g + 0.5 * b,
    128 + 0.5 * r - 0.418688 * g - 0.081312 * b,
  ];
}

describe('rgbToI420', () => {
  it('follows JFIF within one step over the whole colour cube', () => {
    const rgb = new Uint8Array(12);
    const out = new Uint8Array(6);
    let cases = 0;
    for (let r = 0; r <= 255; r += 51) {
      for (let g = 0; g <= 255; g += 51) {
        for (let b = 0; b <= 255; b += 51) {
          for (let i = 0; i < 4; i++) rgb.set([r, g, b], i * 3);
          rgbToI420(rgb, 2, 2, out);
          const [y, u, v] = jfif(r, g, b);
          expect(Math.abs(out[0]! - y)).toBeLessThanOrEqual(0.51);
          expect(Math.abs(out[4]! - Math.min(255, u))).toBeLessThanOrEqual(0.51);
          expect(Math.abs(out[5]! - Math.min(255, v))).toBeLessThanOrEqual(0.51);
          cases++;
        }
      }
    }
    expect(cases).toBe(216);
  });

  it('converts odd sizes, and in parts what it converts whole', () => {
    const width = 7;
    const height = 5;
    const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37) % 256);
    const whole = new Uint8Array(i420Bytes(width, height));
    rgbToI420(rgb, width, height, whole);
    expect(whole.length).toBe(35 + 2 * 12);
    const parts = new Uint8Array(whole.length);
    for (const rect of [
      { left: 0, top: 0, right: 3, bottom: 5 },
      { left: 3, top: 0, right: 7, bottom: 2 },
      { left: 3, top: 1, right: 7, bottom: 5 },
    ]) {
      rgbToI420(rgb, width, height, parts, rect);
    }
    expect(parts).toEqual(whole);
  });
});
