import { afterEach, describe, expect, it } from 'vitest';
import type { IceConnection, RTCPeerConnection } from 'werift';
import type { PeerOptions } from './messages.ts';
import { narrowOffer } from './negotiation.ts';
import { readOffer } from './offer.ts';
import { openConnection, prepareGathering } from './peer-connection.ts';

const OFFER = [
  ...[
    'v=0',
    'o=- 1 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
  ],
  ...[
    'c=IN IP4 0.0.0.0',
    'a=ice-ufrag:user',
    'a=ice-pwd:pppppppppppppppppppppp',
    'a=setup:actpass',
    'a=mid:0',
  ],
  `a=fingerprint:sha-256 ${Array(32).fill('AA').join(':')}`,
  ...['a=sendonly', 'a=rtcp-mux', 'a=rtpmap:96 VP8/90000', ''],
].join('\r\n');

const OPTIONS: PeerOptions = {
  hostAddresses: [],
  portRange: null,
  tcp: false,
  iceServers: [],
  maxRateHz: null,
  box: { width: 640, height: 480 },
  audioRateHz: 22_050,
};

const open: RTCPeerConnection[] = [];
afterEach(async () => {
  for (const connection of open.splice(0)) await connection.close();
});

function connect(
  options: Partial<PeerOptions>,
  addresses: string[] = ['192.0.2.1', '2001:db8::1'],
): RTCPeerConnection {
  const connection = openConnection(readOffer(OFFER), { ...OPTIONS, ...options }, addresses);
  open.push(connection);
  return connection;
}

describe('openConnection', () => {
  it('takes one socket of each IP version that publishers know', () => {
    const sockets = (...given: Parameters<typeof connect>): unknown =>
      connect(...given).getConfiguration().iceAdditionalHostAddresses;
    expect(sockets({})).toEqual(['0.0.0.0', '::']);
    expect(sockets({}, ['192.0.2.1', '192.0.2.2'])).toEqual(['0.0.0.0']);
  });
});

describe('prepareGathering', () => {
  const prepared = async (options: Partial<PeerOptions>): Promise<IceConnection> => {
    const connection = connect(options);
    await connection.setRemoteDescription({ type: 'offer', sdp: narrowOffer(readOffer(OFFER)) });
    const [transport] = connection.dtlsTransports;
    prepareGathering(transport!, { ...OPTIONS, ...options });
    return transport!.iceTransport.connection;
  };

  it('leaves no STUN server to ask but those of the configuration', async () => {
    const turn = { urls: 'turn:192.0.2.9:3478', username: 'u', credential: 'c' };
    expect((await prepared({})).stunServer).toBeUndefined();
    expect((await prepared({ iceServers: [turn] })).stunServer).toBeUndefined();
    const both = [{ ...turn, urls: [turn.urls, 'stun:192.0.2.9:3478'] }];
    expect((await prepared({ iceServers: both })).stunServer).toEqual(['192.0.2.9', 3478]);
  });

  it('takes the range of ports', async () => {
    expect((await prepared({ portRange: { min: 8189, max: 8199 } })).options.portRange).toEqual([8189, 8199]);
    expect((await prepared({})).options.portRange).toBeUndefined();
  });
});
