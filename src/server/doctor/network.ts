/** Where the server listens and how webcams reach it: the port, who is let in, the ports for media, STUN and TURN. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { RTCPeerConnection } from 'werift';
import { isLoopback, isTokenRequired } from '../access/listening.ts';
import type { Config } from '../config/schema.ts';
import { expiryMs, readCertificate } from '../tls/certificate.ts';
import { isAlive } from './alive.ts';
import { type Finding, found } from './finding.ts';

/** A server that is reached answers within this. */
const GATHER_MS = 8000;
/** Each webcam takes a port for each address of the machine. */
const FEW_PORTS = 8;

export async function listenFinding({ server: { host, port, tls } }: Config): Promise<Finding> {
  const probe = createServer();
  try {
    await once(probe.listen(port, host), 'listening');
    return found('port', 'good', `${host}:${port} is free`);
  } catch (thrown) {
    const { code = '' } = thrown as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' && (await isAlive({ host, port, tls }))) {
      return found('port', 'good', `an Earsight answers at ${host}:${port}`);
    }
    return found(
      'port',
      'fault',
      `${host}:${port} cannot be listened on: ${code}`,
      'Choose another with server.host and server.port.',
    );
  } finally {
    probe.close();
  }
}

/** Certificates that end within this are named. */
const SOON_DAYS = 14;

export async function certificateFinding({ server: { tls } }: Config): Promise<Finding> {
  switch (tls.mode) {
    case 'off':
      return found(
        'certificate',
        'fact',
        'none: by plain HTTP a browser lends its camera on this machine only',
      );
    case 'self-signed':
      return found('certificate', 'fact', 'made by the server: browsers warn once, then lend their camera');
    case 'files': {
      const pair = await readCertificate({ certificate: tls.certificate ?? '', key: tls.key ?? '' });
      const days = (expiryMs(pair) - Date.now()) / 86_400_000;
      const mend = 'Renew it; a running server takes the new files by itself.';
      if (days < 0) return found('certificate', 'fault', `ended ${Math.ceil(-days)} days ago`, mend);
      const text = `good for ${Math.floor(days)} days`;
      return days < SOON_DAYS
        ? found('certificate', 'warning', text, mend)
        : found('certificate', 'good', text);
    }
  }
}

export function accessFinding({ server: { host }, auth: { mode, tokens } }: Config): Finding {
  if (isTokenRequired(mode, host))
    return found('access', 'good', `a token is asked for; ${tokens.length} there are`);
  return isLoopback(host)
    ? found('access', 'good', 'this machine only, no token')
    : found(
        'access',
        'warning',
        `everyone who can reach ${host} may do everything`,
        'Set auth.mode to auto and make tokens: earsight token.',
      );
}

/** Every port of the range, since another program in its midst shows only when the range fills up. */
export async function mediaPortsFinding({ webrtc: { portRange } }: Config): Promise<Finding> {
  if (portRange === null)
    return found('media ports', 'fact', 'the system chooses; a firewall needs webrtc.portRange');
  const [low, high] = portRange;
  const taken: number[] = [];
  for (let port = low; port <= high; port++) if (!(await isFree(port))) taken.push(port);
  const free = high - low + 1 - taken.length;
  const text = `${free} of ${high - low + 1} UDP ports from ${low} to ${high} are free`;
  if (low === high)
    return free === 1
      ? found('media ports', 'good', `UDP port ${low}, which all webcams share, is free`)
      : found(
          'media ports',
          'warning',
          `UDP port ${low}, which all webcams share, is taken`,
          'End the program that has it, unless that is the running server, or change webrtc.portRange.',
        );
  return free < FEW_PORTS
    ? found(
        'media ports',
        'warning',
        text,
        `Each webcam takes one, one more where the machine has IPv6: widen webrtc.portRange to ${FEW_PORTS} or more.`,
      )
    : found('media ports', 'good', text);
}

async function isFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.bind(port);
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

/** Gathers candidates as a webcam's connection would; each STUN and TURN server is tried alone. */
export async function iceFindings({ webrtc: { hosts, iceServers } }: Config): Promise<Finding[]> {
  const own = await gather({ iceAdditionalHostAddresses: [...hosts] });
  const addresses = [...new Set(own.map(({ address }) => address))];
  const local =
    addresses.length === 0
      ? found('ICE', 'fault', 'this machine has no address for media', 'Name one in webrtc.hosts.')
      : found('ICE', 'good', `webcams are told ${addresses.join(', ')}`);
  const tried = iceServers.flatMap(({ urls, username, credential }) =>
    urls.map(async (url) => {
      const server = {
        urls: url,
        ...(username === undefined ? {} : { username }),
        ...(credential === undefined ? {} : { credential: credential.reveal() }),
      };
      const wanted = /^turns?:/.test(url) ? 'relay' : 'srflx';
      // As the server does: loopback is no address of an interface, and a server may be on this machine.
      const candidates = await gather({ iceServers: [server], iceAdditionalHostAddresses: ['127.0.0.1'] });
      const candidate = candidates.find(({ type }) => type === wanted);
      if (candidate !== undefined) {
        const what = wanted === 'relay' ? 'relays at' : 'sees this machine as';
        return found(`ICE ${url}`, 'good', `${what} ${candidate.address}`);
      }
      return found(
        `ICE ${url}`,
        'fault',
        'did not answer as it should',
        wanted === 'relay'
          ? 'Check its address, user and password, and that UDP gets there.'
          : 'Check its address, and that UDP gets there.',
      );
    }),
  );
  return [local, ...(await Promise.all(tried))];
}

async function gather(
  config: ConstructorParameters<typeof RTCPeerConnection>[0],
): Promise<{ type: string; address: string }[]> {
  const peer = new RTCPeerConnection({ iceServers: [], ...config });
  try {
    peer.addTransceiver('audio', { direction: 'recvonly' });
    const gathered = new Promise<void>((resolve) => {
      peer.iceGatheringStateChange.subscribe((state) => {
        if (state === 'complete') resolve();
      });
      setTimeout(resolve, GATHER_MS).unref();
    });
    await peer.setLocalDescription(await peer.createOffer());
    await gathered;
    const lines = peer.localDescription?.sdp.matchAll(/a=candidate:\S+ 1 \S+ \d+ (\S+) \d+ typ (\w+)/g) ?? [];
    return [...lines].map(([, address = '', type = '']) => ({ type, address }));
  } finally {
    await peer.close();
  }
}
