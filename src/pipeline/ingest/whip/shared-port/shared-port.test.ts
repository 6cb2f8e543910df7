import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { SharedPort, SharedPorts } from './shared-port.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const check = (ufrag: string): Buffer => {
  const name = Buffer.from(`${ufrag}:them`);
  const packet = Buffer.alloc(24 + ((name.length + 3) & ~3));
  packet.writeUInt16BE(1, 0);
  packet.writeUInt16BE(packet.length - 20, 2);
  packet.writeUInt32BE(0x2112_a442, 4);
  packet.writeUInt16BE(6, 20);
  packet.writeUInt16BE(name.length, 22);
  name.copy(packet, 24);
  return packet;
};

/** A socket that keeps what it gets. */
async function party(): Promise<{ socket: Socket; port: number; got: string[]; from: number[] }> {
  const socket = createSocket('udp4');
  const got: string[] = [];
  const from: number[] = [];
  socket.on('message', (packet, { port }) => {
    got.push(packet.readUInt16BE(0) === 1 ? `check ${packet.length}` : packet.toString());
    from.push(port);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  let closed = false;
  closers.push(() => {
    if (!closed) socket.close();
    closed = true;
  });
  return { socket, port: socket.address().port, got, from };
}

async function freePort(): Promise<number> {
  const { socket, port } = await party();
  closers.pop();
  socket.close();
  return port;
}

const answer = (ufrag: string, udp: number, tcp?: number): string =>
  [
    `a=ice-ufrag:${ufrag}`,
    `a=candidate:1 1 udp 2113937151 127.0.0.1 ${udp} typ host`,
    ...(tcp === undefined
      ? []
      : [`a=candidate:2 1 tcp 1518280447 127.0.0.1 ${tcp} typ host tcptype passive`]),
    '',
  ].join('\r\n');

async function opened(): Promise<{ port: number; shared: SharedPort }> {
  const port = await freePort();
  return { port, shared: new SharedPort(port) };
}

const isFree = async (port: number): Promise<boolean> => {
  const probe = createSocket('udp4').bind(port);
  const free = await once(probe, 'listening').then(
    () => true,
    () => false,
  );
  probe.close();
  return free;
};

describe('SharedPort', () => {
  it('brings each publisher to its own process, and the answers back', async () => {
    const { port, shared } = await opened();
    const processes = [await party(), await party()];
    const publishers = [await party(), await party()];
    const guests = processes.map(() => shared.newGuest());
    closers.push(() => guests.forEach((guest) => guest.leave()));
    for (const [index, guest] of guests.entries()) {
      const told = await guest.admit(answer(`u${index}`, processes[index]!.port));
      expect(told).toContain(` 127.0.0.1 ${port} typ host`);
    }
    for (const [index, { socket }] of publishers.entries()) {
      socket.send('before any check', port, '127.0.0.1');
      socket.send(check(`u${index}`), port, '127.0.0.1');
      socket.send(`media of ${index}`, port, '127.0.0.1');
    }
    for (const [index, { got, from, socket }] of processes.entries()) {
      await expect.poll(() => got).toEqual([expect.stringMatching(/^check/), `media of ${index}`]);
      socket.send(`answer of ${index}`, from[0], '127.0.0.1');
    }
    for (const [index, { got, from }] of publishers.entries()) {
      await expect.poll(() => got).toEqual([`answer of ${index}`]);
      expect(from).toEqual([port]);
    }
  });

  it('follows a publisher that calls anew from where it was, and one that ICE starts over for', async () => {
    const { port, shared } = await opened();
    const [first, second, publisher] = [await party(), await party(), await party()];
    const [one, two] = [shared.newGuest(), shared.newGuest()];
    closers.push(() => [one, two].forEach((guest) => guest.leave()));
    await one.admit(answer('old', first.port));
    await one.admit(answer('restarted', first.port));
    await two.admit(answer('new', second.port));
    const say = (packet: Buffer | string) => publisher.socket.send(packet, port, '127.0.0.1');
    say(check('old'));
    say(check('restarted'));
    say('one');
    await expect.poll(() => first.got.at(-1)).toBe('one');
    expect(new Set(first.from).size, 'a restart is no other way').toBe(1);
    say(check('new'));
    say('two');
    await expect.poll(() => second.got.at(-1)).toBe('two');
    one.leave();
    say('three');
    await expect.poll(() => second.got.at(-1)).toBe('three');
    expect(first.got).not.toContain('two');
  });

  it('keeps at most sixteen addresses of a publisher, the ones heard last', async () => {
    const { port, shared } = await opened();
    const process = await party();
    const guest = shared.newGuest();
    closers.push(() => guest.leave());
    await guest.admit(answer('u', process.port));
    const callers = [];
    for (let i = 0; i < 18; i++) {
      const caller = await party();
      callers.push(caller);
      caller.socket.send(check('u'), port, '127.0.0.1');
      await expect.poll(() => process.got.length).toBe(i + 1);
    }
    callers[0]!.socket.send('forgotten', port, '127.0.0.1');
    callers[2]!.socket.send('kept', port, '127.0.0.1');
    await expect.poll(() => process.got.at(-1)).toBe('kept');
    expect(process.got).not.toContain('forgotten');
  });

  it('hands on TCP from the first check on, and hangs up on everybody else', async () => {
    const { port, shared } = await opened();
    const heard: Buffer[] = [];
    const server = createServer((socket) => {
      socket.on('data', (piece) => heard.push(piece));
      socket.on('error', () => undefined);
      socket.write('welcome');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const guest = shared.newGuest();
    closers.push(() => guest.leave());
    await guest.admit(answer('u', (await party()).port, (server.address() as AddressInfo).port));

    const framed = (packet: Buffer) => Buffer.concat([Buffer.from([0, packet.length]), packet]);
    const publisher = connect(port, '127.0.0.1');
    const bytes = framed(check('u'));
    publisher.write(bytes.subarray(0, 11));
    await new Promise((resolve) => setTimeout(resolve, 20));
    publisher.write(Buffer.concat([bytes.subarray(11), Buffer.from('and more')]));
    const [welcome] = (await once(publisher, 'data')) as [Buffer];
    expect(welcome.toString()).toBe('welcome');
    await expect.poll(() => Buffer.concat(heard)).toEqual(Buffer.concat([bytes, Buffer.from('and more')]));

    for (const wrong of [framed(check('nobody')), Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
      const stranger = connect(port, '127.0.0.1');
      stranger.on('error', () => undefined);
      stranger.write(wrong);
      await once(stranger, 'close');
    }
    const gone = once(publisher, 'close');
    guest.leave();
    await gone;
  });

  it('is open as long as somebody is there, and can be opened again', async () => {
    const { port, shared } = await opened();
    const guests = [shared.newGuest(), shared.newGuest()];
    const { port: own } = await party();
    expect(await isFree(port)).toBe(true);
    for (let round = 0; round < 2; round++) {
      await Promise.all(guests.map((guest, i) => guest.admit(answer(`u${i}`, own))));
      guests[0]!.leave();
      expect(await isFree(port)).toBe(false);
      guests[1]!.leave();
      guests[1]!.leave();
      await expect.poll(() => isFree(port)).toBe(true);
      guests.splice(0, 2, shared.newGuest(), shared.newGuest());
    }
  });

  it('says when another program has the port, and takes it once that is gone', async () => {
    const { socket, port } = await party();
    closers.pop();
    const shared = new SharedPorts().at(port);
    await expect(shared.newGuest().admit(answer('u', 1))).rejects.toMatchObject({
      code: 'port-taken',
      retryable: true,
      message: expect.stringMatching(new RegExp(`UDP port ${port} .*webrtc\\.portRange`)),
    });
    socket.close();
    const guest = shared.newGuest();
    closers.push(() => guest.leave());
    await expect(guest.admit(answer('u', 1))).resolves.toContain(` ${port} typ host`);
  });

  it('closes when a guest leaves while it opens', async () => {
    const { port, shared } = await opened();
    const guest = shared.newGuest();
    const admitted = guest.admit(answer('u', 1));
    guest.leave();
    await expect(admitted).rejects.toMatchObject({ code: 'closed' });
    await expect.poll(() => isFree(port)).toBe(true);
  });
});
