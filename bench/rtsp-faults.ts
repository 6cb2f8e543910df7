/** Faults of RTSP cameras and of the processes that read them. */

import { setTimeout as sleep } from 'node:timers/promises';
import { childConnectedTo } from '../test/support/media-process/connected-child.ts';
import { type RtspServer, startRtspServer } from '../test/support/rtsp/rtsp-server.ts';
import type { Fault, FaultScene } from './fault.ts';
import { ServerUnderTest } from './server-under-test.ts';

const camera = { width: 320, height: 240, frameRate: 15, audio: 'pcma' } as const;

/** Each fault has a stream and a camera of its own. */
export async function rtspFaults(): Promise<FaultScene> {
  const server = await ServerUnderTest.start({ session: { maxRateHz: 5 }, engine: { precision: 'int8' } });
  const cameras = new Map<string, RtspServer>();
  const start = async (stream: string): Promise<RtspServer> => {
    const started = await startRtspServer({ ...camera, port: cameras.get(stream)?.port ?? 0 });
    cameras.set(stream, started);
    return started;
  };
  const child = async (stream: string): Promise<number> => {
    for (;;) {
      const pid = childConnectedTo(cameras.get(stream)!.port, server.pid);
      if (pid !== null) return pid;
      await sleep(20);
    }
  };
  /** Pulls the camera's plug for a while. */
  const absence =
    (stream: string, seconds: number): Fault['inject'] =>
    async () => {
      await cameras.get(stream)!.kill();
      await sleep(seconds * 1000);
      await start(stream);
      return performance.now();
    };
  const signal =
    (stream: string, name: NodeJS.Signals): Fault['inject'] =>
    async () => {
      const pid = await child(stream);
      const now = performance.now();
      process.kill(pid, name);
      return now;
    };
  const faults: Fault[] = [
    { name: 'camera killed, back after 2 s', stream: 'killed', inject: absence('killed', 2) },
    { name: 'decoder process killed', stream: 'decoder-killed', inject: signal('decoder-killed', 'SIGKILL') },
    { name: 'decoder process hung', stream: 'decoder-hung', inject: signal('decoder-hung', 'SIGSTOP') },
  ];
  for (const { stream } of faults) await server.addUrl(stream, (await start(stream)).url);
  await server.live();
  return {
    server,
    faults,
    close: async () => {
      await server.close();
      await Promise.all([...cameras.values()].map((each) => each.stop()));
    },
  };
}
