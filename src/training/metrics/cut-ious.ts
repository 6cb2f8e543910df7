/** One map cut at several shares of its maximum, against one mask: what the tables ask most often, in one pass. */

/**
 * cIoU of where the map is above each share of `top` with a mask of ones and zeros: `consensusIou` of `shareOfMaximum`,
 * many times as fast.
 *
 * @param top - the map's maximum; where it is not above 0 the map is off everywhere
 * @param shares - ascending
 */
export function cutIous(
  map: Float32Array,
  top: number,
  mask: Uint8Array,
  shares: readonly number[],
): number[] {
  if (!(top > 0)) return shares.map(() => 0);
  const inside = shares.map(() => 0);
  const outside = shares.map(() => 0);
  const limits = shares.map((share) => share * top);
  let whole = 0;
  for (let i = 0; i < map.length; i++) {
    const value = map[i]!;
    const isInside = mask[i] === 1;
    if (isInside) whole++;
    const counts = isInside ? inside : outside;
    for (let cut = 0; cut < limits.length && value > limits[cut]!; cut++) counts[cut]!++;
  }
  return inside.map((both, cut) => (both === 0 ? 0 : both / (whole + outside[cut]!)));
}
