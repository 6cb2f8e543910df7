/** A straight line through measured points. */

export interface Slope {
  /** Of y, for each unit of x. */
  slope: number;
  /** Half of the slope's 95 % interval, were the points independent. */
  margin: number;
}

/** Least squares; at least three points, not all of one x. */
export function slopeOf(points: readonly { x: number; y: number }[]): Slope {
  const mean = (pick: (point: { x: number; y: number }) => number): number =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const spread = points.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
  const slope = points.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0) / spread;
  const rest = points.reduce((sum, point) => sum + (point.y - y - slope * (point.x - x)) ** 2, 0);
  return { slope, margin: 1.96 * Math.sqrt(rest / (points.length - 2) / spread) };
}
