/** Maps that look at nothing: the rows without which a table says little. */

/** Every pixel on. */
export function allOnes(side: number): Float32Array<ArrayBuffer> {
  return new Float32Array(side * side).fill(1);
}

/** A Gaussian in the middle; `sigma` as a share of the side. */
export function centredGaussian(side: number, sigma = 0.25): Float32Array<ArrayBuffer> {
  const out = new Float32Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const dx = (x + 0.5) / side - 0.5;
      const dy = (y + 0.5) / side - 0.5;
      out[y * side + x] = Math.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
    }
  }
  return out;
}

/** A box in the middle, half as wide and high as the picture, which is a quarter of its area. */
export function centreBox(side: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(side * side);
  const from = Math.ceil(side / 4);
  const to = Math.ceil(side - side / 4);
  for (let y = from; y < to; y++) out.fill(1, y * side + from, y * side + to);
  return out;
}
