import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodePhoto } from '../../training/media/photo.ts';
import { decodeRecording } from '../../training/media/recording.ts';
import { scenes } from './scenes.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'earsight-scenes-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const flags = { show: 'training', split: 'train', count: '3', seed: '4' };

describe('earsight scenes', () => {
  it('writes a page, a contact sheet and a clip for each scene, in place of earlier ones', async () => {
    const out = join(folder, 'look');
    const said = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      expect(await scenes(undefined, { ...flags, preview: out, count: '4' })).toBe(0);
      expect(await scenes(undefined, { ...flags, preview: out })).toBe(0);
      expect(said.mock.calls.join('')).toContain('preview.html');
    } finally {
      said.mockRestore();
    }
    expect(readdirSync(out).sort()).toEqual(['clips', 'preview.html', 'preview.jpg']);
    expect(readdirSync(join(out, 'clips')).sort()).toEqual(['0.wav', '1.wav', '2.wav']);
    for (const clip of readdirSync(join(out, 'clips'))) {
      expect(decodeRecording(join(out, 'clips', clip), 22_050, 5)).toHaveLength(22_050);
    }
    const sheet = decodePhoto(join(out, 'preview.jpg'), 4000);
    expect([sheet.width, sheet.height]).toEqual([3 * 260 + 4, 264]);
    const page = readFileSync(join(out, 'preview.html'), 'utf8');
    expect(page.match(/<img src="data:image\/jpeg;base64,/g)).toHaveLength(3);
    expect(page.match(/<audio [^>]*src="data:audio\/wav;base64,/g)).toHaveLength(3);
    expect(page).not.toMatch(/(src|href)="(?!data:)/);
  });

  it.each([
    [{ count: '0' }, /--count must be a whole number from 1/],
    [{ seed: '1.5' }, /--seed must be a whole number/],
    [{ split: 'dev' }, /--split must be train, validation, test/],
    [{ show: '4' }, /--show must be training, 1, 2, 3/],
    [{ scenes: 'list.yaml' }, /no folder is given/],
  ])('refuses %o and writes nothing', async (wrong, message) => {
    const out = join(folder, 'never');
    await expect(scenes(undefined, { ...flags, preview: out, ...wrong })).rejects.toMatchObject({
      code: 'bad-config',
      message: expect.stringMatching(message) as unknown,
    });
    expect(readdirSync(folder)).not.toContain('never');
  });

  it('refuses a folder without classes and writes nothing', async () => {
    writeFileSync(join(folder, 'note.txt'), 'not a class');
    await expect(scenes(folder, { ...flags, preview: join(folder, 'never') })).rejects.toMatchObject({
      code: 'bad-dataset',
      message: expect.stringMatching(/holds no class: make folders photos\/NAME/) as unknown,
    });
    expect(readdirSync(folder)).not.toContain('never');
  });
});
