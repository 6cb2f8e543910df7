/** Blends the smooth heat of several classes into one RGBA picture. Pure. */

/** One class's heat, enlarged, and how it looks. */
export interface HeatLayer {
  /** `height x width` values in 0..1. */
  field: Float32Array;
  /** From `buildRamp`. */
  ramp: Uint8ClampedArray;
}

/**
 * Writes the blend of `layers` into `out` (RGBA, not premultiplied, as ImageData has it). The colour is the
 * alpha-weighted mean and the alpha that of stacked glass, `1 - (1 - a1)(1 - a2)...`, so the result does not
 * depend on the order of the classes.
 */
export function blendLayers(layers: readonly HeatLayer[], out: Uint8ClampedArray): void {
  const only = layers[0];
  if (only === undefined) {
    out.fill(0);
    return;
  }
  const pixels = out.length / 4;
  if (layers.length === 1) {
    for (let p = 0, o = 0; p < pixels; p++, o += 4) {
      const entry = Math.round(only.field[p]! * 255) * 4;
      out[o] = only.ramp[entry]!;
      out[o + 1] = only.ramp[entry + 1]!;
      out[o + 2] = only.ramp[entry + 2]!;
      out[o + 3] = only.ramp[entry + 3]!;
    }
    return;
  }
  for (let p = 0, o = 0; p < pixels; p++, o += 4) {
    let red = 0;
    let green = 0;
    let blue = 0;
    let weight = 0;
    let clear = 1;
    for (const { field, ramp } of layers) {
      const entry = Math.round(field[p]! * 255) * 4;
      const alpha = ramp[entry + 3]!;
      if (alpha === 0) continue;
      red += alpha * ramp[entry]!;
      green += alpha * ramp[entry + 1]!;
      blue += alpha * ramp[entry + 2]!;
      weight += alpha;
      clear *= 1 - alpha / 255;
    }
    if (weight === 0) {
      out[o + 3] = 0;
      continue;
    }
    out[o] = red / weight;
    out[o + 1] = green / weight;
    out[o + 2] = blue / weight;
    out[o + 3] = 255 * (1 - clear);
  }
}
