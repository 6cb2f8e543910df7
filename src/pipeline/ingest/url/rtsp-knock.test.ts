import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Host } from '../../../../test/support/host.ts';
import { RtspDoor } from './rtsp-knock.ts';

/** What a camera says to DESCRIBE; null: it takes the connection and says nothing; `hang-up`: it ends the connection. */
type Answer = number | null | 'hang-up';

/** A host whose answer the test chooses. */
class Camera extends Host {
  answer: Answer;
  readonly requests: string[] = [];

  constructor(answer: Answer) {
    super(() =>
      createServer((socket) =>
        socket.on('data', (piece: Buffer) => {
          this.requests.push(piece.toString());
          if (this.answer === 'hang-up') socket.end();
          else if (this.answer !== null) socket.write(`RTSP/1.0 ${this.answer} Words\r\nCSeq: 1\r\n\r\n`);
        }),
      ),
    );
    this.answer = answer;
  }
}

describe('RtspDoor', () => {
  const cameras: Camera[] = [];
  const host = (answer: Answer): Camera => {
    const made = new Camera(answer);
    cameras.push(made);
    return made;
  };
  afterEach(async () => {
    await Promise.all(cameras.splice(0).map((made) => made.leave()));
  });
  const doorTo = (port: number, networks: string[] | null = null): RtspDoor =>
    new RtspDoor({ url: new URL(`rtsp://user:secret@127.0.0.1:${port}/a/b?c=d`), networks });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await sleep(10);
  };

  it('opens when somebody takes the call where calls were refused, whom it asks nothing', async () => {
    const gone = host(404);
    const port = await gone.listen();
    await gone.leave();
    const door = doorTo(port);
    door.failed('source-refused');
    const opens = door.opens(new AbortController().signal);
    await until(() => door.refuses);
    await gone.listen(port);
    expect(await opens).toBe(true);
    await until(() => gone.open === 0);
    expect([gone.calls, gone.requests]).toEqual([1, []]);

    // Who has no stream is not taken for another one.
    door.failed('source-not-found');
    const stopping = new AbortController();
    const shut = door.opens(stopping.signal);
    await until(() => gone.requests.length >= 2);
    stopping.abort();
    expect(await shut).toBe(false);
  });

  it('opens when a host that hung answers, and shows it no credentials', async () => {
    const frozen = host(null);
    const port = await frozen.listen();
    const door = doorTo(port);
    door.failed('source-refused');
    const opens = door.opens(new AbortController().signal);
    await until(() => frozen.requests.length > 0);
    expect(frozen.requests[0]).toBe(
      `DESCRIBE rtsp://127.0.0.1:${port}/a/b?c=d RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n`,
    );
    frozen.answer = 200;
    expect(await opens).toBe(true);
  });

  it('takes a call that is ended without a word for silence', async () => {
    const forwarder = host('hang-up');
    const door = doorTo(await forwarder.listen());
    const opens = door.opens(new AbortController().signal);
    await until(() => forwarder.requests.length >= 2);
    forwarder.answer = 200;
    expect(await opens).toBe(true);
  });

  it('stays shut while the answer is the same, also over attempts in vain, and opens when it changes', async () => {
    const relay = host(404);
    const door = doorTo(await relay.listen());
    const stopping = new AbortController();
    const first = door.opens(stopping.signal);
    await until(() => relay.requests.length >= 2);
    stopping.abort();
    expect(await first).toBe(false);
    door.failed('source-refused');
    const opens = door.opens(new AbortController().signal);
    await until(() => relay.requests.length >= 4);
    relay.answer = 200;
    expect(await opens).toBe(true);
  });

  it('connects nowhere that the source may not', async () => {
    const inside = host(200);
    const door = doorTo(await inside.listen(), ['public']);
    door.failed('source-refused');
    const stopping = new AbortController();
    const opens = door.opens(stopping.signal);
    await sleep(300);
    stopping.abort();
    expect(await opens).toBe(false);
    expect(inside.requests).toEqual([]);
  });
});
