/** The line along which a smooth field has one value (marching squares). Pure. */

/**
 * @param field Row-major `height x width` samples at pixel centres.
 * @param level Value of the line.
 * @returns Line pieces `x0, y0, x1, y1, ...` in 0..1 of the field's width and height; unordered.
 */
export function isoContour(field: Float32Array, width: number, height: number, level: number): number[] {
  const pieces: number[] = [];
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      const i = y * width + x;
      const [nw, ne, sw, se] = [field[i]!, field[i + 1]!, field[i + width]!, field[i + width + 1]!];
      const corners =
        (nw > level ? 1 : 0) | (ne > level ? 2 : 0) | (se > level ? 4 : 0) | (sw > level ? 8 : 0);
      if (corners === 0 || corners === 15) continue;
      const north: Point = [x + crossing(nw, ne, level), y];
      const east: Point = [x + 1, y + crossing(ne, se, level)];
      const south: Point = [x + crossing(sw, se, level), y + 1];
      const west: Point = [x, y + crossing(nw, sw, level)];
      const add = (from: Point, to: Point): void => {
        pieces.push(
          (from[0] + 0.5) / width,
          (from[1] + 0.5) / height,
          (to[0] + 0.5) / width,
          (to[1] + 0.5) / height,
        );
      };
      const centreHigh = nw + ne + sw + se > 4 * level;
      switch (corners) {
        case 1:
        case 14:
          add(north, west);
          break;
        case 2:
        case 13:
          add(north, east);
          break;
        case 4:
        case 11:
          add(east, south);
          break;
        case 8:
        case 7:
          add(south, west);
          break;
        case 3:
        case 12:
          add(west, east);
          break;
        case 6:
        case 9:
          add(north, south);
          break;
        default: {
          // A saddle: two opposite corners are high; the centre says whether they are joined.
          const highAtNorthWest = corners === 5;
          if (centreHigh === highAtNorthWest) {
            add(north, east);
            add(south, west);
          } else {
            add(north, west);
            add(east, south);
          }
        }
      }
    }
  }
  return pieces;
}

type Point = readonly [x: number, y: number];

/** Where between `from` (0) and `to` (1) the value passes `level`. */
function crossing(from: number, to: number, level: number): number {
  return from === to ? 0.5 : Math.min(Math.max((level - from) / (to - from), 0), 1);
}
