/** The two ways in which these papers enlarge a map, and room for one. */

import { MapMaker } from '../class-maps.ts';
import type { LaterOptions } from './protocol.ts';

export class JudgingMaps {
  readonly linear: MapMaker;
  /** As SLAVC and AVGN enlarge. */
  readonly cubic: MapMaker;
  /** `[side, side]`; whoever writes a map into it is done with it before the next. */
  readonly map: Float32Array<ArrayBuffer>;

  constructor({ shape, calibration, protocol, seed }: LaterOptions) {
    const { side } = protocol.box;
    this.linear = new MapMaker(shape.grid, side, calibration, seed);
    this.cubic = new MapMaker(shape.grid, side, calibration, seed, 'bicubic-align-corners');
    this.map = new Float32Array(side ** 2);
  }
}
