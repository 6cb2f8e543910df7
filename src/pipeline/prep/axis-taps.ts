/** Which source samples make each output sample along one axis of a picture, and with what weights. */

/**
 * `area`: the mean over the output pixel's footprint; the one for shrinking. `bilinear`: two neighbours, half-pixel
 * centres; aliases when it shrinks by more than two. A model's manifest names the one it was trained with.
 */
export type Resampler = 'area' | 'bilinear';

/** Output `i` is the sum over `t < count[i]` of `source[start[i] + t] * weight[offset[i] + t]`; weights sum to 1. */
export interface AxisTaps {
  readonly length: number;
  readonly start: Int32Array;
  readonly count: Int32Array;
  readonly offset: Int32Array;
  readonly weight: Float64Array;
}

/**
 * @param samples - Source samples along the axis.
 * @param extentHalves - Their footprint in half samples: `2 * samples`, or one less where the last chroma sample of
 * an odd picture covers one pixel only.
 * @param length - Output samples.
 */
export function axisTaps(
  resampler: Resampler,
  samples: number,
  extentHalves: number,
  length: number,
): AxisTaps {
  const start = new Int32Array(length);
  const count = new Int32Array(length);
  const offset = new Int32Array(length);
  const weight: number[] = [];
  for (let i = 0; i < length; i++) {
    offset[i] = weight.length;
    start[i] =
      resampler === 'area'
        ? pushArea(weight, i, extentHalves, length)
        : pushBilinear(weight, i, extentHalves, length, samples);
    count[i] = weight.length - offset[i]!;
  }
  return { length, start, count, offset, weight: Float64Array.from(weight) };
}

/**
 * The mean over `[i, i + 1) * extent / length`. In units of `1 / (2 * length)` sample all bounds are integers, so
 * no sliver of rounding becomes a tap.
 */
function pushArea(weight: number[], i: number, extentHalves: number, length: number): number {
  const unit = 2 * length;
  const from = i * extentHalves;
  const to = from + extentHalves;
  const first = Math.floor(from / unit);
  for (let sample = first; sample * unit < to; sample++) {
    const covered = Math.min(to, (sample + 1) * unit) - Math.max(from, sample * unit);
    weight.push(covered / extentHalves);
  }
  return first;
}

/** Between the two neighbours of the output sample's centre; the edge repeats. */
function pushBilinear(
  weight: number[],
  i: number,
  extentHalves: number,
  length: number,
  samples: number,
): number {
  const centre = ((i + 0.5) * extentHalves) / (2 * length) - 0.5;
  const clamped = Math.min(Math.max(centre, 0), samples - 1);
  const first = Math.min(Math.floor(clamped), Math.max(0, samples - 2));
  const fraction = clamped - first;
  weight.push(1 - fraction);
  if (fraction > 0) weight.push(fraction);
  return first;
}
