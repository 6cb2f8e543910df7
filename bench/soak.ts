/** Memory of the running server over a long time: a demo scene and a camera, a viewer that stays and many that pass. */

import { setTimeout as sleep } from 'node:timers/promises';
import { startRtspServer } from '../test/support/rtsp/rtsp-server.ts';
import { ServerUnderTest } from './server-under-test.ts';
import { slopeOf } from './slope.ts';
import { Crowd } from './subscribers.ts';
import type { Row } from './table.ts';

interface Sample {
  minute: number;
  mib: number;
}

const SAMPLES_A_MINUTE = 2;

/** Results a second of each stream: leaks are counted in results, and other work has the machine too. */
const RATE_HZ = 10;

/**
 * Anonymous memory counts: the share of a program's file that falls to one process changes with who else runs it.
 * Prints each sample as it comes, so that a run that is cut short has told something. The first sixth (caches, the
 * heap's own growth to its working size) is not part of the slope.
 */
export async function soak(minutes: number): Promise<Row[]> {
  const camera = await startRtspServer({ width: 320, height: 180, frameRate: 10, audio: 'pcma' });
  const server = await ServerUnderTest.start({
    streams: [{ id: 'demo', kind: 'demo' }],
    session: { maxRateHz: RATE_HZ },
    ingest: { maxPictureWidth: 320, maxPictureHeight: 240 },
  });
  try {
    await server.addUrl('camera', camera.url);
    await server.live();
    const query = 'streams=*&preview=jpeg';
    const crowd = await Crowd.open(server.url, 1, { query });
    crowd.begin();
    const samples: Sample[] = [];
    const beganMs = performance.now();
    const minute = (): number => (performance.now() - beganMs) / 60_000;
    while (minute() < minutes) {
      const sample = { minute: minute(), mib: server.usage().anonymousBytes / 2 ** 20 };
      samples.push(sample);
      const states = (await server.streams()).map(({ id, state }) => `${id} ${state}`);
      console.log(`${sample.minute.toFixed(1)} min  ${sample.mib.toFixed(1)} MiB  ${states.join(', ')}`);
      const passing = await Crowd.open(server.url, 3, { stuck: 1, query });
      passing.begin();
      await sleep(2000);
      await passing.finish();
      await sleep(Math.max(0, (sample.minute - minute() + 1 / SAMPLES_A_MINUTE) * 60_000));
    }
    const report = await crowd.finish();
    const settled = samples.filter(({ minute }) => minute >= minutes / 6);
    const { slope, margin } = slopeOf(settled.map(({ minute, mib }) => ({ x: minute, y: mib })));
    const level = settled.map(({ mib }) => mib);
    return [
      {
        scenario: `soak ${minutes} min`,
        samples: settled.length,
        'MiB first': settled[0]!.mib,
        'MiB last': settled.at(-1)!.mib,
        'MiB min': Math.min(...level),
        'MiB max': Math.max(...level),
        'slope MiB/h': slope * 60,
        '+-': margin * 60,
        'results/s': report.worstRateHz,
        'sent p99 ms': report.captureToSendMs[2] ?? Number.NaN,
      },
    ];
  } finally {
    await server.close();
    await camera.stop();
  }
}
