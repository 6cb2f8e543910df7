/** Builds the source of a stream by its kind, with what the configuration says of cameras, files and webcams. */

import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { EarsightError } from '../../pipeline/errors.ts';
import { DemoSource } from '../../pipeline/ingest/demo/demo-source.ts';
import { validateSourceUrl } from '../../pipeline/ingest/url/source-url.ts';
import { UrlSource } from '../../pipeline/ingest/url/url-source.ts';
import { SharedPorts } from '../../pipeline/ingest/whip/shared-port/shared-port.ts';
import { WhipSource } from '../../pipeline/ingest/whip/whip-source.ts';
import type { MediaSource } from '../../pipeline/ports.ts';
import { type Secret, secretUrl } from '../../pipeline/secret.ts';
import { revealed } from '../config/revealed.ts';
import type { Config } from '../config/schema.ts';
import type { DemoSpec, StreamSpec, UrlSpec, WebcamSpec } from '../config/stream-spec.ts';
import type { SourceFactory } from './ports.ts';

export interface SourceSettings {
  /** Rate of sound that the model wants. */
  audioRateHz: number;
  /** Gets what FFmpeg and the peers say, at level debug. */
  log: Logger;
  /** Where all webcams share a port. Given by whoever makes factories one after the other; by default its own. */
  sharedPorts?: SharedPorts;
}

export function createSources(
  config: Pick<Config, 'ingest' | 'webrtc'>,
  settings: SourceSettings,
): SourceFactory {
  const { ingest, webrtc } = config;
  const { audioRateHz, sharedPorts = new SharedPorts() } = settings;
  const box = { width: ingest.maxPictureWidth, height: ingest.maxPictureHeight };
  const logOf = (id: string) => (line: string) => settings.log.debug({ stream: id }, line);

  const demo = ({ id, seed }: DemoSpec) => ({ id, seed, ...demoSize(box) });

  const networksOf = (trusted: boolean) => (trusted ? null : ingest.allowedNetworks);

  const url = (spec: UrlSpec, maxRateHz: number | null, trusted: boolean) => ({
    url: withCredentials(spec),
    networks: networksOf(trusted),
    reading: {
      transport: spec.transport ?? ingest.rtspTransport,
      pace: spec.pace,
      loop: spec.loop,
      hwaccel: spec.hardware,
      maxRateHz,
      picture: box,
      audioRateHz,
      openTimeoutMs: ingest.connectTimeoutMs,
      readTimeoutMs: ingest.readTimeoutMs,
    },
    backoff: { firstMs: ingest.retryMinMs, maxMs: ingest.retryMaxMs },
  });

  const webcam = ({ id }: WebcamSpec) => ({
    id,
    hostAddresses: [...webrtc.hosts, '127.0.0.1'],
    tcp: webrtc.tcp,
    portRange: webrtc.portRange === null ? null : { min: webrtc.portRange[0], max: webrtc.portRange[1] },
    iceServers: webrtc.iceServers.map(({ urls, username, credential }) => ({
      urls,
      ...(username === undefined ? {} : { username }),
      ...(credential === undefined ? {} : { credential: credential.reveal() }),
    })),
    box,
    audioRateHz,
  });

  const settingsOf = (spec: StreamSpec, maxRateHz: number | null, trusted: boolean) => {
    switch (spec.kind) {
      case 'demo':
        return demo(spec);
      case 'url':
        return url(spec, maxRateHz, trusted);
      case 'webcam':
        return webcam(spec);
    }
  };

  return {
    check(spec, trusted) {
      if (spec.kind !== 'url') return;
      try {
        validateSourceUrl(spec.url, { ...ingest, networks: networksOf(trusted) });
      } catch (thrown) {
        if (!(thrown instanceof EarsightError)) throw thrown;
        throw new EarsightError(thrown.code, thrown.message, { details: { field: 'url' }, cause: thrown });
      }
    },
    fingerprint(spec, { maxRateHz }, trusted) {
      const settings = JSON.stringify([spec.kind, revealed(settingsOf(spec, maxRateHz, trusted))]);
      return createHash('sha256').update(settings).digest('base64');
    },
    create(spec, { maxRateHz }, trusted): MediaSource {
      const onLog = logOf(spec.id);
      switch (spec.kind) {
        case 'demo':
          return new DemoSource(demo(spec));
        case 'url':
          return new UrlSource(spec.id, { ...url(spec, maxRateHz, trusted), onLog });
        case 'webcam': {
          const { portRange, ...settings } = webcam(spec);
          const isOne = portRange !== null && portRange.min === portRange.max;
          const ports = isOne ? { sharedPort: sharedPorts.at(portRange.min) } : { portRange };
          return new WhipSource({ ...settings, ...ports, onLog });
        }
      }
    },
  };
}

/** The scene is drawn 4:3, at most as large as other pictures may be, in even numbers. */
function demoSize(box: { width: number; height: number }): { width: number; height: number } {
  const width = Math.min(640, box.width, (box.height * 4) / 3) & ~1;
  return { width, height: ((width * 3) / 4) & ~1 };
}

/** User name and password given apart from the URL take the place of those in it, percent-encoded as URLs need. */
export function withCredentials({
  url,
  username,
  password,
}: Pick<UrlSpec, 'url' | 'username' | 'password'>): Secret {
  if (username === undefined && password === undefined) return url;
  const whole = new URL(url.reveal());
  if (username !== undefined) whole.username = encodeURIComponent(username);
  if (password !== undefined) whole.password = encodeURIComponent(password.reveal());
  return secretUrl(whole.href);
}
