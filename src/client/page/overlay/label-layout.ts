/** Places text boxes beside their anchors, inside the picture and clear of each other. Pure. */

/** All in one unit, e.g. CSS pixels; `x`, `y` (top left) are written by {@link placeLabels}. */
export interface LabelBox {
  anchor: { x: number; y: number };
  width: number;
  height: number;
  x: number;
  y: number;
}

const GAP = 2;

/**
 * Above the anchor, or below it where there is no room above; then moved up or down past boxes already placed.
 * Boxes earlier in the list keep their place.
 */
export function placeLabels(
  labels: readonly LabelBox[],
  bounds: { width: number; height: number },
  distance: number,
): void {
  labels.forEach((label, index) => {
    const above = label.anchor.y - distance - label.height;
    // Whole units: text is crisp, and the comparisons below are exact.
    label.x = Math.floor(clamp(label.anchor.x - label.width / 2, 0, bounds.width - label.width));
    const beside = above >= 0 ? above : label.anchor.y + distance;
    const wanted = Math.floor(clamp(beside, 0, bounds.height - label.height));
    const placed = labels.slice(0, index);
    label.y = freeSpot(label, wanted, placed, bounds.height);
  });
}

function freeSpot(label: LabelBox, wanted: number, placed: readonly LabelBox[], height: number): number {
  const step = label.height + GAP;
  // A placed box can lie across two of the steps.
  for (let shift = 0; shift <= 2 * placed.length; shift++) {
    for (const y of [wanted + shift * step, wanted - shift * step]) {
      if (y < 0 || y + label.height > height) continue;
      if (placed.every((other) => !overlaps({ ...label, y }, other))) return y;
    }
  }
  return wanted;
}

function overlaps(a: LabelBox, b: LabelBox): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
