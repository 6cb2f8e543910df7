/** The page in use: lost connections, states, dialogs, keyboard, phone. */

import { describe, expect, it } from 'vitest';
import { JpegEncoder } from '../../src/server/picture/jpeg-encoder.ts';
import { chromiumMissing } from '../support/browser/chromium.ts';
import { problem } from '../support/browser/page-server.ts';
import { canvasOf, greyJpeg, openPage, shown } from '../support/browser/page-session.ts';

const missing = chromiumMissing();
if (missing !== null) console.log(`Skipped: the page in use (${missing}).`);

describe.skipIf(missing !== null)('page', () => {
  it('says that the connection is lost, and goes on without a reload when it is back', async () => {
    const encoder = new JpegEncoder();
    const preview = await greyJpeg(encoder, 120);
    await encoder.close();
    await using session = await openPage({
      prepare: (server) => {
        server.putStream({ id: 'one' });
        server.putStream({ id: 'two' });
      },
    });
    const { page, server } = session;
    await canvasOf(page, 'one', 'heat').waitFor();
    await shown(page, 'one', server.sendHeatmap({ stream: 'one', classes: [], preview }));
    await page.evaluate('globalThis.notReloaded = true');
    await page.locator('.chip[data-class="dog"]').click();
    await page.getByRole('button', { name: 'two: enlarge' }).click();

    await server.close();
    await page.locator('[data-role="connection-lost"]').waitFor();
    expect(await page.locator('[data-stream-card="one"] .picture').getAttribute('data-stale')).toBe('true');

    server.dropStream('one');
    server.putStream({ id: 'three' });
    await server.open();
    await page.locator('[data-role="connection-lost"]').waitFor({ state: 'detached' });
    await page.locator('[data-stream-card="three"]').waitFor();
    await page.locator('[data-stream-card="one"]').waitFor({ state: 'detached' });
    expect(await page.locator('[data-stream-card="two"]').getAttribute('data-enlarged')).toBe('true');
    await shown(page, 'two', server.sendHeatmap({ stream: 'two', classes: [], preview }));
    expect(await page.evaluate('globalThis.notReloaded')).toBe(true);
    expect(await page.locator('.chip[data-class="dog"]').getAttribute('aria-pressed')).toBe('false');

    await page.reload();
    await page.locator('.chip[data-class="dog"][aria-pressed="false"]').waitFor();
    expect(session.errors).toEqual([]);
  });

  it('shows and announces how a stream is, in words', async () => {
    await using session = await openPage({
      prepare: (server) => server.putStream({ id: 'door', name: 'Door' }),
    });
    const { page, server } = session;
    const card = page.locator('[data-stream-card="door"]');
    await card.locator('[data-state="live"]').waitFor();
    server.putStream({
      id: 'door',
      state: 'reconnecting',
      reason: 'connection-refused',
      detail: 'The camera refused the connection.',
    });
    await card.locator('[data-state="reconnecting"]').waitFor();
    await card.locator('.scrim', { hasText: 'The camera refused the connection.' }).waitFor();
    await page
      .locator('[data-role="announcer"]', { hasText: 'Door: Reconnecting. The camera refused' })
      .waitFor({ state: 'attached' });
    server.putStream({ id: 'door', state: 'degraded', reason: 'no-audio', detail: null });
    await card.locator('.card-sentence', { hasText: 'no sound' }).waitFor();
    server.dropStream('door');
    await page.getByText('No streams yet').waitFor();
  });

  it('shows figures, meters and drops', async () => {
    await using session = await openPage({
      prepare: (server) => server.putStream({ id: 'cam' }),
      script: {
        detailOf: () => ({
          stats: { framesReceived: 9, results: 5, drops: { superseded: 3, 'rate-cap': 40 }, restarts: 0 },
        }),
      },
    });
    const { page, server } = session;
    const feed = setInterval(() => {
      const calm = { active: false, heat: null, peak: null, box: null };
      server.sendHeatmap({
        stream: 'cam',
        skewUs: -12_000,
        alignment: 'unaligned',
        classes: [
          { index: 0, heard: 0.83, seen: 0.41, ...calm },
          { index: 1, heard: 0.02, seen: 0, ...calm },
        ],
      });
    }, 50);
    try {
      const card = page.locator('[data-stream-card="cam"]');
      await card.locator('[data-alignment="unaligned"]').waitFor();
      await page
        .getByRole('meter', { name: 'dog, heard' })
        .and(page.locator('[aria-valuenow="83"]'))
        .waitFor();
      await page
        .getByRole('meter', { name: 'dog, seen' })
        .and(page.locator('[aria-valuenow="41"]'))
        .waitFor();
      await card.locator('[data-figure="latency"]', { hasText: '48 ms' }).waitFor();
      await card.locator('[data-figure="skew"]', { hasText: '−12 ms' }).waitFor();
      // Frames left out on purpose are listed, but are no drops.
      await card.locator('[data-figure="dropped"]', { hasText: /^3$/u }).waitFor();
      await card.getByText('40 above the rate limit').waitFor();
      server.sendDropped('cam', 4);
      await card.locator('[data-figure="dropped"]', { hasText: /^7$/u }).waitFor();
    } finally {
      clearInterval(feed);
    }
    // A stream that went quiet does not go on claiming what it last heard.
    await page.locator('[data-class="dog"] .meter-percent', { hasText: '–' }).first().waitFor();
  });

  it('adds a camera, and shows objections at the field without the password', async () => {
    const asked: unknown[] = [];
    await using session = await openPage({
      script: {
        onAddCamera: (body) => {
          asked.push(body);
          return asked.length === 1
            ? problem(422, 'bad-url', 'url: unknown scheme.', [
                { field: 'url', message: 'The scheme is unknown.' },
              ])
            : { status: 201, headers: { 'Content-Type': 'application/json' }, body: '{}' };
        },
      },
    });
    const { page } = session;
    await page.getByRole('button', { name: 'Add camera' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a camera' });
    const address = dialog.getByLabel('Address');
    await dialog.waitFor();
    await page.keyboard.press('Enter');
    await dialog.getByText('Enter the address of the camera.').waitFor();
    expect(asked).toEqual([]);

    await address.fill('rtps://admin:secret@cam/1');
    await dialog.getByLabel('Name').fill('Front door');
    await page.keyboard.press('Enter');
    await dialog.locator('[data-problem="url"]', { hasText: 'The scheme is unknown.' }).waitFor();
    expect(await address.getAttribute('aria-invalid')).toBe('true');
    expect(await address.evaluate((element) => element.matches(':focus'))).toBe(true);
    expect(asked[0]).toEqual({ kind: 'url', url: 'rtps://admin:secret@cam/1', name: 'Front door' });

    await address.fill('rtsp://admin:secret@cam/1');
    await dialog.getByRole('button', { name: 'Add camera' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(asked[1]).toMatchObject({ url: 'rtsp://admin:secret@cam/1' });
    expect(await page.content()).not.toContain('secret');
  });

  it('says so when the server does not answer', async () => {
    await using session = await openPage();
    const { page, server } = session;
    await page.getByRole('button', { name: 'Add camera' }).click();
    await page.getByLabel('Address').fill('rtsp://cam/1');
    await server.close();
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'The server does not answer.' }).waitFor();
  });

  it('is worked by keyboard: chips, enlarging and back, removing with a question', async () => {
    await using session = await openPage({
      prepare: (server) => {
        server.putStream({ id: 'one', name: 'One' });
        server.putStream({ id: 'two', name: 'Two' });
      },
    });
    const { page, server } = session;
    const card = page.locator('[data-stream-card="two"]');
    await card.waitFor();
    const focused = (): Promise<string> =>
      page.evaluate(
        'document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? ""',
      );
    const tabTo = async (label: string): Promise<void> => {
      for (let i = 0; i < 40 && (await focused()) !== label; i++) await page.keyboard.press('Tab');
      expect(await focused()).toBe(label);
    };
    await tabTo('dog');
    await page.keyboard.press('Space');
    expect(await page.locator('.chip[data-class="dog"]').getAttribute('aria-pressed')).toBe('false');
    await tabTo('Two: enlarge');
    expect(await card.locator('.picture').evaluate((element) => element.matches(':focus-visible'))).toBe(
      true,
    );
    await page.keyboard.press('Enter');
    await page.locator('[data-stream-card="two"][data-enlarged="true"]').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('[data-stream-card="two"][data-enlarged="false"]').waitFor();
    await page.waitForFunction('document.activeElement?.getAttribute("aria-label") === "Two: enlarge"');
    await page.keyboard.press('Enter');
    await page.locator('[data-stream-card="two"][data-enlarged="true"]').waitFor();
    await page.waitForFunction('document.activeElement?.getAttribute("aria-label") === "Two: make smaller"');
    await tabTo('Remove…');
    await page.keyboard.press('Enter');
    const question = page.getByRole('dialog', { name: 'Remove Two?' });
    await question.waitFor();
    // The harmless answer has the focus.
    expect(await focused()).toBe('Keep it');
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    expect(server.deleted).toEqual([]);
    await card.getByRole('button', { name: 'Remove…' }).click();
    await question.getByRole('button', { name: 'Remove', exact: true }).click();
    await card.waitFor({ state: 'detached' });
    expect(server.deleted).toEqual(['/api/v1/streams/two']);
  });

  it.each([320, 360, 390])('fits a phone %i pixels wide, small and enlarged', async (width) => {
    await using session = await openPage({
      context: { viewport: { width, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
      prepare: (server) => {
        server.putStream({
          id: 'one',
          name: 'A camera with a name so long that it cannot be shown in whole',
        });
        server.putStream({ id: 'two', state: 'failed', detail: 'A-long-word-'.repeat(12) });
      },
    });
    const { page, server } = session;
    await page.locator('[data-stream-card="one"]').waitFor();
    server.sendHeatmap({ stream: 'one', classes: [] });
    await page.locator('[data-alignment="aligned"]').waitFor();
    const columns = `getComputedStyle(document.querySelector('.grid')).gridTemplateColumns.split(' ').length`;
    expect(await page.evaluate(columns)).toBe(1);
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    const cut = `[...document.querySelectorAll('.card *')].filter((e) => e.getBoundingClientRect().right > innerWidth).length`;
    expect(await page.evaluate(overflow)).toBe(0);
    expect(await page.evaluate(cut)).toBe(0);
    await page.locator('[data-stream-card="one"] .picture').tap();
    await page.locator('[data-stream-card="one"][data-enlarged="true"]').waitFor();
    expect(await page.evaluate(overflow)).toBe(0);
    expect(await page.evaluate(cut)).toBe(0);
    await page.getByRole('button', { name: 'Add camera' }).tap();
    await page.getByRole('dialog').waitFor();
    expect(await page.evaluate(overflow)).toBe(0);
  });

  it('tells what the model knows', async () => {
    await using session = await openPage();
    await session.page.getByRole('button', { name: 'About the model' }).click();
    const dialog = session.page.getByRole('dialog', { name: 'About the model' });
    await dialog.getByText('test-model').waitFor();
    await dialog.getByText('speech', { exact: true }).waitFor();
    await session.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });
});
