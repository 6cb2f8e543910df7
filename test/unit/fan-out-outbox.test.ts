/** What one subscriber's outbox holds, sends and drops, with a socket whose buffer the test empties. */

import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Outbox, type OutboxSocket } from '../../src/server/fan-out/outbox.ts';
import type { Payload } from '../../src/server/fan-out/payload.ts';

/** A socket that takes nothing until {@link drain}. */
class FakeSocket implements OutboxSocket {
  readyState = 1;
  readonly sent: string[] = [];
  readonly #queue: { bytes: number; done: (error?: Error | null) => void }[] = [];

  get bufferedAmount(): number {
    return this.#queue.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  send(data: Uint8Array, _options: { binary: boolean }, done: (error?: Error | null) => void): void {
    this.sent.push(new TextDecoder().decode(data).trimEnd());
    this.#queue.push({ bytes: data.length, done });
  }

  /** The operating system takes the `count` oldest writes. */
  drain(count = 1): void {
    for (const { done } of this.#queue.splice(0, count)) done();
  }
}

const payload = (text: string, bytes = text.length): Payload => ({
  data: new TextEncoder().encode(text.padEnd(bytes)),
  binary: false,
});

let socket: FakeSocket;
let dropped: string[];
const outboxOf = (maxQueuedBytes: number): Outbox =>
  new Outbox(socket, maxQueuedBytes, { sent: () => undefined, dropped: (id) => dropped.push(id) });

beforeEach(() => {
  socket = new FakeSocket();
  dropped = [];
});

describe('heatmaps', () => {
  test('[Q1] one on its way per stream, the newest waits, what it replaces is counted', () => {
    const outbox = outboxOf(1000);
    for (const text of ['a1', 'a2', 'a3', 'b1', 'a4']) outbox.heatmap(text.slice(0, 1), payload(text));
    expect(socket.sent).toEqual(['a1', 'b1']);
    expect(dropped).toEqual(['a', 'a']);
    socket.drain(2);
    expect(socket.sent).toEqual(['a1', 'b1', 'a4']);
    socket.drain();
    expect(outbox.progress).toBeNull();
    expect(socket.sent).toHaveLength(3);
  });

  test('[Q2] what the socket buffers counts against the bound', () => {
    const outbox = outboxOf(100);
    outbox.heatmap('a', payload('a1', 60));
    outbox.heatmap('b', payload('b1', 60));
    expect(socket.sent).toEqual(['a1']);
    outbox.heatmap('b', payload('b2', 40));
    expect(socket.sent).toEqual(['a1', 'b2']);
    expect(dropped).toEqual(['b']);
  });

  test('[Q2] when full, the stream that waits keeps its turn and others get none', () => {
    const outbox = outboxOf(100);
    outbox.heatmap('a', payload('a1', 90));
    for (const text of ['b1', 'c1', 'b2', 'c2']) outbox.heatmap(text.slice(0, 1), payload(text, 40));
    expect(dropped).toEqual(['c', 'b', 'c']);
    socket.drain();
    outbox.heatmap('c', payload('c3', 40));
    expect(socket.sent).toEqual(['a1', 'b2', 'c3']);
  });

  test('[Q2] a message larger than the bound still goes when nothing else is buffered', () => {
    const outbox = outboxOf(10);
    outbox.heatmap('a', payload('large', 50));
    outbox.heatmap('a', payload('next', 50));
    socket.drain();
    expect(socket.sent).toEqual(['large', 'next']);
  });

  test('a stream that is no longer wanted leaves nothing behind', () => {
    const outbox = outboxOf(1000);
    outbox.heatmap('a', payload('a1'));
    outbox.heatmap('a', payload('a2'));
    outbox.discard('a');
    socket.drain();
    expect(socket.sent).toEqual(['a1']);
    expect(dropped).toEqual([]);
  });
});

describe('control messages', () => {
  test('[Q3] go before heatmaps, the latest of a key in the place of the first, none lost', () => {
    const outbox = outboxOf(10);
    outbox.heatmap('a', payload('a1', 20));
    outbox.heatmap('a', payload('a2'));
    outbox.control('x', payload('x1'));
    outbox.control('y', payload('y1'));
    outbox.control('x', payload('x2'));
    expect(socket.sent).toEqual(['a1']);
    socket.drain();
    expect(socket.sent).toEqual(['a1', 'x2', 'y1', 'a2']);
  });
});

test('nothing is sent on a closing socket, nor after a failed write', () => {
  const outbox = outboxOf(1000);
  socket.readyState = 2;
  outbox.heatmap('a', payload('a1'));
  outbox.control('x', payload('x1'));
  expect(socket.sent).toEqual([]);
});

test('[Q1][Q2] whatever comes and drains: order per stream, bound in bytes, each sent or counted', () => {
  const step = fc.oneof(
    fc.record({ id: fc.constantFrom('a', 'b', 'c'), bytes: fc.integer({ min: 8, max: 120 }) }),
    fc.integer({ min: 1, max: 4 }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), (steps) => {
      socket = new FakeSocket();
      dropped = [];
      const outbox = outboxOf(200);
      let offered = 0;
      for (const one of steps) {
        if (typeof one === 'number') socket.drain(one);
        else outbox.heatmap(one.id, payload(`${one.id} ${offered++}`, one.bytes));
        expect(socket.bufferedAmount).toBeLessThanOrEqual(200);
      }
      for (let i = 0; i < 10; i++) socket.drain(10);
      expect(socket.sent.length + dropped.length).toBe(offered);
      for (const id of ['a', 'b', 'c']) {
        const numbers = socket.sent
          .filter((text) => text.startsWith(id))
          .map((text) => Number(text.slice(2)));
        expect(numbers).toEqual(numbers.toSorted((x, y) => x - y));
      }
    }),
  );
});
