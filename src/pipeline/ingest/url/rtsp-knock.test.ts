import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { RtspDoor } from './rtsp-knock.ts';

/** A host whose answer to DESCRIBE the test chooses; null: it takes the connection and says nothing. */
class Host {
  /** `hang-up`: it closes the connection. */
  answer: number | null | 'hang-up';
  readonly requests: string[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((socket) => {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (piece: Buffer) => {
      this.requests.push(piece.toString());
      if (this.answer === 'hang-up') socket.end();
      else if (this.answer !== null) socket.write(`RTSP/1.0 ${this.answer} Words\r\nCSeq: 1\r\n\r\n`);
    });
  });

  constructor(answer: Host['answer']) {
    this.answer = answer;
  }

  async listen(port = 0): Promise<number> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

describe('RtspDoor', () => {
  const hosts: Host[] = [];
  const host = (answer: Host['answer']): Host => {
    const made = new Host(answer);
    hosts.push(made);
    return made;
  };
  afterEach(() => {
    for (const made of hosts.splice(0)) made.close();
  });
  const doorTo = (port: number, networks: string[] | null = null): RtspDoor =>
    new RtspDoor({ url: new URL(`rtsp://user:secret@127.0.0.1:${port}/a/b?c=d`), networks });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await sleep(10);
  };

  it('opens when somebody answers where nobody did, whatever he says, and shows no credentials', async () => {
    const gone = host(401);
    const port = await gone.listen();
    gone.close();
    const door = doorTo(port);
    door.failed('source-refused');
    const opens = door.opens(new AbortController().signal);
    await sleep(600);
    const back = host(401);
    await back.listen(port);
    expect(await opens).toBe(true);
    expect(back.requests[0]).toBe(
      `DESCRIBE rtsp://127.0.0.1:${port}/a/b?c=d RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n`,
    );
  });

  it('opens when a host that hung answers', async () => {
    const frozen = host(null);
    const door = doorTo(await frozen.listen());
    door.failed('source-refused');
    const opens = door.opens(new AbortController().signal);
    await until(() => frozen.requests.length > 0);
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
