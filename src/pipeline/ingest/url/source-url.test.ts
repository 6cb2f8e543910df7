import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secretUrl } from '../../secret.ts';
import { type SourceUrlRules, validateSourceUrl } from './source-url.ts';

const noFiles = { allowedFileRoots: [] };

/** With what FFmpeg is given shown. */
const validate = (url: string, rules: SourceUrlRules): Record<string, unknown> => {
  const source = validateSourceUrl(secretUrl(url), rules);
  return { ...source, input: source.input.reveal() };
};

describe('validateSourceUrl', () => {
  it.each([
    ['rtsp://root:a%40b@10.0.0.4:554/live?x=1', 'rtsp'],
    ['rtsps://cam/live', 'rtsp'],
    ['rtmp://host/app/key', 'network'],
    ['https://host/index.m3u8', 'network'],
    ['udp://0.0.0.0:5000', 'network'],
  ])('takes %s as it is', (url, kind) => {
    expect(validate(` ${url} `, noFiles)).toMatchObject({ kind, input: url });
  });

  it('takes a video device by its path, and nothing else as a device', () => {
    expect(validate('v4l2:///dev/video0', noFiles)).toMatchObject({
      kind: 'device',
      input: '/dev/video0',
    });
    expect(() => validate('v4l2:///dev/../etc/passwd', noFiles)).toThrow(/v4l2:\/\/\/dev\/video0/);
  });

  it.each([
    '',
    'camera',
    '/videos/a.mp4',
    'rtsp://',
    'rtsp:///path',
    'http://a\nb/',
    'ftp://host/x',
    'concat:a|b',
    'file://host/x',
  ])('refuses "%s" as bad-url', (url) => {
    expect(() => validate(url, { allowedFileRoots: ['/'] })).toThrow(
      expect.objectContaining({ code: 'bad-url' }) as Error,
    );
  });

  it('keeps to the allowed schemes, and shows no credentials when it refuses', () => {
    const refuse = (): unknown => validate('rtsp://root:hunter2@cam/x', { ...noFiles, schemes: ['https'] });
    expect(refuse).toThrow(/"rtsp" is not among https/);
    expect(refuse).not.toThrow(/hunter2/);
  });

  describe('files', () => {
    let folder = '';
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'source-url-'));
      mkdirSync(join(folder, 'allowed/sub'), { recursive: true });
      mkdirSync(join(folder, 'allowed-too'));
      for (const name of ['allowed/sub/a b.mp4', 'allowed-too/b.mp4', 'secret.mp4'])
        writeFileSync(join(folder, name), '');
      symlinkSync(join(folder, 'secret.mp4'), join(folder, 'allowed/link.mp4'));
      symlinkSync(join(folder, 'allowed'), join(folder, 'alias'));
    });
    afterAll(() => rmSync(folder, { recursive: true }));
    const judge = (name: string, root = 'allowed'): unknown =>
      validate(pathToFileURL(join(folder, name)).href, { allowedFileRoots: [join(folder, root)] });

    it.each(['allowed/sub/a b.mp4', 'allowed/absent.mp4', 'alias/sub/a b.mp4'])('allows %s', (name) => {
      expect(judge(name)).toMatchObject({ kind: 'file' });
    });

    it('allows a folder that is named by a link', () => {
      expect(judge('allowed/sub/a b.mp4', 'alias')).toMatchObject({ kind: 'file' });
    });

    it.each(['secret.mp4', 'allowed/../secret.mp4', 'allowed/link.mp4', 'allowed-too/b.mp4', 'allowed'])(
      'forbids %s and names the mend',
      (name) => {
        expect(() => judge(name)).toThrow(expect.objectContaining({ code: 'forbidden-path' }) as Error);
        expect(() => judge(name)).toThrow(/allow its folder in the configuration/);
      },
    );

    it('forbids every file where no folder is allowed', () => {
      expect(() => validate(pathToFileURL(join(folder, 'secret.mp4')).href, noFiles)).toThrow(/\(none\)/);
    });
  });
});
