/** A line chart as inline SVG: axes with round numbers, a legend, vertical lines where stages begin. Pure. */

import { escapeHtml } from './escape.ts';

export interface Series {
  name: string;
  points: readonly { x: number; y: number }[];
}

export interface ChartOptions {
  title: string;
  /** What x counts. */
  xName: string;
  series: readonly Series[];
  /** Named positions on x. */
  marks?: readonly { x: number; name: string }[];
  /** Range of y that is always shown. */
  include?: readonly number[];
  logarithmic?: boolean;
}

const WIDTH = 560;
const HEIGHT = 240;
const LEFT = 52;
const RIGHT = 12;
const TOP = 30;
const BOTTOM = 34;
/** Okabe and Ito 2008: told apart by colour-blind eyes too. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7f7f7f', '#b8a800'];

/** Nothing where no series has a point. */
export function chartSvg(options: ChartOptions): string {
  const { logarithmic = false } = options;
  const usable = options.series.map(({ name, points }) => ({
    name,
    points: points.filter(({ y }) => Number.isFinite(y) && (!logarithmic || y > 0)),
  }));
  const all = usable.flatMap(({ points }) => points);
  if (all.length === 0) return '';
  const scaleY = (y: number): number => (logarithmic ? Math.log10(y) : y);
  const xs = all.map(({ x }) => x);
  const ys = [...all.map(({ y }) => scaleY(y)), ...(options.include ?? [])];
  const [x0, x1] = padded(Math.min(0, ...xs), Math.max(...xs));
  const [y0, y1] = padded(Math.min(...ys), Math.max(...ys));
  const px = (x: number): number => LEFT + ((x - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT);
  const py = (y: number): number =>
    HEIGHT - BOTTOM - ((scaleY(y) - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM);
  const parts = [
    `<text class="title" x="${LEFT}" y="14">${escapeHtml(options.title)}</text>`,
    ...ticks(y0, y1, 5).map((tick) => {
      const y = fixed(HEIGHT - BOTTOM - ((tick - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM));
      const label = logarithmic ? short(10 ** tick) : short(tick);
      return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/><text class="tick" x="${LEFT - 6}" y="${y}" text-anchor="end" dy=".32em">${label}</text>`;
    }),
    ...ticks(x0, x1, 6).map(
      (tick) =>
        `<text class="tick" x="${fixed(px(tick))}" y="${HEIGHT - BOTTOM + 14}" text-anchor="middle">${short(tick)}</text>`,
    ),
    `<text class="tick" x="${WIDTH - RIGHT}" y="${HEIGHT - 4}" text-anchor="end">${escapeHtml(options.xName)}</text>`,
    ...(options.marks ?? []).map(({ x, name }) => {
      const at = fixed(px(x));
      return `<line class="mark" x1="${at}" x2="${at}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/><text class="tick" x="${at}" y="${TOP - 3}" dx="3">${escapeHtml(name)}</text>`;
    }),
    ...usable.map(({ points }, index) => {
      const path = points.map(({ x, y }) => `${fixed(px(x))},${fixed(py(y))}`).join(' ');
      const colour = COLOURS[index % COLOURS.length] ?? '#000000';
      const [only] = points;
      return only !== undefined && points.length === 1
        ? `<circle cx="${fixed(px(only.x))}" cy="${fixed(py(only.y))}" r="3" fill="${colour}"/>`
        : `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.6"/>`;
    }),
  ];
  const legend = usable
    .map(({ name, points }, index) => {
      const colour = COLOURS[index % COLOURS.length] ?? '#000000';
      const last = points.at(-1);
      const value = last === undefined ? '' : ` ${short(last.y)}`;
      return `<span><i style="background:${colour}"></i>${escapeHtml(name)}${value}</span>`;
    })
    .join('');
  return `<figure class="chart"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(options.title)}">${parts.join('')}</svg><figcaption>${legend}</figcaption></figure>`;
}

/** A range that is never empty. */
function padded(low: number, high: number): [number, number] {
  return high > low ? [low, high] : [low - 0.5, high + 0.5];
}

/** Round numbers within the range, about `count` of them. */
export function ticks(low: number, high: number, count: number): number[] {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  const found: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i++) found.push(i * step);
  return found;
}

const fixed = (value: number): string => value.toFixed(1);

export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return size !== 0 && size < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}
