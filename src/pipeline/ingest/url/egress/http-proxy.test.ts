import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readHead } from './http-proxy.ts';

describe('readHead', () => {
  it('turns a request to a proxy into one to the server, without what was meant for the proxy', () => {
    const head = readHead(
      'GET http://cam.example:8080/a/b?x=1 HTTP/1.1\r\nHost: cam.example:8080\r\nProxy-Authorization: Basic x\r\nConnection: keep-alive\r\nRange: bytes=0-',
    );
    expect(head).toEqual({
      destination: { host: 'cam.example', port: 8080 },
      forwarded:
        'GET /a/b?x=1 HTTP/1.1\r\nHost: cam.example:8080\r\nRange: bytes=0-\r\nConnection: close\r\n\r\n',
    });
  });

  it.each([
    ['CONNECT cam.example:443 HTTP/1.1', { host: 'cam.example', port: 443 }],
    ['CONNECT [2001:db8::1]:8443 HTTP/1.0', { host: '[2001:db8::1]', port: 8443 }],
    // Whatever the spelling, what is connected to is what was read.
    ['GET http://2130706433/ HTTP/1.1', { host: '127.0.0.1', port: 80 }],
    ['GET http://0x7f.1:81/ HTTP/1.1', { host: '127.0.0.1', port: 81 }],
    ['GET http://user:pw@h/ HTTP/1.1', { host: 'h', port: 80 }],
  ])('%s leads to %j', (line, destination) => {
    expect(readHead(line)?.destination).toEqual(destination);
  });

  it.each([
    'GET / HTTP/1.1',
    'GET file:///etc/passwd HTTP/1.1',
    'GET https://h/ HTTP/1.1',
    'CONNECT h HTTP/1.1',
    'CONNECT h:0 HTTP/1.1',
    'CONNECT h:99999 HTTP/1.1',
    'CONNECT a:1:2 HTTP/1.1',
    'get http://h/ HTTP/1.1',
    'GET http://h/ HTTP/1.1 HTTP/1.1',
    'SSH-2.0-x',
    '',
  ])('"%s" is none', (line) => expect(readHead(line)).toBeNull());

  it('reads any text without failing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        readHead(text);
        readHead(`GET http://${text} HTTP/1.1\r\n${text}`);
      }),
    );
  });
});
