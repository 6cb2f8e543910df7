/** What a connection's messages add up to: names, `*`, exceptions, settings and their defaults. */

import { describe, expect, test } from 'vitest';
import type { ClassInfo, ClientMessage } from '../../src/protocol/messages.ts';
import { parseClientMessage } from '../../src/server/fan-out/client-message.ts';
import { isOriginAllowed } from '../../src/server/fan-out/origin.ts';
import { SubscriptionBook } from '../../src/server/fan-out/subscription-book.ts';
import { WindowCounter } from '../../src/server/fan-out/window-counter.ts';

const CLASSES: ClassInfo[] = ['dog', 'guitar', 'speech'].map((name, index) => ({
  index,
  name,
  colour: '#000000',
}));

function bookAfter(...messages: ClientMessage[]): SubscriptionBook {
  const book = new SubscriptionBook(CLASSES);
  for (const message of messages) book.apply(message);
  return book;
}

describe('subscription book', () => {
  test('[C2] defaults: all classes, every result, no preview', () => {
    expect(bookAfter({ type: 'subscribe', streams: ['a'] }).settingsOf('a')).toEqual({
      classes: null,
      maxRateHz: null,
      preview: false,
      minimumProbability: 0,
      variant: '*|none|0',
    });
  });

  test('[C3] subscribing again starts from the defaults, configure keeps what it does not name', () => {
    const first: ClientMessage = {
      type: 'subscribe',
      streams: ['a'],
      classes: ['speech', 'dog'],
      maxRateHz: 5,
      preview: 'jpeg',
      minimumProbability: 0.5,
    };
    const configured = bookAfter(first, { type: 'configure', maxRateHz: null }).settingsOf('a');
    expect(configured).toMatchObject({ classes: [0, 2], maxRateHz: null, preview: true });
    const anew = bookAfter(first, { type: 'subscribe', streams: ['a'] }).settingsOf('a');
    expect(anew?.variant).toBe('*|none|0');
  });

  test('[C4] * holds for all, a name overrides it, unsubscribing a name takes it out of *', () => {
    const book = bookAfter(
      { type: 'subscribe', streams: ['*'], maxRateHz: 1 },
      { type: 'subscribe', streams: ['a'], maxRateHz: 9 },
      { type: 'unsubscribe', streams: ['b'] },
    );
    expect(book.settingsOf('a')?.maxRateHz).toBe(9);
    expect(book.settingsOf('b')).toBeNull();
    expect(book.settingsOf('later')?.maxRateHz).toBe(1);
    book.apply({ type: 'subscribe', streams: ['b'] });
    expect(book.settingsOf('b')?.maxRateHz).toBeNull();
    book.apply({ type: 'unsubscribe', streams: ['*'] });
    for (const id of ['a', 'b', 'later']) expect(book.settingsOf(id)).toBeNull();
  });

  test('[C5] configure of one stream under * gives it settings of its own', () => {
    const book = bookAfter(
      { type: 'subscribe', streams: ['*'], classes: ['dog'] },
      { type: 'configure', streams: ['a'], preview: 'jpeg' },
    );
    expect(book.settingsOf('a')).toMatchObject({ classes: [0], preview: true });
    expect(book.settingsOf('b')).toMatchObject({ classes: [0], preview: false });
    expect(book.unsubscribedIn({ type: 'configure', streams: ['*', 'c'] })).toEqual([]);
  });

  test('[L3] counts names, exceptions included', () => {
    const book = bookAfter(
      { type: 'subscribe', streams: ['*', 'a'] },
      { type: 'unsubscribe', streams: ['b'] },
    );
    expect(book.sizeAfter({ type: 'subscribe', streams: ['a', 'c', '*'] })).toBe(3);
  });
});

describe('client messages', () => {
  test('[V2] unknown fields are ignored', () => {
    expect(parseClientMessage('{"type":"subscribe","streams":["a"],"mood":"good"}')).toEqual({
      message: { type: 'subscribe', streams: ['a'] },
    });
  });

  test.each([
    ['{"type":"subscribe"', 'The message is not JSON. Send one JSON object per text frame.'],
    ['null', /^The message: /],
    ['{"type":"sing"}', /^Field type: /],
    ['{"type":"subscribe","streams":[]}', /^Field streams: /],
    ['{"type":"subscribe","streams":["../a"]}', 'Field streams.0: must be a stream identifier or *.'],
    ['{"type":"subscribe","streams":["a"],"maxRateHz":0}', /^Field maxRateHz: /],
    ['{"type":"subscribe","streams":["a"],"preview":"png"}', /^Field preview: /],
    ['{"type":"configure","minimumProbability":1.5}', /^Field minimumProbability: /],
    ['{"type":"configure","classes":"dog"}', /^Field classes: /],
  ])('[E2] %s is malformed', (text, problem) => {
    expect(parseClientMessage(text)).toEqual({
      problem: typeof problem === 'string' ? problem : expect.stringMatching(problem),
    });
  });
});

test('[L4] a window counter reaches its limit within one window only', () => {
  const counter = new WindowCounter(3, 1000);
  expect([0, 900, 1000, 1100, 1999].map((ms) => counter.reaches(ms))).toEqual([
    false,
    false,
    false,
    false,
    true,
  ]);
});

test.each([
  [undefined, 'cam.example', [], true],
  ['https://cam.example', 'cam.example', [], true],
  ['http://CAM.example:8080', 'cam.example:8080', [], true],
  ['http://cam.example:8081', 'cam.example:8080', [], false],
  ['https://evil.example', 'cam.example', [], false],
  ['null', 'cam.example', [], false],
  ['https://dash.example', 'cam.example', ['https://dash.example'], true],
  ['null', 'cam.example', ['*'], true],
])('[H3] origin %s at host %s with %j: %s', (origin, host, allowed, expected) => {
  expect(isOriginAllowed(origin, host, allowed)).toBe(expected);
});
