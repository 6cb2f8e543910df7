/** Faults of RTSP cameras, of their clocks and networks, and of the processes that read them. */

import { setTimeout as sleep } from 'node:timers/promises';
import { childConnectedTo } from '../test/support/media-process/connected-child.ts';
import { RtspRelay } from '../test/support/rtsp/rtsp-relay.ts';
import {
  type RtspServer,
  type RtspServerOptions,
  startRtspServer,
} from '../test/support/rtsp/rtsp-server.ts';
import type { Fault, FaultScene } from './fault.ts';
import { ServerUnderTest } from './server-under-test.ts';

const HOUR_S = 3600;
const settings: RtspServerOptions = { width: 320, height: 240, frameRate: 15, reportEveryS: 1 };

/** A camera, on one port for good, and a network that can fail. */
class Site {
  readonly stream: string;
  readonly relay: RtspRelay;
  #camera: RtspServer;

  private constructor(stream: string, camera: RtspServer) {
    this.stream = stream;
    this.#camera = camera;
    this.relay = new RtspRelay(camera.port);
  }

  static async open(stream: string): Promise<Site> {
    const site = new Site(stream, await startRtspServer(settings));
    await site.relay.listen();
    return site;
  }

  get cameraUrl(): string {
    return this.#camera.url;
  }

  /** Pulls the camera's plug for a while. */
  async away(seconds: number, changes: RtspServerOptions = {}): Promise<number> {
    await this.#camera.kill();
    await sleep(seconds * 1000);
    this.#camera = await startRtspServer({ ...settings, ...changes, port: this.#camera.port });
    return performance.now();
  }

  async frozen(seconds: number): Promise<number> {
    this.#camera.freeze();
    await sleep(seconds * 1000);
    this.#camera.thaw();
    return performance.now();
  }

  async mute(seconds: number): Promise<number> {
    this.#camera.pause('audio');
    await sleep(seconds * 1000);
    this.#camera.resume('audio');
    return performance.now();
  }

  resize(width: number, height: number): number {
    this.#camera.resize(width, height);
    return performance.now();
  }

  /** Signals the process that reads from here. */
  async signalDecoder(serverPid: number, signal: NodeJS.Signals): Promise<number> {
    for (;;) {
      const pid = childConnectedTo(this.#camera.port, serverPid);
      const now = performance.now();
      if (pid !== null) {
        process.kill(pid, signal);
        return now;
      }
      await sleep(20);
    }
  }

  async close(): Promise<void> {
    this.relay.close();
    await this.#camera.stop();
  }
}

/** A fault befalls a site; `count` is the number of the repetition, from 0. */
type Befall = (site: Site, count: number, serverPid: number) => Promise<number>;

/** Makes a change of the network or the clocks on a site that was well for some seconds, and lets it work. */
const spoil =
  (change: (site: Site) => void, mend: (site: Site) => void): Befall =>
  async (site, count) => {
    if (count > 0) {
      mend(site);
      await sleep(3000);
    }
    const nowMs = performance.now();
    change(site);
    // A report comes once in a second or two, and the first losses soon.
    await sleep(5000);
    return nowMs;
  };

const CAMERA_FAULTS: Readonly<Record<string, Befall>> = {
  'camera killed, back after 2 s': (site) => site.away(2),
  'camera killed, back after 12 s': (site) => site.away(12),
  'camera back with another codec and size': (site, count) =>
    site.away(2, count % 2 === 0 ? { video: 'h265', width: 160, height: 120 } : {}),
  'camera frozen for 3 s': (site) => site.frozen(3),
  'camera frozen for 12 s': (site) => site.frozen(12),
  'sound lost for 5 s': (site) => site.mute(5),
  'decoder process killed': (site, _, serverPid) => site.signalDecoder(serverPid, 'SIGKILL'),
  'decoder process hung': (site, _, serverPid) => site.signalDecoder(serverPid, 'SIGSTOP'),
};

const CLOCK_FAULTS: Readonly<Record<string, Befall>> = {
  // What the machine does by itself.
  'none, for comparison': spoil(
    () => undefined,
    () => undefined,
  ),
  'media clock jumps by an hour': async (site, count) => {
    const offS = count % 2 === 0 ? HOUR_S : 0;
    site.relay.faults.clockOffS = { video: offS, audio: offS };
    return await Promise.resolve(performance.now());
  },
  'reports jump by an hour': spoil(
    ({ relay }) => (relay.faults.reportsOffS = { video: HOUR_S, audio: HOUR_S }),
    ({ relay }) => (relay.faults.reportsOffS = { video: 0, audio: 0 }),
  ),
  'reports of the sound wrong by 60 s': spoil(
    ({ relay }) => (relay.faults.reportsOffS = { video: 0, audio: 60 }),
    ({ relay }) => (relay.faults.reportsOffS = { video: 0, audio: 0 }),
  ),
  'reports cease': spoil(
    ({ relay }) => (relay.faults.withoutReports = true),
    ({ relay }) => (relay.faults.withoutReports = false),
  ),
  'size changes within the stream': async (site, count) =>
    await Promise.resolve(count % 2 === 0 ? site.resize(160, 120) : site.resize(320, 240)),
  '5 % of packets lost, 5 % overtaken (UDP)': spoil(
    ({ relay }) => Object.assign(relay.faults, { loss: 0.05, reorder: 0.05 }),
    ({ relay }) => Object.assign(relay.faults, { loss: 0, reorder: 0 }),
  ),
};

export const cameraFaults = (): Promise<FaultScene> => rtspScene(CAMERA_FAULTS, (site) => site.cameraUrl);
export const clockFaults = (): Promise<FaultScene> => rtspScene(CLOCK_FAULTS, (site) => site.relay.url);

/** Each fault has a stream and a camera of its own. */
async function rtspScene(
  befalls: Readonly<Record<string, Befall>>,
  urlOf: (site: Site) => string,
): Promise<FaultScene> {
  const server = await ServerUnderTest.start({ session: { maxRateHz: 5 }, engine: { precision: 'int8' } });
  const sites: Site[] = [];
  const faults: Fault[] = [];
  for (const [index, [name, befall]] of Object.entries(befalls).entries()) {
    const site = await Site.open(`camera${index}`);
    sites.push(site);
    await server.addUrl(site.stream, urlOf(site), name.endsWith('(UDP)') ? { transport: 'udp' } : {});
    let count = 0;
    faults.push({ name, stream: site.stream, inject: () => befall(site, count++, server.pid) });
  }
  await server.live();
  return {
    server,
    faults,
    close: async () => {
      await server.close();
      await Promise.all(sites.map((site) => site.close()));
    },
  };
}
