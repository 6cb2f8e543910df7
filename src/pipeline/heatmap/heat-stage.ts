/** From what the network said of a frame to what viewers see: calibrated, gated, smoothed, measured heat. */

import type { ClassHeat } from '../../protocol/messages.ts';
import type { Localization } from '../types.ts';
import { calibrateProbability, type Logistic } from './calibrate.ts';
import { type ClassMapCalibration, ClassMaps } from './class-map.ts';
import { Gate } from './gate.ts';
import { type Grid, HotSpotFinder } from './peak.ts';
import { quantise } from './quantise.ts';
import { MapSmoother } from './smooth.ts';

/** What a model's manifest says of its numbers; its `calibration` is one of these. */
export interface HeatCalibration extends ClassMapCalibration {
  /** In the order of the model's classes. `on` and `off` are calibrated probabilities. */
  classes: readonly (ClassMapCalibration['classes'][number] & {
    heard: Logistic & { on: number; off: number };
    seen: Logistic;
  })[];
  /** Share of a map's maximum above which a cell belongs to the object. */
  mapThreshold: number;
}

export interface HeatStageOptions {
  /** Time constant of the heat's smoothing; 0 switches it off. */
  smoothingMs: number;
  /**
   * `calibrated`: the manifest's map of fixed meaning, times the probability heard, smoothed.
   * `paper`: each open class's map stretched to 0..1, unsmoothed.
   */
  normalise: 'calibrated' | 'paper';
  /** Least time for which a class stays active, and then inactive. Default 200 each. */
  minOnMs?: number;
  minOffMs?: number;
}

/** A longer pause between frames starts afresh: the scene may be another. */
const MAX_GAP_US = 3_000_000;

/**
 * The heat of one stream. State is bounded: one map per class. It belongs to the stream's time: a new epoch, a
 * step back or a long gap resets it.
 */
export class HeatStage {
  /** Of the heat: the network's, or finer where the calibration says so. */
  readonly grid: Grid;
  readonly #calibration: HeatCalibration;
  readonly #normalise: HeatStageOptions['normalise'];
  readonly #gates: Gate[];
  readonly #maps: ClassMaps;
  readonly #smoothers: MapSmoother[];
  readonly #finder: HotSpotFinder;
  readonly #map: Float32Array;
  #last: { ptsUs: number; epoch: number } | null = null;

  /** `grid`: of the network's maps. */
  constructor(calibration: HeatCalibration, grid: Grid, options: HeatStageOptions) {
    this.#maps = new ClassMaps(calibration, grid);
    this.grid = this.#maps.grid;
    const cells = this.grid.rows * this.grid.cols;
    const minOnUs = (options.minOnMs ?? 200) * 1000;
    const minOffUs = (options.minOffMs ?? 200) * 1000;
    this.#calibration = calibration;
    this.#normalise = options.normalise;
    this.#gates = calibration.classes.map(
      ({ heard: { on, off } }) => new Gate({ on, off, minOnUs, minOffUs }),
    );
    const smoothingMs = options.normalise === 'paper' ? 0 : options.smoothingMs;
    this.#smoothers = calibration.classes.map(() => new MapSmoother(cells, smoothingMs));
    this.#finder = new HotSpotFinder(this.grid, calibration.mapThreshold);
    this.#map = new Float32Array(cells);
  }

  /**
   * The heat of the frame at `ptsUs`: one entry per class of the model, ascending. `heat` arrays are fresh and
   * the receiver's to keep; `localization` is only read.
   */
  process(localization: Localization, ptsUs: number, epoch: number): ClassHeat[] {
    const last = this.#last;
    const dtUs = last === null ? 0 : ptsUs - last.ptsUs;
    if (last !== null && (epoch !== last.epoch || dtUs <= 0 || dtUs > MAX_GAP_US)) this.reset();
    this.#last = { ptsUs, epoch };
    return this.#calibration.classes.map((_, index) => this.#classHeat(localization, index, ptsUs));
  }

  /** Forgets all that was seen: every class is inactive. */
  reset(): void {
    this.#last = null;
    for (const gate of this.#gates) gate.reset();
    for (const smoother of this.#smoothers) smoother.reset();
  }

  #classHeat(localization: Localization, index: number, ptsUs: number): ClassHeat {
    const { audioProbability, visualProbability } = localization;
    const calibration = this.#calibration.classes[index]!;
    const heard = calibrateProbability(audioProbability[index]!, calibration.heard);
    const seen = calibrateProbability(visualProbability[index]!, calibration.seen);
    const smoother = this.#smoothers[index]!;
    if (!this.#gates[index]!.update(heard, ptsUs)) {
      smoother.reset();
      return { index, heard, seen, active: false, heat: null, peak: null, box: null };
    }
    if (this.#normalise === 'paper') this.#maps.writePaper(localization, index, this.#map);
    else this.#maps.write(localization, index, { seen, gain: heard }, this.#map);
    const heat = smoother.update(this.#map, ptsUs);
    const spot = this.#finder.find(heat);
    return {
      index,
      heard,
      seen,
      active: true,
      heat: quantise(heat),
      peak: spot?.peak ?? null,
      box: spot?.box ?? null,
    };
  }
}
