/** How long after each fault results flow again; the faults are made for real, on a server in a process of its own. */

import { engineFaults } from './engine-faults.ts';
import { type FaultScene, measureScene } from './fault.ts';
import { cameraFaults, clockFaults } from './rtsp-faults.ts';
import type { Row } from './table.ts';
import { webcamCalls, webcamFaults } from './whip-faults.ts';

const scenes: readonly (() => Promise<FaultScene>)[] = [
  cameraFaults,
  clockFaults,
  webcamCalls,
  webcamFaults,
  engineFaults('exit'),
  engineFaults('throw'),
  engineFaults('hang'),
];

/** @param only - Pattern of the names of the faults to measure; null: all. */
export async function faults(repetitions: number, only: string | null): Promise<Row[]> {
  const rows: Row[] = [];
  for (const open of scenes) {
    const scene = await open();
    try {
      const chosen = scene.faults.filter(({ name }) => only === null || new RegExp(only).test(name));
      rows.push(...(await measureScene({ ...scene, faults: chosen }, repetitions)));
    } finally {
      await scene.close();
    }
  }
  return rows;
}
