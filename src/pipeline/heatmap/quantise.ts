/** Heat as it is sent: one byte a cell. */

/** A fresh array of `round(255 * heat)`; `heat` is 0..1. */
export function quantise(heat: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(heat.length);
  for (let cell = 0; cell < heat.length; cell++) bytes[cell] = Math.round(255 * heat[cell]!);
  return bytes;
}
