import { describe, expect, it } from 'vitest';
import { FrameResizer, type I420Picture, type Resampler } from './resize.ts';

const RESAMPLERS: Resampler[] = ['area', 'bilinear'];

/** Deterministic bytes in `[low, high)`. */
function noise(count: number, low: number, high: number): Uint8Array {
  let state = count;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return low + Math.floor((state / 2 ** 32) * (high - low));
  });
}

/** A picture whose every pixel is inside the RGB cube: mid luma, small chroma. */
function picture(width: number, height: number): I420Picture {
  const chroma = ((width + 1) >> 1) * ((height + 1) >> 1);
  const data = new Uint8Array(width * height + 2 * chroma);
  data.set(noise(width * height, 90, 166));
  data.set(noise(2 * chroma, 100, 156), width * height);
  return { width, height, data };
}

const clip = (value: number): number => Math.min(255, Math.max(0, value));

/** Pixel (x, y) of an I420 picture as real-valued RGB, each chroma sample standing for its block of pixels. */
function rgbAt({ width, height, data }: I420Picture, x: number, y: number): number[] {
  const chromaWidth = Math.ceil(width / 2);
  const chromaAt = width * height + Math.floor(y / 2) * chromaWidth + Math.floor(x / 2);
  const luma = data[y * width + x]!;
  const cb = data[chromaAt]! - 128;
  const cr = data[chromaAt + chromaWidth * Math.ceil(height / 2)]! - 128;
  return [luma + 1.402 * cr, luma - 0.344136 * cb - 0.714136 * cr, luma + 1.772 * cb].map(clip);
}

/** The mean of the real-valued RGB picture over an output pixel's footprint: convert first, then average. */
function naiveArea(source: I420Picture, width: number, height: number, x: number, y: number): number[] {
  const [x0, x1] = [(x * source.width) / width, ((x + 1) * source.width) / width];
  const [y0, y1] = [(y * source.height) / height, ((y + 1) * source.height) / height];
  const sum = [0, 0, 0];
  for (let sy = Math.floor(y0); sy < Math.min(source.height, Math.ceil(y1)); sy++) {
    for (let sx = Math.floor(x0); sx < Math.min(source.width, Math.ceil(x1)); sx++) {
      const covered = (Math.min(x1, sx + 1) - Math.max(x0, sx)) * (Math.min(y1, sy + 1) - Math.max(y0, sy));
      rgbAt(source, sx, sy).forEach((value, c) => (sum[c]! += (value * covered) / ((x1 - x0) * (y1 - y0))));
    }
  }
  return sum;
}

/** A plane's value between its samples, edges repeated. */
function lerp(plane: Uint8Array, width: number, height: number, x: number, y: number): number {
  const cx = Math.min(Math.max(x, 0), width - 1);
  const cy = Math.min(Math.max(y, 0), height - 1);
  const [x0, y0] = [Math.floor(cx), Math.floor(cy)];
  const [x1, y1] = [Math.min(x0 + 1, width - 1), Math.min(y0 + 1, height - 1)];
  const row = (at: number): number =>
    plane[at * width + x0]! * (1 - cx + x0) + plane[at * width + x1]! * (cx - x0);
  return row(y0) * (1 - cy + y0) + row(y1) * (cy - y0);
}

/** Each plane interpolated at the output pixel's centre, then converted. */
function naiveBilinear(source: I420Picture, width: number, height: number, x: number, y: number): number[] {
  const [cw, ch] = [Math.ceil(source.width / 2), Math.ceil(source.height / 2)];
  const uAt = source.width * source.height;
  const px = ((x + 0.5) * source.width) / width;
  const py = ((y + 0.5) * source.height) / height;
  const luma = lerp(source.data, source.width, source.height, px - 0.5, py - 0.5);
  const cb = lerp(source.data.subarray(uAt), cw, ch, px / 2 - 0.5, py / 2 - 0.5) - 128;
  const cr = lerp(source.data.subarray(uAt + cw * ch), cw, ch, px / 2 - 0.5, py / 2 - 0.5) - 128;
  return [luma + 1.402 * cr, luma - 0.344136 * cb - 0.714136 * cr, luma + 1.772 * cb].map(clip);
}

const SIZES: [number, number, number, number][] = [
  [640, 480, 160, 160],
  [320, 180, 160, 160],
  [641, 361, 160, 160],
  [99, 57, 40, 32],
  [33, 21, 48, 48],
  [5, 3, 2, 2],
  [1, 1, 3, 3],
];

describe('frame resizer', () => {
  it.each(SIZES)('area: %ix%i to %ix%i is within a level of converting first', (sw, sh, width, height) => {
    const source = picture(sw, sh);
    const out = new Uint8Array(width * height * 3);
    new FrameResizer({ width, height, resampler: 'area' }).write(source, out, 0);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const expected = naiveArea(source, width, height, x, y);
        const at = (y * width + x) * 3;
        const worst = Math.max(...expected.map((value, c) => Math.abs(out[at + c]! - value)));
        expect(worst, `pixel ${x},${y}`).toBeLessThanOrEqual(1);
      }
    }
  });

  it.each(SIZES)('bilinear: %ix%i to %ix%i is within a level', (sw, sh, width, height) => {
    const source = picture(sw, sh);
    const out = new Uint8Array(width * height * 3);
    new FrameResizer({ width, height, resampler: 'bilinear' }).write(source, out, 0);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const expected = naiveBilinear(source, width, height, x, y);
        const at = (y * width + x) * 3;
        const worst = Math.max(...expected.map((value, c) => Math.abs(out[at + c]! - value)));
        expect(worst, `pixel ${x},${y}`).toBeLessThanOrEqual(1);
      }
    }
  });

  it.each(RESAMPLERS)('%s keeps a constant picture constant, and clips what no RGB can be', (resampler) => {
    const colours: [number[], number[]][] = [
      [
        [0, 128, 128],
        [0, 0, 0],
      ],
      [
        [255, 128, 128],
        [255, 255, 255],
      ],
      [
        [76, 85, 255],
        [254, 0, 0],
      ],
      [
        [128, 255, 0],
        [0, 176, 255],
      ],
    ];
    for (const [width, height] of [
      [640, 480],
      [37, 53],
      [1, 1],
    ] as const) {
      for (const [[y, u, v], rgb] of colours) {
        const chroma = ((width + 1) >> 1) * ((height + 1) >> 1);
        const data = new Uint8Array(width * height + 2 * chroma).fill(y!);
        data.fill(u!, width * height, width * height + chroma).fill(v!, width * height + chroma);
        const out = new Uint8Array(24 * 24 * 3);
        new FrameResizer({ width: 24, height: 24, resampler }).write({ width, height, data }, out, 0);
        for (let i = 0; i < out.length; i++) expect(Math.abs(out[i]! - rgb[i % 3]!)).toBeLessThanOrEqual(1);
        expect(new Set(out).size).toBeLessThanOrEqual(3);
      }
    }
  });

  it.each(RESAMPLERS)('%s gives training’s RGB the same picture', (resampler) => {
    // Even width and constant chroma: the RGB picture and the I420 picture are the same.
    const source = picture(94, 62);
    source.data.fill(120, 94 * 62);
    const rgb = new Uint8Array(94 * 62 * 3);
    for (let i = 0; i < 94 * 62; i++) {
      rgb.set(rgbAt(source, i % 94, Math.floor(i / 94)).map(Math.round), i * 3);
    }
    const resizer = new FrameResizer({ width: 40, height: 32, resampler });
    const fromI420 = new Uint8Array(40 * 32 * 3);
    const fromRgb = new Uint8Array(40 * 32 * 3);
    resizer.write(source, fromI420, 0);
    resizer.writeRgb(rgb, 94, 62, fromRgb, 0);
    fromI420.forEach((value, i) => expect(Math.abs(value - fromRgb[i]!)).toBeLessThanOrEqual(1));
  });

  it('copies RGB of its own size exactly', () => {
    const rgb = noise(17 * 13 * 3, 0, 256);
    for (const resampler of RESAMPLERS) {
      const out = new Uint8Array(rgb.length);
      new FrameResizer({ width: 17, height: 13, resampler }).writeRgb(rgb, 17, 13, out, 0);
      expect(out).toEqual(rgb);
    }
  });

  it('writes into its slot of a batch and nowhere else, sources of many sizes in turn', () => {
    const resizer = new FrameResizer({ width: 8, height: 8, resampler: 'area' });
    const batch = new Uint8Array(3 * 192).fill(9);
    for (let size = 1; size < 60; size++) resizer.write(picture(size, 61 - size), batch, 192);
    const alone = new Uint8Array(192);
    new FrameResizer({ width: 8, height: 8, resampler: 'area' }).write(picture(59, 2), alone, 0);
    expect(batch.subarray(192, 384)).toEqual(alone);
    expect(batch.subarray(0, 192).every((value) => value === 9)).toBe(true);
    expect(batch.subarray(384).every((value) => value === 9)).toBe(true);
  });
});
