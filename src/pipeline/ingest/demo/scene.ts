/** The demo scene: a room with a small company that takes turns to sound; picture, sound and truth at any time. */

import { i420Bytes, rgbToI420 } from '../../i420.ts';
import type { Actor, CastClass, Pose } from './actor.ts';
import type { Performance } from './cast.ts';
import { cast, perform } from './cast.ts';
import type { Box } from './extent.ts';
import { Extent } from './extent.ts';
import type { PixelRect } from './pen.ts';
import { Pen } from './pen.ts';
import { hash } from './random.ts';
import { Raster } from './raster.ts';
import { crateTop, drawRoom, stage, windowPane } from './room.ts';
import type { Turn } from './schedule.ts';
import { createSchedule } from './schedule.ts';

/** The rate of the scene's sound, the model's own. */
export const DEMO_RATE_HZ = 22_050;

export interface DemoSceneOptions {
  seed: number;
  width: number;
  height: number;
}

/** What is true of one actor at one moment. */
export interface ActorTruth {
  className: CastClass;
  /** What the drawing fills at that moment; null while it is out of sight. */
  box: Box | null;
  /** Whether it is heard in the asked window: `level` above -60 dBFS. */
  sounding: boolean;
  /** RMS of this actor alone over the asked window, full scale 1. */
  level: number;
}

export interface DemoScene {
  readonly width: number;
  readonly height: number;
  /** The classes in it, in the order of {@link DemoScene.groundTruth}. */
  readonly classes: readonly CastClass[];
  /** Draws the picture at `tUs` into `out`, I420 full range, {@link i420Bytes} long. Any order of times is allowed. */
  renderFrame(tUs: number, out: Uint8Array): void;
  /** Writes samples `startSample .. startSample + count` of the sound at 22,050 Hz, the same however it is cut. */
  renderAudio(startSample: number, count: number, out: Float32Array): void;
  /** The truth at `tUs`; levels are of the `windowUs` that end there (default 100 ms, the model hears 1 s). */
  groundTruth(tUs: number, windowUs?: number): ActorTruth[];
}

/** Where a member of the company stands: the middle of its bottom edge, in stage units. */
export interface CompanyPlace {
  className: CastClass;
  x: number;
  y: number;
  scale: number;
  mirrored: boolean;
}

/** The company, in drawing order, far to near. Training seats a company here too. */
export const companyPlaces: readonly CompanyPlace[] = [
  { className: 'helicopter', x: 416, y: 128, scale: 0.86, mirrored: false },
  { className: 'clock', x: 228, y: 196, scale: 0.92, mirrored: false },
  { className: 'rooster', x: crateTop.x - 4, y: crateTop.y, scale: 0.92, mirrored: false },
  { className: 'guitar', x: 94, y: 458, scale: 1.04, mirrored: false },
  { className: 'dog', x: 378, y: 448, scale: 1.0, mirrored: false },
  { className: 'speech', x: 556, y: 480, scale: 1.0, mirrored: false },
];

/** The helicopter is on its way for this long before and after it is heard. */
const FLIGHT_S = 0.9;
const AUDIBLE_LEVEL = 1e-3;
/** Phrases kept; two segments have four at most. 7 x 100,000 samples are under 3 MB. */
const KEPT_PERFORMANCES = 7;

/** Depends on its options alone: equal options give bit-equal pictures and samples. */
export function createDemoScene({ seed, width, height }: DemoSceneOptions): DemoScene {
  const actors = companyPlaces.map(({ className }, i) => cast[className](hash(seed, 0xac7, i)));
  const schedule = createSchedule(
    seed,
    actors.map((actor) => actor.cycleS),
    DEMO_RATE_HZ,
  );
  const { segmentSamples } = schedule;
  const performances = new Map<number, Performance>();

  const performanceOf = (turn: Turn): Performance => {
    const key = turn.startSample * companyPlaces.length + turn.actor;
    const kept = performances.get(key);
    if (kept !== undefined) return kept;
    const made = perform(actors[turn.actor]!, turn.sampleCount, DEMO_RATE_HZ, turn.seed);
    performances.set(key, made);
    const oldest = performances.keys().next().value;
    if (performances.size > KEPT_PERFORMANCES && oldest !== undefined) performances.delete(oldest);
    return made;
  };

  const poseOf = (actor: number, timeS: number): Pose => {
    const sample = timeS * DEMO_RATE_HZ;
    for (const turn of schedule.turnsOf(Math.max(0, Math.floor(sample / segmentSamples)))) {
      if (turn.actor !== actor || sample < turn.startSample || sample >= turn.startSample + turn.sampleCount)
        continue;
      return { timeS, notes: performanceOf(turn).notes, elapsedS: timeS - turn.startSample / DEMO_RATE_HZ };
    }
    return { timeS, notes: [], elapsedS: 0 };
  };

  /** -1 where it comes into the window from, 0 hovering in the middle, 1 where it leaves; null when it is away. */
  const flight = (actor: number, timeS: number): number | null => {
    const segment = Math.floor((timeS * DEMO_RATE_HZ) / segmentSamples);
    for (let near = Math.max(0, segment - 1); near <= segment + 1; near++) {
      for (const turn of schedule.turnsOf(near)) {
        if (turn.actor !== actor) continue;
        const sinceS = timeS - turn.startSample / DEMO_RATE_HZ;
        const untilS = turn.sampleCount / DEMO_RATE_HZ - sinceS;
        if (sinceS <= -FLIGHT_S || untilS <= -FLIGHT_S) continue;
        const arriving = Math.max(0, 1 - (sinceS + FLIGHT_S) / (2 * FLIGHT_S));
        const leaving = Math.max(0, 1 - (untilS + FLIGHT_S) / (2 * FLIGHT_S));
        return leaving * leaving - arriving * arriving;
      }
    }
    return null;
  };

  const drawActor = (pen: Pen, index: number, timeS: number): void => {
    const place = companyPlaces[index]!;
    const actor: Actor = actors[index]!;
    const pose = poseOf(index, timeS);
    const draw = (x: number, y: number): void => {
      pen.within(
        x,
        y,
        () => actor.draw(pen, pose),
        0,
        place.mirrored ? -place.scale : place.scale,
        place.scale,
      );
    };
    if (place.className !== 'helicopter') {
      draw(place.x, place.y);
      return;
    }
    const way = flight(index, timeS);
    if (way === null) return;
    pen.clipped(windowPane.x, windowPane.y, windowPane.width, windowPane.height, () => {
      draw(
        place.x - 190 * way + 14 * Math.sin(timeS * 0.9),
        place.y - 16 * Math.abs(way) + 5 * Math.sin(timeS * 1.7),
      );
    });
  };

  const scale = Math.min(width / stage.width, height / stage.height);
  const onStage = (pen: Pen, draw: () => void): void => {
    pen.within((width - stage.width * scale) / 2, (height - stage.height * scale) / 2, draw, 0, scale);
  };

  const raster = new Raster(width, height);
  const pen = new Pen(raster);
  onStage(pen, () => drawRoom(pen, seed));
  const roomRgb = raster.rgb.slice();
  const roomI420 = new Uint8Array(i420Bytes(width, height));
  rgbToI420(roomRgb, width, height, roomI420);
  const extent = new Extent(width, height);
  const measuringPen = new Pen(extent);

  return {
    width,
    height,
    classes: companyPlaces.map((place) => place.className),
    renderFrame: (tUs, out) => {
      raster.rgb.set(roomRgb);
      out.set(roomI420);
      const drawn: PixelRect[] = [];
      onStage(pen, () => {
        for (let i = 0; i < companyPlaces.length; i++) {
          raster.resetTouched();
          drawActor(pen, i, tUs / 1e6);
          if (raster.touched.right > raster.touched.left) drawn.push({ ...raster.touched });
        }
      });
      for (const rect of drawn) rgbToI420(raster.rgb, width, height, out, rect);
    },
    renderAudio: (startSample, count, out) => {
      out.fill(0, 0, count);
      const last = Math.floor((startSample + count - 1) / segmentSamples);
      for (let segment = Math.floor(startSample / segmentSamples); segment <= last; segment++) {
        for (const turn of schedule.turnsOf(segment)) {
          const from = Math.max(startSample, turn.startSample);
          const to = Math.min(startSample + count, turn.startSample + turn.sampleCount);
          if (from >= to) continue;
          const { samples } = performanceOf(turn);
          for (let i = from; i < to; i++)
            out[i - startSample] = out[i - startSample]! + samples[i - turn.startSample]!;
        }
      }
    },
    groundTruth: (tUs, windowUs = 100_000) => {
      const end = Math.round((tUs / 1e6) * DEMO_RATE_HZ);
      const start = Math.max(0, end - Math.round((windowUs / 1e6) * DEMO_RATE_HZ));
      const energy = new Float64Array(companyPlaces.length);
      for (let segment = Math.floor(start / segmentSamples); segment * segmentSamples < end; segment++) {
        for (const turn of schedule.turnsOf(segment)) {
          const to = Math.min(end, turn.startSample + turn.sampleCount) - turn.startSample;
          const from = Math.max(start, turn.startSample) - turn.startSample;
          if (from >= to) continue;
          const { samples } = performanceOf(turn);
          for (let i = from; i < to; i++) energy[turn.actor] = energy[turn.actor]! + samples[i]! ** 2;
        }
      }
      return companyPlaces.map(({ className }, i) => {
        onStage(measuringPen, () => drawActor(measuringPen, i, tUs / 1e6));
        const rms = Math.sqrt(energy[i]! / Math.max(1, end - start));
        return { className, box: extent.take(), sounding: rms > AUDIBLE_LEVEL, level: rms };
      });
    },
  };
}
