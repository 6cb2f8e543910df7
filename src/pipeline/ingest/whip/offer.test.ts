import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mangledLines } from '../../../../test/support/webrtc/mangled-lines.ts';
import { EarsightError } from '../../errors.ts';
import { completeAnswer, narrowOffer } from './negotiation.ts';
import { readOffer } from './offer.ts';

const TRANSPORT = [
  'a=ice-ufrag:user',
  'a=ice-pwd:pppppppppppppppppppppp',
  'a=fingerprint:sha-256 AA:BB',
  'a=setup:actpass',
];

/** An offer as a browser makes it, with the lines of a case in place of some. */
function offer({
  session = ['a=group:BUNDLE 0 1'],
  video = section(
    'video',
    '0',
    ['96', '97', '102'],
    [
      ...['a=rtpmap:96 VP8/90000', 'a=rtcp-fb:96 nack', 'a=rtcp-fb:96 nack pli', 'a=rtcp-fb:* transport-cc'],
      ...['a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96', 'a=rtpmap:102 AV1/90000'],
    ],
  ),
  audio = section(
    'audio',
    '1',
    ['111', '63'],
    ['a=rtpmap:111 opus/48000/2', 'a=fmtp:111 minptime=10', 'a=rtpmap:63 red/48000/2'],
  ),
  more = [] as string[],
} = {}): string {
  return [
    'v=0',
    'o=- 1 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    ...session,
    ...video,
    ...audio,
    ...more,
    '',
  ].join('\r\n');
}

function section(kind: string, mid: string, formats: string[], lines: string[], port = 9): string[] {
  const head = `m=${kind} ${port} UDP/TLS/RTP/SAVPF ${formats.join(' ')}`;
  return [head, 'c=IN IP4 0.0.0.0', ...TRANSPORT, `a=mid:${mid}`, 'a=sendonly', 'a=rtcp-mux', ...lines];
}

const h264 = (fmtp: string): string[] =>
  section('video', '0', ['100'], ['a=rtpmap:100 H264/90000', `a=fmtp:100 ${fmtp}`, 'a=rtcp-fb:100 nack pli']);
const without = (lines: string[], line: string): string[] => lines.filter((other) => !other.startsWith(line));
const vp8 = section('video', '0', ['96'], ['a=rtpmap:96 VP8/90000']);
const opus = section('audio', '1', ['111'], ['a=rtpmap:111 opus/48000/2']);

describe('readOffer', () => {
  it('finds the one codec of each track that we take', () => {
    expect(readOffer(offer())).toMatchObject({
      video: {
        mid: '0',
        codec: {
          name: 'VP8',
          payloadType: 96,
          rtxPayloadType: 97,
          feedback: ['nack', 'nack pli', 'transport-cc'],
        },
      },
      audio: { mid: '1', codec: { name: 'opus', payloadType: 111, rtxPayloadType: null } },
    });
  });

  it.each([
    ['no microphone', { audio: [] }],
    ['a microphone that is off', { audio: opus.map((line) => line.replace('sendonly', 'inactive')) }],
    ['a microphone section that is rejected', { audio: section('audio', '1', ['0'], [], 0) }],
  ])('takes an offer with %s', (_, parts) => {
    expect(readOffer(offer(parts)).audio).toBeNull();
  });

  it.each([
    ['constrained baseline', 'profile-level-id=42e01f;packetization-mode=1'],
    ['main', 'packetization-mode=1;profile-level-id=4d001f'],
    ['high, spaced and upper case', 'Profile-Level-Id=64001F; packetization-mode=1'],
    ['no parameters to speak of', 'level-asymmetry-allowed=1'],
  ])('takes H.264 %s', (_, fmtp) => {
    expect(readOffer(offer({ video: h264(fmtp) })).video.codec.name).toBe('H264');
  });

  it.each([
    ['nothing', '', 'bad-sdp', /v=0/],
    ['JSON', '{"sdp": ""}', 'bad-sdp', /v=0/],
    ['a line that is none', offer({ session: ['nonsense'] }), 'bad-sdp', /"nonsense"/],
    ['no origin', offer().replace(/^o=.*\r\n/m, ''), 'bad-sdp', /o=/],
    ['a broken media line', offer({ more: ['m=video'] }), 'bad-sdp', /no media line/],
    [
      'a payload type out of range',
      offer({ video: section('video', '0', ['200'], []) }),
      'bad-sdp',
      /payload type/,
    ],
    ['no credentials', offer({ video: without(vp8, 'a=ice-pwd') }), 'bad-sdp', /ice-pwd/],
    ['no fingerprint', offer({ audio: without(opus, 'a=fingerprint') }), 'bad-sdp', /audio.*fingerprint/],
    ['no mid', offer({ video: without(vp8, 'a=mid') }), 'bad-sdp', /mid/],
    ['70 kB', offer({ session: ['a=x:'.padEnd(70_000, 'x')] }), 'bad-sdp', /65536/],
    ['no video', offer({ video: [] }), 'unacceptable-sdp', /no video.*camera track/],
    [
      'rejected video',
      offer({ video: section('video', '0', ['96'], [], 0) }),
      'unacceptable-sdp',
      /no video/,
    ],
    [
      'video that only receives',
      offer({ video: vp8.map((l) => l.replace('sendonly', 'recvonly')) }),
      'unacceptable-sdp',
      /sendonly/,
    ],
    [
      'two cameras',
      offer({ more: section('video', '2', ['96'], ['a=rtpmap:96 VP8/90000']) }),
      'unacceptable-sdp',
      /2 video/,
    ],
    ['two microphones', offer({ more: section('audio', '2', ['111'], []) }), 'unacceptable-sdp', /2 audio/],
    [
      'a data channel',
      offer({ more: ['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'a=mid:2'] }),
      'unacceptable-sdp',
      /m=application/,
    ],
    [
      'AV1 only',
      offer({ video: section('video', '0', ['45'], ['a=rtpmap:45 AV1/90000']) }),
      'unacceptable-sdp',
      /Offer VP8 or H\.264/,
    ],
    [
      'H.264 interleaved',
      offer({ video: h264('packetization-mode=2') }),
      'unacceptable-sdp',
      /VP8 or H\.264/,
    ],
    [
      'H.264 4:4:4',
      offer({ video: h264('profile-level-id=f4001f;packetization-mode=1') }),
      'unacceptable-sdp',
      /H\.264/,
    ],
    [
      'G.711 only',
      offer({ audio: section('audio', '1', ['0'], ['a=rtpmap:0 PCMU/8000']) }),
      'unacceptable-sdp',
      /Offer Opus/,
    ],
    [
      'a candidate that is none',
      offer({ video: [...vp8, 'a=candidate:here'] }),
      'bad-sdp',
      /"a=candidate:here"/,
    ],
    [
      'tracks of two MediaStreams',
      offer({ video: [...vp8, 'a=msid:one v'], audio: [...opus, 'a=msid:two a'] }),
      'unacceptable-sdp',
      /several MediaStreams/,
    ],
    ['no rtcp-mux', offer({ video: without(vp8, 'a=rtcp-mux') }), 'unacceptable-sdp', /rtcpMuxPolicy/],
    ['two transports', offer({ session: ['a=group:BUNDLE 0'] }), 'unacceptable-sdp', /max-bundle/],
  ])('refuses %s', (_, sdp, code, message) => {
    const read = (): unknown => readOffer(sdp);
    expect(read).toThrow(EarsightError);
    expect(read).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  it('answers anything, however mangled, with a reading or one of its two errors', () => {
    fc.assert(
      fc.property(mangledLines(offer()), (sdp) => {
        try {
          narrowOffer(readOffer(sdp));
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(bad|unacceptable)-sdp$/) });
        }
      }),
    );
  });
});

describe('negotiation', () => {
  it('shows the peer connection one codec a section, no feedback and no hidden host', () => {
    const hidden = 'a=candidate:1 1 udp 2113937151 0e0d4a2c-1c4b-4a52-9f0b-27b7a1d0c6aa.local 5000 typ host';
    const open = 'a=candidate:2 1 udp 2113937151 192.0.2.7 5000 typ host';
    const text = offer({
      video: [
        ...section('video', '0', ['102', '96'], []),
        ...['a=rtpmap:102 AV1/90000', 'a=rtpmap:96 VP8/90000', 'a=rtcp-fb:96 transport-cc', hidden, open],
      ],
    });
    const narrowed = narrowOffer(readOffer(text));
    expect(narrowed).toContain('m=video 9 UDP/TLS/RTP/SAVPF 96\r\n');
    expect(narrowed).not.toMatch(/AV1|rtcp-fb|\.local|red/);
    expect(narrowed).toContain(open);
    expect(narrowed).toContain('a=fmtp:111 minptime=10');
  });

  it('completes the answer with the feedback offered, bit rates and the level we can decode', () => {
    const fmtp = 'profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1';
    const read = readOffer(offer({ video: h264(fmtp) }));
    const answer = [
      'v=0',
      's=-',
      'm=video 9 UDP/TLS/RTP/SAVPF 100',
      'a=rtpmap:100 H264/90000',
      `a=fmtp:100 ${fmtp}`,
      'a=ssrc:1 cname:x',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'a=ssrc:2 cname:x',
      '',
    ];
    expect(completeAnswer(answer.join('\r\n'), read, []).split('\r\n')).toEqual([
      ...[
        'v=0',
        's=-',
        'm=video 9 UDP/TLS/RTP/SAVPF 100',
        'a=rtpmap:100 H264/90000',
        'a=rtcp-fb:100 nack pli',
      ],
      `a=fmtp:100 ${fmtp.replace('42e01f', '42e034')};x-google-start-bitrate=2000;x-google-min-bitrate=300`,
      ...['m=audio 9 UDP/TLS/RTP/SAVPF 111', ''],
    ]);
  });
});
