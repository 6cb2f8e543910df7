/** Pictures: colours survive, heat lands where it belongs, encoders close. */

import { AV_CODEC_ID_MJPEG, AV_CODEC_ID_PNG } from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, Frame, Packet } from 'node-av/lib';
import { describe, expect, it } from 'vitest';
import { EarsightError } from '../../src/pipeline/errors.ts';
import { rgbToI420 } from '../../src/pipeline/i420.ts';
import { i420ToRgb } from '../../src/server/picture/i420-to-rgb.ts';
import { JpegEncoder, quantiserOf } from '../../src/server/picture/jpeg-encoder.ts';
import { blendHeat } from '../../src/server/picture/overlay.ts';
import { renderSnapshot } from '../../src/server/picture/snapshot.ts';
import { exampleResult } from '../support/server-fakes.ts';

/** Decodes a picture file to its packed planes. */
async function decode(file: Uint8Array): Promise<{ width: number; height: number; data: Uint8Array }> {
  const codec = Codec.findDecoder(file[0] === 0xff ? AV_CODEC_ID_MJPEG : AV_CODEC_ID_PNG)!;
  using context = new CodecContext();
  context.allocContext3(codec);
  FFmpegError.throwIfError(await context.open2(codec, null));
  using packet = new Packet();
  packet.alloc();
  packet.data = Buffer.from(file);
  FFmpegError.throwIfError(await context.sendPacket(packet));
  await context.sendPacket(null);
  using frame = new Frame();
  frame.alloc();
  FFmpegError.throwIfError(await context.receiveFrame(frame));
  return { width: frame.width, height: frame.height, data: frame.toBuffer() };
}

/** A smooth picture of odd size. */
function ramp(width: number, height: number): { width: number; height: number; data: Uint8Array } {
  const chroma = Math.ceil(width / 2) * Math.ceil(height / 2);
  const data = new Uint8Array(width * height + 2 * chroma);
  for (let index = 0; index < width * height; index++) data[index] = 40 + ((index % width) * 170) / width;
  data.fill(110, width * height, width * height + chroma);
  data.fill(150, width * height + chroma);
  return { width, height, data };
}

const largest = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((most, value, index) => Math.max(most, Math.abs(value - (b[index] ?? 999))), 0);

describe('JpegEncoder', () => {
  it('keeps sizes and colours, odd ones too, several at a time', async () => {
    const encoder = new JpegEncoder({ quality: 95 });
    const pictures = [ramp(64, 48), ramp(33, 17), ramp(64, 48), ramp(16, 16)];
    const files = await Promise.all(pictures.map((picture) => encoder.encode(picture)));
    for (const [index, file] of files.entries()) {
      expect([...file.subarray(0, 4)]).toEqual([0xff, 0xd8, 0xff, 0xe0]);
      const decoded = await decode(file);
      expect([decoded.width, decoded.height]).toEqual([pictures[index]?.width, pictures[index]?.height]);
      expect(largest(decoded.data, pictures[index]!.data)).toBeLessThan(8);
    }
    await encoder.close();
  });

  it('is smaller for less quality', async () => {
    const sizes: number[] = [];
    for (const quality of [30, 60, 95]) {
      const encoder = new JpegEncoder({ quality });
      const noisy = ramp(160, 120);
      for (let index = 0; index < noisy.data.length; index++) noisy.data[index]! += (index * 7919) % 29;
      sizes.push((await encoder.encode(noisy)).length);
      await encoder.close();
    }
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    expect(new Set(sizes).size).toBe(3);
    expect([1, 50, 80, 100, 200, -5].map(quantiserOf)).toEqual([31, 17, 8, 2, 2, 31]);
  });

  it('works on after more sizes than it keeps, and after a picture that is none', async () => {
    const encoder = new JpegEncoder();
    for (let size = 16; size < 16 + 12; size++) {
      expect((await decode(await encoder.encode(ramp(size, size)))).width).toBe(size);
    }
    await expect(encoder.encode({ width: 0, height: 0, data: new Uint8Array() })).rejects.toThrow();
    expect((await decode(await encoder.encode(ramp(16, 16)))).width).toBe(16);
    await encoder.close();
  });

  it('lets what waits be bounded, finishes it on close, and refuses afterwards', async () => {
    const encoder = new JpegEncoder();
    const work = Array.from({ length: 40 }, () =>
      encoder.encode(ramp(32, 32)).then((file) => file.length, codeOf),
    );
    const closed = Promise.all([encoder.close(), encoder.close()]);
    const outcomes = await Promise.all(work);
    await closed;
    expect(outcomes.filter((outcome) => typeof outcome === 'number')).toHaveLength(32);
    expect(outcomes.filter((outcome) => outcome === 'limit-reached')).toHaveLength(8);
    expect(await encoder.encode(ramp(32, 32)).catch(codeOf)).toBe('closed');
  });
});

const codeOf = (thrown: unknown): string => (thrown instanceof EarsightError ? thrown.code : String(thrown));

describe('colours', () => {
  it('are JFIF: the primaries come out as they should', () => {
    // Full-range BT.601 of pure red, green, blue, white, black (ITU-T T.871).
    const cases: [yuv: number[], rgb: number[]][] = [
      [
        [76, 85, 255],
        [254, 0, 0],
      ],
      [
        [150, 44, 21],
        [0, 255, 1],
      ],
      [
        [29, 255, 107],
        [0, 0, 254],
      ],
      [
        [255, 128, 128],
        [255, 255, 255],
      ],
      [
        [0, 128, 128],
        [0, 0, 0],
      ],
    ];
    for (const [yuv, rgb] of cases) expect([...i420ToRgb(Uint8Array.from(yuv), 1, 1)]).toEqual(rgb);
  });

  it('are the same in bands as at once', () => {
    const { data } = ramp(33, 17);
    const rgb = new Uint8Array(33 * 17 * 3);
    const back = new Uint8Array(data.length);
    for (const [from, to] of [
      [0, 6],
      [6, 16],
      [16, 17],
    ] as const) {
      i420ToRgb(data, 33, 17, rgb, from, to);
      rgbToI420(rgb, 33, 17, back, { left: 0, top: from, right: 33, bottom: to });
    }
    expect(rgb).toEqual(i420ToRgb(data, 33, 17));
    expect(back).toEqual(rgbToI420(rgb, 33, 17));
  });

  it('come back from RGB within rounding, odd sizes included', () => {
    const { data } = ramp(33, 17);
    expect(largest(rgbToI420(i420ToRgb(data, 33, 17), 33, 17), data)).toBeLessThanOrEqual(2);
  });
});

describe('blendHeat', () => {
  it('mixes the colour in by the heat and leaves cold places alone', () => {
    const rgb = new Uint8Array(8 * 2 * 3).fill(100);
    blendHeat(rgb, 8, 2, [{ heat: Uint8Array.of(255, 0), rows: 1, cols: 2, colour: '#ff0000' }]);
    // Left border: full heat, 60 % of the way to red. Right border: none.
    expect([...rgb.subarray(0, 3)]).toEqual([193, 40, 40]);
    expect([...rgb.subarray(7 * 3, 8 * 3)]).toEqual([100, 100, 100]);
    // Bilinear in between: never rising to the right.
    const reds = Array.from({ length: 8 }, (_, x) => rgb[x * 3]!);
    expect(reds).toEqual([...reds].sort((a, b) => b - a));
    expect(new Set(reds).size).toBeGreaterThan(3);
  });
});

describe('renderSnapshot', () => {
  const classes = [
    { index: 0, name: 'dog', colour: '#00ff00' },
    { index: 1, name: 'clock', colour: '#ff0000' },
  ];

  it.each(['jpg', 'png'] as const)(
    '%s: shows the class where it is, only with the overlay',
    async (format) => {
      const result = exampleResult('a');
      const before = Uint8Array.from(result.frame.data);
      const plain = await decode(await renderSnapshot(result, { format, overlay: false, classes }));
      const drawn = await decode(await renderSnapshot(result, { format, overlay: true, classes }));
      expect([plain.width, plain.height, drawn.width, drawn.height]).toEqual([64, 48, 64, 48]);
      const rgb = (picture: typeof plain): Uint8Array =>
        format === 'png' ? picture.data : i420ToRgb(picture.data, picture.width, picture.height);
      const at = (picture: typeof plain, x: number): number[] => [...rgb(picture).subarray(x * 3, x * 3 + 3)];
      expect(largest(Uint8Array.from(at(plain, 2)), Uint8Array.of(128, 128, 128))).toBeLessThan(4);
      expect(at(drawn, 2)[0]).toBeGreaterThan(190);
      expect(at(drawn, 2)[1]).toBeLessThan(70);
      expect(largest(Uint8Array.from(at(drawn, 60)), Uint8Array.of(128, 128, 128))).toBeLessThan(4);
      expect(result.frame.data).toEqual(before);
    },
  );
});
