import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HttpDoor } from '../../src/pipeline/ingest/url/http-knock.ts';
import { makeCertificate } from '../../src/server/tls/self-signed.ts';
import { Host } from '../support/host.ts';

/** What a host says to a request: a status, or what it does instead. */
type Answer = number | 'nothing' | 'hang-up' | 'in-pieces' | 'nonsense';

const say = (socket: Socket, words: string): void => void socket.write(words);

const ANSWERS: Readonly<Record<Exclude<Answer, number>, (socket: Socket) => void>> = {
  nothing: () => undefined,
  'hang-up': (socket) => void socket.end(),
  'in-pieces': (socket) => {
    say(socket, 'HTTP/1');
    void sleep(100).then(() => say(socket, '.1 20'));
    void sleep(200).then(() => say(socket, '0 OK\r\n\r\n'));
  },
  nonsense: (socket) => say(socket, 'SSH-2.0-OpenSSH_9.2\r\n'),
};

let certificate: Awaited<ReturnType<typeof makeCertificate>>;
beforeAll(async () => {
  certificate = await makeCertificate([], Date.now());
});

describe('HttpDoor', () => {
  let answer: Answer = 200;
  let requests: string[] = [];
  /** Sent with a status. */
  let header = '';
  const serve = (socket: Socket): void => {
    socket.on('error', () => undefined);
    socket.on('data', (piece: Buffer) => {
      requests.push(piece.toString());
      if (typeof answer === 'number') say(socket, `HTTP/1.1 ${answer} Words\r\n${header}\r\n`);
      else ANSWERS[answer](socket);
    });
  };
  const hosts = {
    http: new Host(() => createServer(serve)),
    https: new Host(() => createTlsServer(certificate, serve)),
  };
  const host = hosts.http;
  const knocking = new Set<AbortController>();
  afterEach(async () => {
    for (const controller of knocking) controller.abort();
    knocking.clear();
    for (const each of Object.values(hosts)) {
      await each.leave();
      each.calls = 0;
    }
    answer = 200;
    requests = [];
    header = '';
  });
  const doorTo = (port: number, { scheme = 'http', networks = null as string[] | null } = {}): HttpDoor =>
    new HttpDoor({ url: new URL(`${scheme}://user:secret@127.0.0.1:${port}/a/b?c=d`), networks });
  const opens = (door: HttpDoor): Promise<boolean> => {
    const controller = new AbortController();
    knocking.add(controller);
    return door.opens(controller.signal);
  };
  const asked = (times: number): Promise<void> =>
    expect.poll(() => requests.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(times);

  it.each([502, 503, 504, 'nothing', 'hang-up', 'nonsense'] as const)(
    'stays shut while the answer is %s, also over attempts in vain, and opens at another',
    async (away) => {
      answer = away;
      const door = doorTo(await host.listen());
      expect(door.failed('source-refused')).toBe(true);
      const first = opens(door);
      await asked(2);
      for (const controller of knocking) controller.abort();
      expect(await first).toBe(false);
      expect(door.failed('source-corrupt')).toBe(true);
      const second = opens(door);
      await asked(requests.length + 1);
      expect(door.knocksOn).toBe(true);
      answer = 200;
      expect(await second).toBe(true);
      expect(door.knocksOn).toBe(false);
      await expect.poll(() => host.open).toBe(0);
    },
  );

  it.each([200, 302, 401, 404, 500] as const)(
    'stays shut where the answer was %s all along, at one knock for each attempt in vain',
    async (status) => {
      answer = status;
      const door = doorTo(await host.listen());
      for (const attempts of [1, 2]) {
        expect(door.failed('source-not-found')).toBe(true);
        expect(await opens(door)).toBe(false);
        expect(requests).toHaveLength(attempts);
      }
      expect(door.knocksOn).toBe(false);
    },
  );

  it('takes an attempt that hung for one that met a forwarder, unless a knock had let it in', async () => {
    const door = doorTo(await host.listen());
    expect(door.failed('source-timeout')).toBe(true);
    expect(door.knocksOn).toBe(true);
    expect(await opens(door)).toBe(true);
    expect(door.failed('source-timeout')).toBe(true);
    expect(await opens(door)).toBe(false);
  });

  it('reads an answer that comes in pieces', async () => {
    const door = doorTo(await host.listen());
    door.failed('source-timeout');
    answer = 'in-pieces';
    expect(await opens(door)).toBe(true);
    expect(requests).toHaveLength(1);
  });

  it.each(['http', 'https'] as const)(
    '%s: finds who is back, asks once, and shows no credentials; nobody vouches for a certificate',
    async (scheme) => {
      const port = await hosts[scheme].listen();
      await hosts[scheme].leave();
      const door = doorTo(port, { scheme });
      door.failed('source-refused');
      const back = opens(door);
      await expect.poll(() => door.refuses).toBe(true);
      await hosts[scheme].listen(port);
      expect(await back).toBe(true);
      expect(door.refuses).toBe(false);
      expect(requests).toEqual([
        `GET /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
      ]);
    },
  );

  it('takes who speaks no TLS where it should for nobody, but not for a refusal', async () => {
    answer = 'hang-up';
    const door = doorTo(await host.listen(), { scheme: 'https' });
    door.failed('source-refused');
    void opens(door);
    await asked(2);
    expect(door.refuses).toBe(false);
  });

  it('leaves a listener alone that was lost to a knock, but not a gateway whose server comes and goes', async () => {
    const port = await host.listen();
    await host.leave();
    const listener = doorTo(port);
    listener.failed('source-refused');
    const back = opens(listener);
    await expect.poll(() => listener.refuses).toBe(true);
    await host.listen(port);
    expect(await back).toBe(true);
    expect(listener.failed('source-refused')).toBe(false);
    listener.forget();
    expect(listener.failed('source-refused')).toBe(true);

    answer = 503;
    requests = [];
    const gateway = doorTo(port);
    gateway.failed('source-refused');
    const restarted = opens(gateway);
    await asked(1);
    answer = 200;
    expect(await restarted).toBe(true);
    expect(gateway.failed('source-refused')).toBe(true);
  });

  it('asks nowhere that the source may not, and nowhere that a redirect leads', async () => {
    const elsewhere = new Host(() => createServer());
    const inside = await elsewhere.listen();
    try {
      const port = await host.listen();
      const forbidden = doorTo(port, { networks: ['public', 'private'] });
      forbidden.failed('source-refused');
      const shut = opens(forbidden);
      await sleep(700);
      for (const controller of knocking) controller.abort();
      expect(await shut).toBe(false);
      expect(host.calls).toBe(0);

      answer = 302;
      header = `Location: http://127.0.0.1:${inside}/\r\n`;
      const allowed = doorTo(port, { networks: ['loopback'] });
      allowed.failed('source-timeout');
      expect(await opens(allowed)).toBe(true);
      expect(host.calls).toBe(1);
      await sleep(300);
      expect(elsewhere.calls).toBe(0);
    } finally {
      await elsewhere.leave();
    }
  });
});
