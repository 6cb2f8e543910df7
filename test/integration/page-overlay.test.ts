/** The heat on the screen is the heat that was sent, and lies on the picture it was computed from. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRamp, heatAlpha } from '../../src/client/page/overlay/heat-ramp.ts';
import { DEFAULT_SETTINGS } from '../../src/client/page/settings.ts';
import type { ClassHeat } from '../../src/protocol/messages.ts';
import { JpegEncoder } from '../../src/server/picture/jpeg-encoder.ts';
import { chromiumMissing } from '../support/browser/chromium.ts';
import {
  canvasOf,
  greyJpeg,
  MODEL,
  openPage,
  type PageSession,
  readInk,
  readPixels,
  readTogether,
  shown,
} from '../support/browser/page-session.ts';

const missing = chromiumMissing();
if (missing !== null) console.log(`Skipped: the page's overlay (${missing}).`);

const { rows, cols } = MODEL.grid;
/** Of 255; the four pixels averaged around a cell's centre lie up to a quarter of a pixel off it. */
const TOLERANCE = 8;

function heard(index: number, heat: Uint8Array | null, at = { x: 0.5, y: 0.5 }): ClassHeat {
  const active = heat !== null;
  return {
    index,
    heard: active ? 0.9 : 0.1,
    seen: 0.5,
    active,
    heat,
    peak: active ? { ...at, value: 1 } : null,
    box: null,
  };
}

/** A hill around one cell, smooth as the server's heat is. */
function hill(row: number, col: number, width = 1.6): Uint8Array {
  return Uint8Array.from({ length: rows * cols }, (_, i) => {
    const distance = Math.hypot(Math.floor(i / cols) - row, (i % cols) - col) / width;
    return Math.round(250 * Math.exp(-distance * distance));
  });
}

const centres = Array.from({ length: rows * cols }, (_, i) => ({
  x: ((i % cols) + 0.5) / cols,
  y: (Math.floor(i / cols) + 0.5) / rows,
}));

describe.skipIf(missing !== null)('overlay', () => {
  let session: PageSession;
  let encoder: JpegEncoder;
  let preview: Uint8Array;

  beforeAll(async () => {
    encoder = new JpegEncoder();
    preview = await greyJpeg(encoder, 90);
    session = await openPage({ prepare: (server) => server.putStream({ id: 'cam', name: 'Camera' }) });
    await canvasOf(session.page, 'cam', 'heat').waitFor();
  });

  afterAll(async () => {
    await session[Symbol.asyncDispose]();
    await encoder.close();
  });

  async function show(...classes: ClassHeat[]): Promise<void> {
    const ascending = classes.toSorted((a, b) => a.index - b.index);
    const sequence = session.server.sendHeatmap({ stream: 'cam', classes: ascending, preview });
    await shown(session.page, 'cam', sequence);
  }

  const heatCanvas = () => canvasOf(session.page, 'cam', 'heat');
  const settle = (): Promise<unknown> =>
    session.page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');

  async function setSlider(label: string, percent: number): Promise<void> {
    await session.page.getByLabel(label).fill(String(percent));
    await settle();
  }

  it('asked for pictures of every stream', () => {
    expect(session.server.received[0]).toMatchObject({ type: 'subscribe', streams: ['*'], preview: 'jpeg' });
  });

  it.each([
    [0, 1, 1],
    [1, 4, 6],
    [0, 0, 7],
  ])(
    'class %i, hottest in row %i and column %i: every cell has its alpha and colour',
    async (index, row, col) => {
      const heat = hill(row, col);
      await show(heard(index, heat), heard(1 - index, null));
      const ramp = buildRamp(MODEL.classes[index]!.colour, DEFAULT_SETTINGS);
      const pixels = await readPixels(heatCanvas(), centres);
      let coloured = 0;
      pixels.forEach(([red, green, blue, alpha], cell) => {
        const wanted = 255 * heatAlpha(heat[cell]! / 255, DEFAULT_SETTINGS);
        expect(Math.abs(alpha - wanted), `alpha of cell ${cell}`).toBeLessThan(TOLERANCE);
        if (wanted < 60) return;
        coloured++;
        [red, green, blue].forEach((value, channel) => {
          expect(Math.abs(value - ramp[heat[cell]! * 4 + channel]!), `colour of cell ${cell}`).toBeLessThan(
            TOLERANCE,
          );
        });
      });
      expect(coloured).toBeGreaterThan(3);
      expect(await heatCanvas().getAttribute('data-layers')).toBe(MODEL.classes[index]!.name);
    },
  );

  it('draws two classes at once, each in its place and colour', async () => {
    await show(heard(0, hill(1, 1)), heard(1, hill(4, 6)));
    const [dog, speech] = await readPixels(heatCanvas(), [centres[cols + 1]!, centres[4 * cols + 6]!]);
    expect(dog![0]).toBeGreaterThan(dog![2] + 60);
    expect(speech![2]).toBeGreaterThan(speech![0] + 60);
  });

  it('shows nothing for silence, and leaves nothing of the result before', async () => {
    await show(heard(0, hill(2, 2)), heard(1, null));
    expect(await readInk(heatCanvas())).toBeGreaterThan(0);
    await show(heard(0, null), heard(1, null));
    expect(await readInk(heatCanvas())).toBe(0);
    expect(await readInk(canvasOf(session.page, 'cam', 'markers'))).toBe(0);
  });

  it('shows the picture that came with the heat', async () => {
    await show(heard(0, null));
    const [pixel] = await readPixels(canvasOf(session.page, 'cam', 'picture'), [{ x: 0.3, y: 0.6 }]);
    for (const value of pixel!.slice(0, 3)) expect(Math.abs(value - 90)).toBeLessThan(4);
  });

  it('hides a class by its chip, at once and without a new result', async () => {
    const chip = session.page.locator('.chip[data-class="dog"]');
    await show(heard(0, hill(2, 2)), heard(1, null));
    await chip.click();
    await settle();
    expect(await chip.getAttribute('aria-pressed')).toBe('false');
    expect(await readInk(heatCanvas())).toBe(0);
    expect(await readInk(canvasOf(session.page, 'cam', 'markers'))).toBe(0);
    await chip.click();
    await settle();
    expect(await readInk(heatCanvas())).toBeGreaterThan(0);
  });

  it('follows threshold and opacity', async () => {
    const heat = hill(2, 3);
    await show(heard(0, heat), heard(1, null));
    try {
      await setSlider('Threshold', 60);
      await setSlider('Opacity', 50);
      const pixels = await readPixels(heatCanvas(), centres);
      pixels.forEach(([, , , alpha], cell) => {
        const wanted = 255 * heatAlpha(heat[cell]! / 255, { threshold: 0.6, opacity: 0.5 });
        expect(Math.abs(alpha - wanted), `alpha of cell ${cell}`).toBeLessThan(TOLERANCE);
      });
    } finally {
      await setSlider('Threshold', DEFAULT_SETTINGS.threshold * 100);
      await setSlider('Opacity', DEFAULT_SETTINGS.opacity * 100);
    }
  });

  it('draws labels and outlines on a canvas of their own, as asked', async () => {
    const markers = canvasOf(session.page, 'cam', 'markers');
    await show(heard(0, hill(2, 3), { x: 0.4, y: 0.4 }), heard(1, null));
    const both = await readInk(markers);
    const glow = await readInk(heatCanvas());
    await session.page.getByLabel('Labels').uncheck();
    await settle();
    const outlines = await readInk(markers);
    await session.page.getByLabel('Outlines').uncheck();
    await settle();
    expect(outlines).toBeLessThan(both);
    expect(outlines).toBeGreaterThan(0);
    expect(await readInk(markers)).toBe(0);
    expect(await readInk(heatCanvas())).toBe(glow);
    await session.page.getByLabel('Labels').check();
    await session.page.getByLabel('Outlines').check();
  });

  it('keeps heat and picture of one frame together while results pour in', async () => {
    const greys = Array.from({ length: 8 }, (_, i) => 30 + 25 * i);
    const jpegs = await Promise.all(greys.map((grey) => greyJpeg(encoder, grey)));
    const levelOf = new Map<string, number>();
    let n = 0;
    const pour = setInterval(() => {
      const step = n++ % 8;
      const heat = new Uint8Array(rows * cols).fill(80 + 20 * step);
      const sequence = session.server.sendHeatmap({
        stream: 'cam',
        classes: [heard(0, heat)],
        preview: jpegs[step]!,
      });
      levelOf.set(String(sequence), step);
    }, 15);
    try {
      const seen = new Set<string>();
      for (let i = 0; i < 40; i++) {
        const { picture, heat } = await readTogether(heatCanvas());
        expect(picture[0]).toBe(heat[0]);
        const step = levelOf.get(heat[0]);
        if (step === undefined) continue;
        seen.add(heat[0]);
        expect(Math.abs(picture[1] - greys[step]!)).toBeLessThan(5);
        const wanted = 255 * heatAlpha((80 + 20 * step) / 255, DEFAULT_SETTINGS);
        expect(Math.abs(heat[1] - wanted)).toBeLessThan(4);
      }
      expect(seen.size).toBeGreaterThan(5);
    } finally {
      clearInterval(pour);
    }
  });

  it('shows the newest picture even where one before it is damaged', async () => {
    session.server.sendHeatmap({ stream: 'cam', classes: [heard(0, null)], preview: Uint8Array.of(1, 2, 3) });
    await show(heard(0, hill(3, 3)));
    expect(await readInk(heatCanvas())).toBeGreaterThan(0);
  });

  it('threw nothing and kept to the content security policy', () => {
    expect(session.errors).toEqual([]);
  });
});
