/** Paints the heat of one result onto a canvas: the blended glow, nothing else, so that it can be read back. */

import type { ClassInfo, HeatmapMessage } from '../../../protocol/messages.ts';
import type { ViewSettings } from '../settings.ts';
import { blendLayers, type HeatLayer } from './blend-layers.ts';
import { buildRamp } from './heat-ramp.ts';
import { createUpscaler, type Upscaler } from './upscaler.ts';

/**
 * Columns of the overlay canvas. The browser enlarges it to the picture; heat is smooth, so more would only
 * cost time (160 x 120 with four classes: about 0.4 ms).
 */
const OVERLAY_WIDTH = 160;

export class HeatPainter {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #upscaler: Upscaler | null = null;
  #grid = { rows: 0, cols: 0 };
  #image: ImageData | null = null;
  #fields: Float32Array[] = [];
  #ramps = new Map<number, Uint8ClampedArray>();
  #rampsKey = '';
  #blank = false;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('This browser cannot draw on a canvas.');
    this.#context = context;
  }

  /** Replaces what the canvas shows by `message`; its `dataset.layers` names the classes drawn. */
  paint(message: HeatmapMessage, classes: readonly ClassInfo[], settings: ViewSettings): void {
    const upscaler = this.#prepare(message);
    const layers: HeatLayer[] = [];
    const names: string[] = [];
    for (const { index, heat } of message.classes) {
      const info = classes[index];
      if (heat === null || info === undefined || settings.hiddenClasses.includes(info.name)) continue;
      const field = (this.#fields[layers.length] ??= new Float32Array(upscaler.width * upscaler.height));
      upscaler.upscale(heat, field);
      layers.push({ field, ramp: this.#ramp(info, settings) });
      names.push(info.name);
    }
    this.#canvas.dataset['layers'] = names.join(' ');
    if (layers.length === 0) {
      this.clear();
      return;
    }
    this.#image ??= this.#context.createImageData(upscaler.width, upscaler.height);
    blendLayers(layers, this.#image.data);
    this.#context.putImageData(this.#image, 0, 0);
    this.#blank = false;
  }

  clear(): void {
    if (this.#blank) return;
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    this.#blank = true;
  }

  #prepare({ grid, picture }: HeatmapMessage): Upscaler {
    const height = Math.max(1, Math.round((OVERLAY_WIDTH * picture.height) / picture.width));
    if (this.#upscaler?.height !== height || this.#grid.rows !== grid.rows || this.#grid.cols !== grid.cols) {
      this.#upscaler = createUpscaler(grid, { width: OVERLAY_WIDTH, height });
      this.#grid = { ...grid };
      this.#fields = [];
      this.#image = null;
      this.#canvas.width = OVERLAY_WIDTH;
      this.#canvas.height = height;
      this.#blank = true;
    }
    return this.#upscaler;
  }

  #ramp(info: ClassInfo, settings: ViewSettings): Uint8ClampedArray {
    const key = `${settings.threshold} ${settings.opacity}`;
    if (key !== this.#rampsKey) {
      this.#ramps.clear();
      this.#rampsKey = key;
    }
    let ramp = this.#ramps.get(info.index);
    if (ramp === undefined) {
      ramp = buildRamp(info.colour, settings);
      this.#ramps.set(info.index, ramp);
    }
    return ramp;
  }
}
