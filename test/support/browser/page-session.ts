/** One page in one browser on one scripted server, and what a test reads off it. */

import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { JpegEncoder } from '../../../src/server/picture/jpeg-encoder.ts';
import { type ChromiumOptions, launchChromium } from './chromium.ts';
import { PageServer, type PageServerScript } from './page-server.ts';

/** Two classes far apart in hue, on a grid whose cells are whole pixels of the overlay. */
export const MODEL: PageServerScript['model'] = {
  name: 'test-model',
  classes: [
    { index: 0, name: 'dog', colour: '#ff2020' },
    { index: 1, name: 'speech', colour: '#2040ff' },
  ],
  grid: { rows: 6, cols: 8 },
};

export interface PageSession extends AsyncDisposable {
  server: PageServer;
  page: Page;
  /** Texts of errors the page threw or logged, a breach of the content security policy among them. */
  errors: string[];
}

export interface PageSessionOptions extends ChromiumOptions {
  script?: Partial<PageServerScript>;
  context?: BrowserContextOptions;
  /** Called before the page is opened, to add streams. */
  prepare?: (server: PageServer) => void;
}

export async function openPage(options: PageSessionOptions = {}): Promise<PageSession> {
  const server = new PageServer({ model: MODEL, ...options.script });
  await server.open();
  let browser: Browser | null = null;
  try {
    options.prepare?.(server);
    browser = await launchChromium(options);
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      reducedMotion: 'reduce',
      ...options.context,
    });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      // Chromium itself logs each refused connection and each 4xx answer; those are the tests' own doing.
      if (message.type() === 'error' && !/WebSocket connection|Failed to load/u.test(message.text())) {
        errors.push(message.text());
      }
    });
    await page.goto(server.url.replace('127.0.0.1', options.hostRule ?? '127.0.0.1'));
    await page.locator('.display-bar').waitFor();
    const opened = browser;
    return {
      server,
      page,
      errors,
      [Symbol.asyncDispose]: async () => {
        await opened.close();
        await server.close();
      },
    };
  } catch (error) {
    await browser?.close();
    await server.close();
    throw error;
  }
}

export function canvasOf(page: Page, stream: string, role: 'picture' | 'heat' | 'markers'): Locator {
  return page.locator(`canvas[data-stream="${stream}"][data-role="${role}"]`);
}

/** Waits until the page shows the result of that number. */
export async function shown(page: Page, stream: string, sequence: number): Promise<void> {
  await page
    .locator(`canvas[data-stream="${stream}"][data-role="heat"][data-sequence="${sequence}"]`)
    .waitFor();
}

export type Rgba = [red: number, green: number, blue: number, alpha: number];

/** As much of a canvas as the readers below use: these files are compiled without the browser's types. */
interface ReadableCanvas {
  width: number;
  height: number;
  dataset: { sequence?: string };
  parentElement: { querySelector(selector: string): ReadableCanvas | null } | null;
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
  };
}

/** Colours at points given in 0..1 of the canvas; each the mean of the four pixels around the point. */
export function readPixels(layer: Locator, points: readonly { x: number; y: number }[]): Promise<Rgba[]> {
  return layer.evaluate((element, wanted) => {
    const canvas = element as unknown as ReadableCanvas;
    const { width, height } = canvas;
    const context = canvas.getContext('2d');
    return wanted.map(({ x, y }): Rgba => {
      const left = Math.min(Math.max(Math.round(x * width) - 1, 0), width - 2);
      const top = Math.min(Math.max(Math.round(y * height) - 1, 0), height - 2);
      const { data } = context.getImageData(left, top, 2, 2);
      const mean = (channel: number): number =>
        ((data[channel] ?? 0) +
          (data[channel + 4] ?? 0) +
          (data[channel + 8] ?? 0) +
          (data[channel + 12] ?? 0)) /
        4;
      return [mean(0), mean(1), mean(2), mean(3)];
    });
  }, points);
}

/** Sum of alpha over the whole canvas: 0 when nothing is drawn. */
export function readInk(layer: Locator): Promise<number> {
  return layer.evaluate((element) => {
    const canvas = element as unknown as ReadableCanvas;
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    let ink = 0;
    for (let i = 3; i < data.length; i += 4) ink += data[i] ?? 0;
    return ink;
  });
}

/** Middle of the picture and of the heat, read in one go, with the number of the result each belongs to. */
export function readTogether(heat: Locator): Promise<{ picture: [string, number]; heat: [string, number] }> {
  return heat.evaluate((element) => {
    const overlay = element as unknown as ReadableCanvas;
    const picture = overlay.parentElement?.querySelector('[data-role="picture"]');
    const read = (canvas: ReadableCanvas | null | undefined, channel: number): [string, number] => {
      if (canvas === null || canvas === undefined) return ['', -1];
      const { data } = canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1);
      return [canvas.dataset.sequence ?? '', data[channel] ?? -1];
    };
    return { picture: read(picture, 0), heat: read(overlay, 3) };
  });
}

/** A JPEG of one grey all over. */
export async function greyJpeg(
  encoder: JpegEncoder,
  grey: number,
  size = { width: 64, height: 48 },
): Promise<Uint8Array> {
  const { width, height } = size;
  const data = new Uint8Array(width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2)).fill(128);
  data.fill(grey, 0, width * height);
  return encoder.encode({ width, height, data });
}
