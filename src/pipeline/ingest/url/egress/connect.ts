/** Connects to a host by name, to an address that the policy allows, and to no other. */

import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { EarsightError } from '../../../errors.ts';
import { sourceFault } from '../source-fault.ts';
import type { AddressPolicy } from './address-policy.ts';

export interface Destination {
  /** A name or an address; IPv6 with or without brackets. */
  host: string;
  port: number;
  /** Speak TLS. Certificates are not checked: cameras have none that could be. */
  tls?: boolean;
}

/**
 * The addresses of a host that are allowed, in the system's order; one at least. Whoever asks connects to them, not to
 * the name: the name may lead elsewhere the next time (DNS rebinding).
 * @throws EarsightError `forbidden-address`, `source-not-found`
 */
export async function resolveAllowed(host: string, policy: AddressPolicy): Promise<[string, ...string[]]> {
  const bare = host.replace(/^\[|\]$/g, '');
  if (isIP(bare) !== 0) {
    policy.require(bare);
    return [bare];
  }
  let found: { address: string }[];
  try {
    found = await lookup(bare, { all: true, order: 'verbatim' });
  } catch (thrown) {
    throw new EarsightError('source-not-found', `the name ${bare} is not known; check the address`, {
      retryable: true,
      cause: thrown,
    });
  }
  const addresses = found.map(({ address }) => address);
  const [first, ...others] = addresses.filter((address) => policy.allows(address));
  if (first === undefined) policy.require(addresses[0] ?? '', bare);
  return [first ?? '', ...others];
}

/**
 * Tries the allowed addresses of a host one after the other: a name such as localhost may have one of IPv6 at which
 * nobody listens.
 *
 * @param signal ends the attempt
 * @returns a connected socket, the caller's
 * @throws EarsightError as {@link resolveAllowed}, and `source-refused`, `source-timeout` of the first address
 */
export async function connectAllowed(
  destination: Destination,
  policy: AddressPolicy,
  signal: AbortSignal,
): Promise<Socket> {
  let refusal: unknown;
  for (const address of await resolveAllowed(destination.host, policy)) {
    try {
      return await connectTo(address, destination, signal);
    } catch (thrown) {
      refusal ??= thrown;
      if (signal.aborted) break;
    }
  }
  throw refusal;
}

async function connectTo(
  address: string,
  { host, port, tls = false }: Destination,
  signal: AbortSignal,
): Promise<Socket> {
  const servername = isIP(host) === 0 && !host.startsWith('[') ? host : undefined;
  const socket = tls
    ? connectTls({
        host: address,
        port,
        rejectUnauthorized: false,
        ...(servername === undefined ? {} : { servername }),
      })
    : connectTcp({ host: address, port, noDelay: true });
  const give = (): void => void socket.destroy(sourceFault(timedOut, 'open'));
  signal.addEventListener('abort', give, { once: true });
  if (signal.aborted) give();
  try {
    await once(socket, tls ? 'secureConnect' : 'connect');
  } catch (thrown) {
    socket.destroy();
    if (thrown instanceof EarsightError) throw thrown;
    throw sourceFault((thrown as NodeJS.ErrnoException).errno ?? 0, 'open', thrown);
  } finally {
    signal.removeEventListener('abort', give);
  }
  return socket;
}

const timedOut = -110;
