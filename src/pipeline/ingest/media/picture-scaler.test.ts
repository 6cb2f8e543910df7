import {
  AV_FRAME_FLAG_INTERLACED,
  AV_PIX_FMT_NV12,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUVJ420P,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_RGB,
  AVCOL_SPC_SMPTE170M,
} from 'node-av/constants';
import { Frame, Rational } from 'node-av/lib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Picture, PictureScaler } from './picture-scaler.ts';

/** A flat picture of one Y, Cb, Cr. */
function flatFrame(width: number, height: number, ycbcr: readonly [number, number, number]): Frame {
  const luma = width * height;
  const chroma = Math.ceil(width / 2) * Math.ceil(height / 2);
  const bytes = Buffer.alloc(luma + 2 * chroma, ycbcr[0]);
  bytes.fill(ycbcr[1], luma, luma + chroma).fill(ycbcr[2], luma + chroma);
  return Frame.fromVideoBuffer(bytes, { width, height, format: AV_PIX_FMT_YUV420P });
}

/** Y, Cb, Cr in the middle of the picture. */
function centre(picture: Picture): number[] {
  const { width, height, data } = picture;
  const chroma = (width / 2) * (height / 2);
  const middle = (w: number, h: number): number => (h >> 1) * w + (w >> 1);
  const half = middle(width / 2, height / 2);
  return [data[middle(width, height)]!, data[width * height + half]!, data[width * height + chroma + half]!];
}

function expectNear(actual: number[], expected: readonly number[]): void {
  actual.forEach((value, index) => expect(Math.abs(value - expected[index]!)).toBeLessThanOrEqual(2));
}

// Pure red as full-range BT.601 (JFIF) has it.
const red = [76, 85, 255] as const;

describe('PictureScaler', () => {
  let scaler: PictureScaler;
  beforeEach(() => {
    scaler = new PictureScaler();
  });
  afterEach(() => scaler.close());

  it.each([
    ['limited BT.709', AVCOL_RANGE_MPEG, AVCOL_SPC_BT709, [63, 102, 240]],
    ['limited BT.601', AVCOL_RANGE_MPEG, AVCOL_SPC_SMPTE170M, [81, 90, 240]],
    ['full BT.601', AVCOL_RANGE_JPEG, AVCOL_SPC_SMPTE170M, [76, 85, 255]],
  ] as const)('turns red of %s into full-range BT.601', (_name, range, space, ycbcr) => {
    const frame = flatFrame(1280, 720, ycbcr);
    frame.colorRange = range;
    frame.colorSpace = space;
    const picture = scaler.scale(frame);
    expect([picture.width, picture.height]).toEqual([640, 360]);
    expect(picture.data.length).toBe((640 * 360 * 3) / 2);
    expectNear(centre(picture), red);
  });

  it('stretches limited black and white to 0 and 255', () => {
    const white = flatFrame(320, 240, [235, 128, 128]);
    const black = flatFrame(320, 240, [16, 128, 128]);
    expectNear(centre(scaler.scale(white)), [255, 128, 128]);
    expectNear(centre(scaler.scale(black)), [0, 128, 128]);
  });

  it('takes the deprecated yuvj420p as full range', () => {
    const frame = flatFrame(320, 240, red);
    frame.format = AV_PIX_FMT_YUVJ420P;
    expectNear(centre(scaler.scale(frame)), red);
  });

  it('follows a stream whose size, format, range and matrix change from frame to frame', () => {
    const rgb = Buffer.alloc(100 * 100 * 3);
    for (let i = 0; i < rgb.length; i += 3) rgb[i] = 255;
    const nv12 = Buffer.alloc((640 * 480 * 3) / 2, 81);
    for (let i = 640 * 480; i < nv12.length; i += 2) nv12.set([90, 240], i);
    const make = [
      (): Frame => flatFrame(1920, 1080, [81, 90, 240]),
      (): Frame => {
        const frame = Frame.fromVideoBuffer(rgb, { width: 100, height: 100, format: AV_PIX_FMT_RGB24 });
        frame.colorSpace = AVCOL_SPC_RGB;
        return frame;
      },
      (): Frame => Frame.fromVideoBuffer(nv12, { width: 640, height: 480, format: AV_PIX_FMT_NV12 }),
      (): Frame => {
        const frame = flatFrame(641, 481, [63, 102, 240]);
        frame.colorSpace = AVCOL_SPC_BT709;
        return frame;
      },
      (): Frame => {
        const frame = flatFrame(320, 240, red);
        frame.colorRange = AVCOL_RANGE_JPEG;
        return frame;
      },
    ];
    const sizes = new Set<string>();
    for (let round = 0; round < 20; round++) {
      const frame = make[(round * 3) % make.length]!();
      const picture = scaler.scale(frame);
      sizes.add(`${picture.width}x${picture.height}`);
      expect(picture.data.length).toBe((picture.width * picture.height * 3) / 2);
      expectNear(centre(picture), red);
      frame.free();
    }
    expect([...sizes].sort()).toEqual(['100x100', '320x240', '640x360', '640x480'].sort());
  });

  it('squares anamorphic pixels and accepts interlaced pictures', () => {
    const frame = flatFrame(704, 576, [81, 90, 240]);
    frame.sampleAspectRatio = new Rational(12, 11);
    frame.setFlags(AV_FRAME_FLAG_INTERLACED);
    const picture = scaler.scale(frame);
    expect(picture.width / picture.height).toBeCloseTo(4 / 3, 1);
    expectNear(centre(picture), red);
  });

  it('packs rows without padding, left to right and top to bottom', () => {
    const width = 322;
    const height = 242;
    const frame = flatFrame(width, height, [0, 128, 128]);
    frame.colorRange = AVCOL_RANGE_JPEG;
    frame.colorSpace = AVCOL_SPC_SMPTE170M;
    const bytes = frame.toBuffer();
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) bytes[y * width + x] = (x + 3 * y) & 0xff;
    frame.fromBuffer(bytes);
    const { data } = scaler.scale(frame);
    for (let y = 0; y < height; y += 17)
      for (let x = 0; x < width; x += 13) expect(data[y * width + x]).toBe((x + 3 * y) & 0xff);
  });

  it('gives every picture its own buffer', () => {
    const first = scaler.scale(flatFrame(320, 240, [50, 128, 128]));
    const copy = first.data.slice();
    const second = scaler.scale(flatFrame(320, 240, [200, 128, 128]));
    expect(first.data.buffer).not.toBe(second.data.buffer);
    expect(first.data.byteLength).toBe(first.data.buffer.byteLength);
    expect(first.data).toEqual(copy);
    structuredClone(first.data, { transfer: [first.data.buffer] });
    expect(scaler.scale(flatFrame(320, 240, [50, 128, 128])).data).toEqual(copy);
  });

  it('may be closed twice, and used again', () => {
    scaler.scale(flatFrame(320, 240, [50, 128, 128]));
    scaler.close();
    scaler.close();
    expect(scaler.scale(flatFrame(320, 240, [50, 128, 128])).width).toBe(320);
  });
});
