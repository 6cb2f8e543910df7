/** Pictures and sound at the right moments of clips whose flashes and beeps begin at each whole second. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { write, writeFlashingClip, writePhoto, writeTone } from '../../../test/support/datasets/media.ts';
import { probeTrack, readPictures, readStretches } from './clip-moments.ts';

const rateHz = 22_050;
let folder: string;
let clip: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'earsight-moments-'));
  clip = join(folder, 'clip.mp4');
  await writeFlashingClip(clip, 20);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const box = { width: 64, height: 64 };

async function lit(path: string, seconds: number[]): Promise<(boolean | null)[]> {
  const pictures = await readPictures(path, () => seconds, box);
  return pictures.map((picture) => (picture === null ? null : picture.data[0]! > 128));
}

describe('readPictures', () => {
  it('gives what is shown at each moment, in the order asked', async () => {
    // A flash is shown from k to k + 0.12 (three pictures of 25 a second).
    expect(await lit(clip, [3.5, 0, 3.01, 3.11, 3.13, 0.2, 2.99, 3])).toEqual([
      false,
      true,
      true,
      true,
      false,
      false,
      false,
      true,
    ]);
  });

  it('seeks over long gaps without losing a picture', async () => {
    expect(await lit(clip, [19.05, 19.5, 9.05, 9.95])).toEqual([true, false, true, false]);
  });

  it('has no picture beyond the end', async () => {
    expect(await lit(clip, [19.99, 20.5, 25])).toEqual([false, false, null]);
  });

  it('shrinks into the box and keeps the shape', async () => {
    const [picture] = await readPictures(clip, () => [1], { width: 32, height: 32 });
    expect([picture?.width, picture?.height]).toEqual([32, 24]);
  });

  it('reads photos', async () => {
    const photo = join(folder, 'photo.png');
    await writePhoto(photo, 20, 10, (x) => (x < 10 ? [255, 255, 255] : [0, 0, 0]));
    const [picture] = await readPictures(photo, () => [0], box);
    expect([picture?.width, picture?.height]).toEqual([20, 10]);
    expect([picture?.data[0], picture?.data[19]]).toEqual([255, 0]);
  });
});

/** Positions of the first loud sample of each beep in `samples`. */
function beeps(samples: Float32Array): number[] {
  const found: number[] = [];
  let quiet = rateHz;
  for (const [at, value] of samples.entries()) {
    if (Math.abs(value) < 0.3) quiet++;
    else {
      if (quiet > rateHz / 4) found.push(at);
      quiet = 0;
    }
  }
  return found;
}

describe('readStretches', () => {
  it('begins each stretch at its sample', async () => {
    const starts = [3.5, 0.25, 3.75];
    const stretches = await readStretches(clip, () => starts, { samples: rateHz, rateHz });
    expect(stretches.map(({ covered }) => covered)).toEqual([rateHz, rateHz, rateHz]);
    for (const [i, expected] of [0.5, 0.75, 0.25].entries()) {
      const [first] = beeps(stretches[i]!.samples);
      expect(Math.abs((first ?? 0) - expected * rateHz)).toBeLessThan(12);
    }
  });

  it('says how much is covered at the end', async () => {
    const tone = join(folder, 'two-seconds.wav');
    writeTone(tone, { seconds: 2, hz: 440, rateHz: 44_100 });
    const [stretch] = await readStretches(tone, () => [1.5], { samples: rateHz, rateHz });
    expect(Math.abs((stretch?.covered ?? 0) - rateHz / 2)).toBeLessThan(3);
    const [beyond] = await readStretches(tone, () => [30], { samples: rateHz, rateHz });
    expect(beyond?.covered).toBe(0);
  });

  it('is the same after seeking as after reading on', async () => {
    const long = join(folder, 'long.wav');
    writeTone(long, { seconds: 90, hz: 441 });
    const [sought] = await readStretches(long, () => [80.5], { samples: 100, rateHz });
    const both = await readStretches(long, () => [0, 20, 40, 60, 80.5], { samples: 100, rateHz });
    expect(sought?.covered).toBe(100);
    expect([...sought!.samples]).toEqual([...both[4]!.samples]);
  });
});

describe('files that cannot be read', () => {
  it('says which file and why', async () => {
    const text = join(folder, 'text.mp4');
    write(text, 'no clip at all');
    await expect(readPictures(text, () => [0], box)).rejects.toThrow(/text\.mp4: it cannot be opened/);
    await expect(readPictures(join(folder, 'gone.mp4'), () => [0], box)).rejects.toMatchObject({
      code: 'source-not-found',
    });
    const tone = join(folder, 'tone.wav');
    writeTone(tone, { seconds: 1, hz: 440 });
    await expect(probeTrack(tone, 'picture')).rejects.toThrow(/tone\.wav: it has no picture/);
    expect((await probeTrack(tone, 'sound')).durationSeconds).toBeCloseTo(1, 3);
  });
});
