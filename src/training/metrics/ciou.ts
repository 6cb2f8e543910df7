/** Consensus intersection over union: how well a binary map covers what annotators agreed on. */

/**
 * cIoU = sum of `truth` inside the map / (sum of `truth` + pixels of the map where `truth` is 0)
 * (Senocak et al. 2018; Qian et al. 2020, section 4.2).
 *
 * @param on 1 where the map is on, 0 elsewhere
 * @param truth weight of each pixel, 0..1, as many as `on`
 * @returns 0..1; 0 where both are empty, which the formula leaves undefined
 */
export function consensusIou(on: Uint8Array, truth: ArrayLike<number>): number {
  let inside = 0;
  let whole = 0;
  let outside = 0;
  for (let i = 0; i < on.length; i++) {
    const weight = truth[i]!;
    whole += weight;
    if (on[i] === 0) continue;
    if (weight === 0) outside++;
    else inside += weight;
  }
  const united = whole + outside;
  return united === 0 ? 0 : inside / united;
}
