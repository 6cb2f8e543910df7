/** How FFmpeg gets to a source: straight, or, where the source came from outside, through doors that we hold. */

import type { EarsightError } from '../../../errors.ts';
import type { OpenableSource } from '../url-messages.ts';
import { AddressPolicy } from './address-policy.ts';
import { resolveAllowed } from './connect.ts';
import { openProxy } from './http-proxy.ts';
import { openRelay } from './tcp-relay.ts';

export interface Route {
  /** What FFmpeg opens. */
  readonly source: OpenableSource;
  /** Demuxer options beside the usual ones. */
  readonly options: Readonly<Record<string, string>>;
  /** FFmpeg has opened it. */
  opened(): void;
  /** Why it could not, where we know better than FFmpeg. */
  fault(): EarsightError | null;
  close(): Promise<void>;
}

const AUTHORITY = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*@)?(\[[^\]]*\]|[^/:?#]*)(?::(\d*))?/i;
const PORTS: Readonly<Record<string, number>> = { rtsp: 554, rtsps: 322, rtmp: 1935 };

/**
 * What playlists and other lists of the net may be, and what they may lead to: nothing that a proxy does not see. No
 * list of files, no session description.
 */
const GUARDED_HTTP = {
  protocol_whitelist: 'http,https,httpproxy,tls,tcp,crypto,data',
  format_whitelist:
    'hls,dash,mpegts,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,flv,live_flv,mpeg,mpegvideo,avi,asf,ogg,wav,aiff,mp3,aac,' +
    'flac,ac3,eac3,h264,hevc,m4v,mjpeg,mpjpeg,ivf,webvtt',
} as const;

/**
 * @param networks where the source may be; null: anywhere
 * @param signal gives up what is under way
 * @throws EarsightError `forbidden-address`, `source-*`
 */
export async function openRoute(
  source: OpenableSource,
  networks: readonly string[] | null,
  signal: AbortSignal,
): Promise<Route> {
  const policy = networks === null ? null : new AddressPolicy(networks);
  if (policy === null || policy.isOff || source.kind === 'file' || source.kind === 'device')
    return straight(source);
  switch (source.scheme) {
    case 'rtsp':
    case 'rtsps':
    case 'rtmp':
      return await throughRelay(source, policy, signal);
    case 'http':
    case 'https':
    case 'rtmps':
      return await throughProxy(source, policy, signal);
    default: {
      // srt and udp know no redirects: the address that was judged is the one that is used.
      const [address] = await resolveAllowed(AUTHORITY.exec(source.input)?.[3] ?? '', policy);
      return straight({ ...source, input: withAuthority(source, source.scheme, address, null) });
    }
  }
}

function straight(source: OpenableSource): Route {
  return {
    source,
    options: {},
    opened: () => undefined,
    fault: () => null,
    close: () => Promise.resolve(),
  };
}

/** The relay speaks TLS for FFmpeg, since what cannot be read cannot be watched. */
async function throughRelay(
  source: OpenableSource,
  policy: AddressPolicy,
  signal: AbortSignal,
): Promise<Route> {
  const [, , , host = '', port = ''] = AUTHORITY.exec(source.input) ?? [];
  const destination = {
    host,
    port: port === '' ? (PORTS[source.scheme] ?? 0) : Number(port),
    tls: source.scheme === 'rtsps',
  };
  const relay = await openRelay(destination, policy, signal, source.kind === 'rtsp');
  const scheme = source.scheme === 'rtsps' ? 'rtsp' : source.scheme;
  const whitelist = source.kind === 'rtsp' ? 'rtsp,rtp,srtp,tcp' : 'rtmp,tcp';
  return {
    source: { ...source, scheme, input: withAuthority(source, scheme, '127.0.0.1', relay.port) },
    // By UDP a server names the addresses that packets go to.
    options: { protocol_whitelist: whitelist, ...(source.kind === 'rtsp' ? { rtsp_transport: 'tcp' } : {}) },
    opened: () => relay.trust(),
    fault: () => relay.fault(),
    close: () => relay.close(),
  };
}

/** FFmpeg's HTTP and TLS take the proxy from the environment, in playlists and after redirects as well. */
async function throughProxy(
  source: OpenableSource,
  policy: AddressPolicy,
  signal: AbortSignal,
): Promise<Route> {
  const proxy = await openProxy(policy, signal);
  process.env['http_proxy'] = proxy.url;
  delete process.env['no_proxy'];
  const isHttp = source.scheme !== 'rtmps';
  return {
    source,
    options: isHttp ? GUARDED_HTTP : { protocol_whitelist: 'rtmps,tls,httpproxy,tcp' },
    opened: () => undefined,
    fault: () => proxy.fault(),
    close: async () => {
      delete process.env['http_proxy'];
      await proxy.close();
    },
  };
}

/** The URL with another scheme, host and port; account, path and query stay. */
function withAuthority({ input }: OpenableSource, scheme: string, host: string, port: number | null): string {
  const bracketed = host.includes(':') ? `[${host}]` : host;
  return input.replace(
    AUTHORITY,
    (_all, _scheme: string, account: string | undefined, _host: string, old?: string) => {
      const at = port === null ? (old ?? '') : String(port);
      return `${scheme}://${account ?? ''}${bracketed}${at === '' ? '' : `:${at}`}`;
    },
  );
}
