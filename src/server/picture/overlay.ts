/** Blends heat maps into an RGB picture, each class in its colour. Pure; the page does the same on its canvas. */

/** One class's map, as in `ClassHeat`, and its colour. */
export interface HeatLayer {
  /** Row-major `rows x cols`, 0..255. */
  heat: Uint8Array;
  rows: number;
  cols: number;
  /** `#rrggbb` */
  colour: string;
}

/** How much of the picture the surest heat covers. */
const MAX_OPACITY = 0.6;

/**
 * Writes into rows `from` to `to` (exclusive) of `rgb` (packed, `width x height`). Maps are stretched over the whole picture, bilinear between the
 * centres of their cells.
 */
export function blendHeat(
  rgb: Uint8Array,
  width: number,
  height: number,
  layers: readonly HeatLayer[],
  from = 0,
  to = height,
): void {
  for (const layer of layers) {
    const colour = parseColour(layer.colour);
    for (let row = from; row < to; row++) {
      for (let column = 0; column < width; column++) {
        const heat = heatAt(
          layer,
          ((row + 0.5) * layer.rows) / height - 0.5,
          ((column + 0.5) * layer.cols) / width - 0.5,
        );
        if (heat === 0) continue;
        const opacity = (heat / 255) * MAX_OPACITY;
        const at = (row * width + column) * 3;
        for (let channel = 0; channel < 3; channel++) {
          const under = rgb[at + channel]!;
          rgb[at + channel] = Math.round(under + (colour[channel]! - under) * opacity);
        }
      }
    }
  }
}

/** Bilinear, the border cells reaching to the border. */
function heatAt({ heat, rows, cols }: HeatLayer, row: number, column: number): number {
  const y = Math.min(rows - 1, Math.max(0, row));
  const x = Math.min(cols - 1, Math.max(0, column));
  const top = Math.floor(y);
  const left = Math.floor(x);
  const bottom = Math.min(rows - 1, top + 1);
  const right = Math.min(cols - 1, left + 1);
  const dy = y - top;
  const dx = x - left;
  const upper = heat[top * cols + left]! * (1 - dx) + heat[top * cols + right]! * dx;
  const lower = heat[bottom * cols + left]! * (1 - dx) + heat[bottom * cols + right]! * dx;
  return upper * (1 - dy) + lower * dy;
}

function parseColour(colour: string): [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}
