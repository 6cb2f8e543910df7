/** Draws outlines, peak markers and class names of one result, crisp at the screen's own resolution. */

import type { ClassInfo, HeatmapMessage } from '../../../protocol/messages.ts';
import type { ViewSettings } from '../settings.ts';
import { isoContour } from './iso-contour.ts';
import { type LabelBox, placeLabels } from './label-layout.ts';
import { createUpscaler, type Upscaler } from './upscaler.ts';

/**
 * Samples for the outline along the longer side, and at least two a cell: its corners are unseen. Four a cell on a grid of
 * 32 x 32 would take four times as long (0.44 ms a class, not 0.12) and look the same.
 */
const SAMPLES = 64;
const LEAST_SAMPLES_PER_CELL = 2;
const FONT = '600 13px system-ui, sans-serif';
const LABEL_HEIGHT = 22;
const LABEL_PADDING = 8;
const MARKER_RADIUS = 5;

/** Words beside a peak. The picture's own colours are unknown, so the text sits on a dark plate. */
export function labelText(info: ClassInfo, heard: number): string {
  return `${info.name} ${Math.round(heard * 100)} %`;
}

export class MarkerPainter {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #upscaler: Upscaler | null = null;
  #grid = { rows: 0, cols: 0 };
  #field = new Float32Array(0);

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('This browser cannot draw on a canvas.');
    this.#context = context;
  }

  /** @param size CSS pixels of the canvas; `scale` is the number of device pixels in one. */
  resize(size: { width: number; height: number }, scale: number): void {
    this.#canvas.width = Math.max(1, Math.round(size.width * scale));
    this.#canvas.height = Math.max(1, Math.round(size.height * scale));
    this.#context.setTransform(scale, 0, 0, scale, 0, 0);
  }

  paint(message: HeatmapMessage, classes: readonly ClassInfo[], settings: ViewSettings): void {
    this.clear();
    const { width, height } = this.#size();
    const labels: (LabelBox & { text: string; colour: string })[] = [];
    this.#context.font = FONT;
    for (const { index, heat, peak, heard } of message.classes) {
      const info = classes[index];
      if (heat === null || info === undefined || settings.hiddenClasses.includes(info.name)) continue;
      if (settings.outlines) this.#outline(message, heat, info.colour, settings.threshold);
      if (!settings.labels || peak === null || peak.value <= settings.threshold) continue;
      const text = labelText(info, heard);
      const at = { x: peak.x * width, y: peak.y * height };
      this.#marker(at, info.colour);
      const labelWidth = Math.ceil(this.#context.measureText(text).width) + 2 * LABEL_PADDING;
      labels.push({
        anchor: at,
        width: labelWidth,
        height: LABEL_HEIGHT,
        x: 0,
        y: 0,
        text,
        colour: info.colour,
      });
    }
    placeLabels(labels, { width, height }, MARKER_RADIUS + 5);
    for (const label of labels) this.#label(label);
  }

  clear(): void {
    const { width, height } = this.#size();
    this.#context.clearRect(0, 0, width, height);
  }

  #size(): { width: number; height: number } {
    const scale = this.#context.getTransform().a;
    return { width: this.#canvas.width / scale, height: this.#canvas.height / scale };
  }

  #outline(message: HeatmapMessage, heat: Uint8Array, colour: string, threshold: number): void {
    const upscaler = this.#prepare(message.grid);
    upscaler.upscale(heat, this.#field);
    let hottest = 0;
    for (const value of heat) if (value > hottest) hottest = value;
    // Half-way from "just shown" to this result's hottest: the region a person would point at.
    const level = (hottest / 255 + threshold) / 2;
    if (level <= threshold) return;
    const pieces = isoContour(this.#field, upscaler.width, upscaler.height, level);
    if (pieces.length === 0) return;
    const { width, height } = this.#size();
    const context = this.#context;
    context.beginPath();
    for (let i = 0; i < pieces.length; i += 4) {
      context.moveTo(pieces[i]! * width, pieces[i + 1]! * height);
      context.lineTo(pieces[i + 2]! * width, pieces[i + 3]! * height);
    }
    context.lineCap = 'round';
    context.strokeStyle = 'rgb(8 10 14 / 0.35)';
    context.lineWidth = 3.5;
    context.stroke();
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.stroke();
  }

  #marker(at: { x: number; y: number }, colour: string): void {
    const context = this.#context;
    context.beginPath();
    context.arc(at.x, at.y, MARKER_RADIUS, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.lineWidth = 3.5;
    context.strokeStyle = 'rgb(8 10 14 / 0.6)';
    context.stroke();
    context.lineWidth = 1.75;
    context.strokeStyle = '#fff';
    context.stroke();
  }

  #label({ x, y, width, height, text, colour }: LabelBox & { text: string; colour: string }): void {
    const context = this.#context;
    context.beginPath();
    context.roundRect(x, y, width, height, 6);
    context.fillStyle = 'rgb(10 12 17 / 0.82)';
    context.fill();
    context.beginPath();
    context.roundRect(x, y, 3, height, [6, 0, 0, 6]);
    context.fillStyle = colour;
    context.fill();
    context.textBaseline = 'middle';
    context.fillStyle = '#f4f6fa';
    context.fillText(text, x + LABEL_PADDING, y + height / 2 + 0.5);
  }

  #prepare(grid: { rows: number; cols: number }): Upscaler {
    if (this.#upscaler === null || this.#grid.rows !== grid.rows || this.#grid.cols !== grid.cols) {
      const perCell = Math.max(LEAST_SAMPLES_PER_CELL, Math.ceil(SAMPLES / Math.max(grid.rows, grid.cols)));
      const size = { width: grid.cols * perCell, height: grid.rows * perCell };
      this.#upscaler = createUpscaler(grid, size);
      this.#field = new Float32Array(size.width * size.height);
      this.#grid = { ...grid };
    }
    return this.#upscaler;
  }
}
