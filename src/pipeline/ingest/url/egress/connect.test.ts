import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AddressPolicy } from './address-policy.ts';
import { connectAllowed } from './connect.ts';

vi.mock('node:dns/promises');

/** What the name service says of `camera.example`. */
function name(...addresses: string[]): void {
  const found = addresses.map((address) => ({ address, family: 4 }));
  vi.mocked(lookup).mockResolvedValue(found as never);
}

describe('connectAllowed', () => {
  let server: Server;
  let port = 0;
  beforeEach(async () => {
    server = createServer((socket) => void socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterEach(() => void server.close());
  /** The address that the connection leads to. */
  const connect = async (networks: string[], signal = new AbortController().signal): Promise<string> => {
    const destination = { host: 'camera.example', port };
    const socket = await connectAllowed(destination, new AddressPolicy(networks), signal);
    const address = socket.remoteAddress ?? '';
    socket.destroy();
    return address;
  };

  it('tries one address of a name after the other', async () => {
    name('127.0.0.2', '127.0.0.1');
    expect(await connect(['loopback'])).toBe('127.0.0.1');
    name('127.0.0.2', '127.0.0.3');
    await expect(connect(['loopback'])).rejects.toMatchObject({ code: 'source-refused' });
  });

  it('tries those alone that are allowed', async () => {
    name('127.0.0.1', '127.0.0.2');
    await expect(connect(['127.0.0.2'])).rejects.toMatchObject({ code: 'source-refused' });
    await expect(connect(['public'])).rejects.toMatchObject({ code: 'forbidden-address' });
  });

  it('gives up when it is told to', async () => {
    name('127.0.0.1', '127.0.0.2');
    await expect(connect(['loopback'], AbortSignal.abort())).rejects.toMatchObject({
      code: 'source-timeout',
    });
  });
});
