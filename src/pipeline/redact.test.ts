import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactText, redactUrl } from './redact.ts';

describe('redactUrl', () => {
  it.each([
    ['rtsp://root:hunter2@10.0.0.4:554/live', 'rtsp://***@10.0.0.4:554/live'],
    ['rtsp://root@10.0.0.4/live', 'rtsp://***@10.0.0.4/live'],
    ['rtsp://a:p@ss@w@host/x', 'rtsp://***@host/x'],
    [
      'http://cam/video?user=admin&pwd=x1&channel=2&Access_Token=zz#t',
      'http://cam/video?user=***&pwd=***&channel=2&Access_Token=***#t',
    ],
    ['rtsp://10.0.0.4/live', 'rtsp://10.0.0.4/live'],
    ['file:///videos/a.mp4', 'file:///videos/a.mp4'],
    ['no url at all', 'no url at all'],
  ])('%s becomes %s', (url, shown) => expect(redactUrl(url)).toBe(shown));
});

describe('redactText', () => {
  const url = 'rtsp://root:hun%40ter%2F2@cam/live?token=abc%20def';

  it.each([
    'open rtsp://root:hun%40ter%2F2@cam/live failed',
    'open rtsp://root:hun@ter/2@cam/live failed',
    'password is hun@ter/2',
    `Authorization: Basic ${Buffer.from('root:hun@ter/2').toString('base64')}`,
    'token was "abc def", or abc%20def',
    'another camera: http://x:sesame@y/z',
  ])('cleans "%s"', (text) => {
    const clean = redactText(text, [url]);
    for (const secret of ['hun@ter', 'hun%40ter', 'abc def', 'abc%20def', 'sesame', 'cm9vd'])
      expect(clean).not.toContain(secret);
    expect(clean).toContain('***');
  });

  it('masks any Authorization header, whoever it is for', () => {
    const text = 'GET / HTTP/1.1\r\nAuthorization: Digest username="root", response="1f2e"\r\nHost: cam';
    expect(redactText(text)).toBe('GET / HTTP/1.1\r\nAuthorization: Digest ***\r\nHost: cam');
  });

  it('leaves text without secrets as it is', () => {
    const text = 'Connection to tcp://10.0.0.4:554 failed: refused (user@example.org asks)';
    expect(redactText(text, [url])).toBe(text);
  });

  it('never shows a password of three characters or more, whatever it is made of', () => {
    const password = fc.string({ minLength: 3, unit: fc.constantFrom(...Array.from('QXZ79#%&+@:/?= ')) });
    fc.assert(
      fc.property(password, (plain) => {
        const secret = `rtsp://u:${encodeURIComponent(plain)}@cam/live`;
        fc.pre(!'[rtsp://u:***@cam/live] or as it is: .'.includes(plain));
        const text = `[${secret}] or rtsp://u:${plain}@cam/live as it is: ${plain}.`;
        const clean = redactText(text, [secret]);
        expect(clean).not.toContain(plain);
        expect(clean).not.toContain(encodeURIComponent(plain));
      }),
    );
  });
});
