/** The paper's map, for evaluation and pictures: each class's map stretched to 0..1, however weak it is. */

/**
 * Min-max normalisation of one class's similarity map (Qian et al. 2020, where the map is a
 * distance; the network gives a cosine, which runs the other way). It has no notion of "nothing there": every
 * map that varies reaches 1. A constant or not-a-number map, which the formula leaves undefined, becomes 0.
 */
export function minMaxMap(similarity: Float32Array, out: Float32Array): void {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let cell = 0; cell < out.length; cell++) {
    low = Math.min(low, similarity[cell]!);
    high = Math.max(high, similarity[cell]!);
  }
  if (!(high > low)) {
    out.fill(0);
    return;
  }
  const scale = 1 / (high - low);
  for (let cell = 0; cell < out.length; cell++) out[cell] = (similarity[cell]! - low) * scale;
}
