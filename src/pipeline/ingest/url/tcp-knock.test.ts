import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Host } from '../../../../test/support/host.ts';
import { TcpDoor } from './tcp-knock.ts';

describe('TcpDoor', () => {
  let heardBytes = 0;
  const host = new Host(() =>
    createServer((socket) =>
      socket.on('data', ({ length }: Buffer) => {
        heardBytes += length;
      }),
    ),
  );
  const knocking = new Set<AbortController>();
  afterEach(async () => {
    for (const controller of knocking) controller.abort();
    knocking.clear();
    await host.leave();
    host.calls = 0;
    heardBytes = 0;
  });
  const doorTo = (port: number, { scheme = 'rtmp', networks = null as string[] | null } = {}): TcpDoor =>
    new TcpDoor({ url: new URL(`${scheme}://user:secret@127.0.0.1:${port}/a/b?c=d`), networks });
  const wait = (door: TcpDoor): { opens: Promise<boolean>; stop: () => void } => {
    const controller = new AbortController();
    knocking.add(controller);
    return { opens: door.opens(controller.signal), stop: () => controller.abort() };
  };
  /** A port on which nobody listens, and a door to it that has found that out. */
  const silentDoor = async (): Promise<{ door: TcpDoor; port: number }> => {
    const port = await host.listen();
    await host.leave();
    const door = doorTo(port);
    expect(door.failed('source-refused')).toBe(true);
    const first = wait(door);
    await sleep(200);
    first.stop();
    expect(await first.opens).toBe(false);
    return { door, port };
  };

  it.each(['rtmp', 'rtmps'])(
    '%s opens when somebody is there where nobody was; nothing is said, and the connection is ended',
    async (scheme) => {
      const port = await host.listen();
      await host.leave();
      const door = doorTo(port, { scheme });
      const { opens } = wait(door);
      await sleep(700);
      await host.listen(port);
      expect(await opens).toBe(true);
      await expect.poll(() => [host.calls, host.open]).toEqual([1, 0]);
      await sleep(700);
      expect([host.calls, heardBytes]).toEqual([1, 0]);
    },
  );

  it('stays shut where somebody is there, at one connection for each attempt in vain', async () => {
    const door = doorTo(await host.listen());
    for (const [before, reason] of ['source-not-found', 'source-refused', 'source-timeout'].entries()) {
      expect(door.failed(reason)).toBe(true);
      expect(await wait(door).opens).toBe(false);
      await expect.poll(() => [host.calls, host.open]).toEqual([before + 1, 0]);
    }
  });

  it('stays shut when whoever is back has no stream', async () => {
    const { door, port } = await silentDoor();
    await host.listen(port);
    expect(await wait(door).opens).toBe(true);
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(door.failed('source-not-found')).toBe(true);
      expect(await wait(door).opens).toBe(false);
    }
    await expect.poll(() => host.calls).toBe(4);
  });

  it('does not knock at all after an answer that is one', async () => {
    const { door, port } = await silentDoor();
    await host.listen(port);
    for (const reason of ['source-auth', 'source-corrupt', 'source-unsupported', 'forbidden-address'])
      expect(door.failed(reason)).toBe(false);
    // The silence before is forgotten with it.
    expect(door.failed('source-refused')).toBe(true);
    expect(await wait(door).opens).toBe(false);
  });

  it('remembers silence over an attempt that met nobody, however quick somebody is there after it', async () => {
    const { door, port } = await silentDoor();
    await host.listen(port);
    expect(door.failed('source-timeout')).toBe(true);
    expect(await wait(door).opens).toBe(true);
  });

  it('leaves alone whoever was lost to a knock, until an attempt does well', async () => {
    const { door, port } = await silentDoor();
    await host.listen(port);
    expect(await wait(door).opens).toBe(true);
    await host.leave();
    expect(door.failed('source-refused')).toBe(false);
    expect(door.failed('source-refused')).toBe(false);
    door.forget();
    expect(door.failed('source-lost')).toBe(true);
  });

  it('tells a refusal, as of the latest knock', async () => {
    const { door, port } = await silentDoor();
    expect(door.refuses).toBe(true);
    await host.listen(port);
    expect(await wait(door).opens).toBe(true);
    expect(door.refuses).toBe(false);
  });

  it('stops at once', async () => {
    const { door, port } = await silentDoor();
    const { opens, stop } = wait(door);
    await sleep(100);
    stop();
    expect(await opens).toBe(false);
    await host.listen(port);
    await sleep(1200);
    expect(host.calls).toBe(0);
  });

  it('connects nowhere that the source may not', async () => {
    const port = await host.listen();
    const door = doorTo(port, { networks: ['public', 'private'] });
    door.failed('source-refused');
    const { opens, stop } = wait(door);
    await sleep(700);
    stop();
    expect(await opens).toBe(false);
    expect(host.calls).toBe(0);
    // Otherwise the test would prove nothing.
    expect(await wait(doorTo(port, { networks: ['loopback'] })).opens).toBe(false);
    await expect.poll(() => host.calls).toBe(1);
  });
});
