/** The pointing game: does a map's hottest pixel lie in the object? */

/** Index of the hottest value; null where no value is above 0, so that nothing is pointed at. */
export function hottest(map: ArrayLike<number>): number | null {
  let best = -1;
  let top = 0;
  for (let i = 0; i < map.length; i++) {
    if (map[i]! > top) {
      top = map[i]!;
      best = i;
    }
  }
  return best < 0 ? null : best;
}

/** Whether the map's hottest pixel lies in the mask. A map without heat hits nothing. */
export function pointsInside(map: ArrayLike<number>, mask: ArrayLike<number>): boolean {
  const at = hottest(map);
  return at !== null && mask[at]! > 0;
}
