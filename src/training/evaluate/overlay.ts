/** Pictures for the report: what was in the picture and what each method showed of it. */

import type { HeatCalibration } from '../../pipeline/heatmap/heat-stage.ts';
import type { SampleShape } from '../sample.ts';
import { encodePng } from '../trainer/report/png.ts';
import { MapMaker } from './class-maps.ts';
import type { Example } from './example.ts';
import type { Method } from './methods.ts';
import type { ExampleListener } from './run.ts';
import type { Labels } from './scorer.ts';

/** One example: its picture with boxes, and each method's map over it. */
export interface Figure {
  caption: string;
  pictures: { title: string; uri: string }[];
}

/** Methods whose maps are drawn, of the first class that sounds in sight. */
const DRAWN: readonly Method[] = ['avc', 'cam', 'paper', 'ours'];
const SOUNDING = [80, 255, 120] as const;
const SILENT = [255, 90, 90] as const;

/** Draws every `every`-th example that sounds in sight, up to `most`. */
export class FigureCollector implements ExampleListener {
  readonly figures: Figure[] = [];
  readonly #shape: SampleShape;
  readonly #maker: MapMaker;
  readonly #map: Float32Array<ArrayBuffer>;
  readonly #every: number;
  readonly #most: number;
  #sounding = 0;

  constructor(
    shape: SampleShape,
    calibration: HeatCalibration,
    options: { every: number; most: number; seed: number },
  ) {
    this.#shape = shape;
    this.#every = options.every;
    this.#most = options.most;
    // Maps are square; pictures that are not are drawn to the map's proportions by the page.
    this.#maker = new MapMaker(shape.grid, shape.frame.width, calibration, options.seed);
    this.#map = new Float32Array(shape.frame.width ** 2);
  }

  add(example: Example, { truth, heard }: Labels, picture: Uint8Array): void {
    const { classes, frame } = this.#shape;
    const shown = truth.boxes.find(({ sounding, classIndex }) => sounding && classIndex >= 0)?.classIndex;
    if (shown === undefined || frame.width !== frame.height) return;
    if (this.#sounding++ % this.#every !== 0 || this.figures.length >= this.#most) return;
    const boxed = Uint8Array.from(picture);
    for (const { sounding, ...box } of truth.boxes) {
      outline(boxed, frame.width, box, sounding ? SOUNDING : SILENT);
    }
    const pictures = [{ title: 'truth: green sounds, red is silent', uri: this.#uri(boxed) }];
    for (const method of DRAWN) {
      if (!this.#maker.writeClass(method, example, shown, this.#map)) continue;
      // The others have no scale of their own.
      const top = method === 'ours' ? 1 : this.#map.reduce((a, b) => Math.max(a, b), 0);
      const name = method === 'avc' ? 'any sound' : (classes[shown] ?? '');
      pictures.push({ title: `${method}, ${name}`, uri: this.#uri(heated(picture, this.#map, top)) });
    }
    const named = (values: ArrayLike<number>, from: number): string =>
      classes
        .flatMap((name, c) => (values[c]! >= from ? [`${name} ${values[c]!.toFixed(2)}`] : []))
        .join(', ');
    const sounds = classes.filter((_, c) => heard[c]! >= 0.5).join(', ');
    const caption = `sounds: ${sounds}; heard: ${named(example.heard, 0.1) || 'nothing'}; seen: ${named(example.seen, 0.1) || 'nothing'}`;
    this.figures.push({ caption, pictures });
  }

  #uri(rgb: Uint8Array): string {
    const { width, height } = this.#shape.frame;
    return `data:image/png;base64,${encodePng(rgb, width, height).toString('base64')}`;
  }
}

/** The picture, darker, under warm colours where the map is high. `map` has the picture's pixels. */
function heated(rgb: Uint8Array, map: Float32Array, top: number): Uint8Array {
  const out = new Uint8Array(rgb.length);
  for (let pixel = 0; pixel < map.length; pixel++) {
    const heat = top > 0 ? Math.min(1, Math.max(0, map[pixel]! / top)) : 0;
    const cover = 0.7 * heat;
    const at = 3 * pixel;
    const keep = 0.75 * (1 - cover);
    out[at] = keep * rgb[at]! + cover * 255;
    out[at + 1] = keep * rgb[at + 1]! + cover * (220 - 180 * heat);
    out[at + 2] = keep * rgb[at + 2]! + cover * 30;
  }
  return out;
}

function outline(
  rgb: Uint8Array,
  side: number,
  { x0, y0, x1, y1 }: { x0: number; y0: number; x1: number; y1: number },
  colour: readonly [number, number, number],
): void {
  const pixel = (share: number): number => Math.min(side - 1, Math.max(0, Math.round(share * side)));
  const [left, top, right, bottom] = [pixel(x0), pixel(y0), pixel(x1), pixel(y1)];
  const dot = (x: number, y: number): void => rgb.set(colour, 3 * (y * side + x));
  for (let x = left; x <= right; x++) {
    dot(x, top);
    dot(x, bottom);
  }
  for (let y = top; y <= bottom; y++) {
    dot(left, y);
    dot(right, y);
  }
}
