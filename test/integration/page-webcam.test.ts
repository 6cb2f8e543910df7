/** *Use my webcam*: refusals in plain words, and publishing to the server's own WHIP source. */

import { describe, expect, it } from 'vitest';
import { WhipSource } from '../../src/pipeline/ingest/whip/whip-source.ts';
import { RecordingSink } from '../contract/media-source.ts';
import { chromiumMissing } from '../support/browser/chromium.ts';
import { problem, type ScriptedAnswer } from '../support/browser/page-server.ts';
import { openPage } from '../support/browser/page-session.ts';

const missing = chromiumMissing();
if (missing !== null) console.log(`Skipped: the page's webcam (${missing}).`);

const USE = { name: 'Use my webcam' };
const STOP = { name: 'Stop my webcam' };

/** Takes offers as the server does, with its own source, and counts the sessions. */
class WebcamTaker implements AsyncDisposable {
  readonly sink = new RecordingSink();
  readonly #source = new WhipSource({ id: 'webcam' });
  /** As what it was published. */
  readonly ids = new Set<string>();
  sessions = 0;

  constructor() {
    this.#source.open(this.sink);
  }

  async take(id: string, sdp: string): Promise<ScriptedAnswer> {
    const { answerSdp: body } = await this.#source.accept(sdp);
    this.sessions++;
    this.ids.add(id);
    return {
      status: 201,
      headers: { 'Content-Type': 'application/sdp', Location: `/api/v1/whip/${id}/session-${this.sessions}` },
      body,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source.close();
  }
}

/** A page that may use the camera, whose offers the taker answers. */
const openWith = (taker: WebcamTaker) =>
  openPage({ camera: 'allowed', script: { onOffer: (id, sdp) => taker.take(id, sdp) } });

describe.skipIf(missing !== null)('Use my webcam', () => {
  it('publishes picture and sound, and ends the session when stopped', async () => {
    await using taker = new WebcamTaker();
    await using session = await openWith(taker);
    const { page, server } = session;
    await page.getByRole('button', USE).click();
    await expect.poll(() => taker.sink.frames.length, { timeout: 30_000 }).toBeGreaterThan(10);
    await expect.poll(() => taker.sink.chunks.length, { timeout: 30_000 }).toBeGreaterThan(10);
    await page.getByText('Connecting your webcam').waitFor({ state: 'detached' });
    expect(server.deleted).toEqual([]);
    await page.getByRole('button', STOP).click();
    await page.getByRole('button', USE).waitFor();
    expect(server.deleted).toEqual([
      expect.stringMatching(/^\/api\/v1\/whip\/webcam-[a-z0-9]+\/session-1$/u),
    ]);
    expect(session.errors).toEqual([]);
  });

  it('publishes again, as the same stream, when the server started anew', async () => {
    await using taker = new WebcamTaker();
    await using session = await openWith(taker);
    const { page, server } = session;
    await page.getByRole('button', USE).click();
    await page.locator('.on-air').waitFor();
    await server.close();
    await server.open();
    await expect.poll(() => taker.sessions, { timeout: 30_000 }).toBe(2);
    await page.locator('.on-air').waitFor();
    expect(taker.ids.size).toBe(1);
  });

  it('publishes again at once when the server says that its decoder died', async () => {
    await using taker = new WebcamTaker();
    await using session = await openWith(taker);
    const { page, server } = session;
    await page.getByRole('button', USE).click();
    await page.locator('.on-air').waitFor();
    const [id = ''] = taker.ids;
    server.putStream({ id: 'another', kind: 'webcam', state: 'reconnecting' });
    server.putStream({ id, kind: 'webcam', state: 'live' });
    expect(taker.sessions).toBe(1);
    // The connection itself is well: without word from the server the browser would keep it.
    const detail = 'The decoder ended; publish again.';
    server.putStream({ id, kind: 'webcam', state: 'reconnecting', reason: 'source-crashed', detail });
    await expect.poll(() => taker.sessions, { timeout: 30_000 }).toBe(2);
    await page.locator('.on-air').waitFor();
    expect(server.deleted).toEqual([]);
    expect(session.errors).toEqual([]);
  });

  it('publishes again when the server lost it while the line to the page was down', async () => {
    await using taker = new WebcamTaker();
    await using session = await openWith(taker);
    const { page, server } = session;
    await page.getByRole('button', USE).click();
    await page.locator('.on-air').waitFor();
    const [id = ''] = taker.ids;
    server.putStream({ id, kind: 'webcam', state: 'live' });
    await server.close();
    // A new publisher that connects is no loss; one that is gone is.
    server.putStream({ id, state: 'reconnecting', reason: 'connecting' });
    const lost = page.getByText('The connection to the server is lost.');
    await lost.waitFor();
    await server.open();
    await lost.waitFor({ state: 'detached' });
    expect(taker.sessions).toBe(1);
    await server.close();
    await lost.waitFor();
    server.putStream({ id, state: 'reconnecting', reason: 'source-crashed', detail: 'The decoder ended.' });
    await server.open();
    await expect.poll(() => taker.sessions, { timeout: 30_000 }).toBe(2);
    await page.locator('.on-air').waitFor();
  });

  it('waits as long as the server asks, says until when, and can be stopped meanwhile', async () => {
    const askedAtMs: number[] = [];
    await using session = await openPage({
      camera: 'allowed',
      script: {
        onOffer: () => {
          askedAtMs.push(performance.now());
          const refusal = problem(429, 'too-many-requests', 'Too many requests to publish came from here.');
          const retryAfter = askedAtMs.length === 1 ? '4' : new Date(Date.now() + 60_000).toUTCString();
          return Promise.resolve({ ...refusal, headers: { ...refusal.headers, 'Retry-After': retryAfter } });
        },
      },
    });
    const { page } = session;
    await page.getByRole('button', USE).click();
    await page.getByText(/came from here\. The next try is at \d+:\d+/u).waitFor();
    await expect.poll(() => askedAtMs.length, { timeout: 10_000 }).toBe(2);
    expect(askedAtMs[1]! - askedAtMs[0]!).toBeGreaterThan(3_900);
    await page.waitForTimeout(3_000);
    expect(askedAtMs).toHaveLength(2);
    await page.getByRole('button', STOP).click();
    await page.getByRole('button', USE).waitFor();
  });

  it('ends the session when the page is closed', async () => {
    await using taker = new WebcamTaker();
    await using session = await openWith(taker);
    const { page, server } = session;
    await page.getByRole('button', USE).click();
    await page.locator('.on-air').waitFor();
    await page.goto('about:blank');
    await expect.poll(() => server.deleted.length, { timeout: 10_000 }).toBe(1);
  });

  it.each([
    ['denied', 'Camera and microphone are not allowed.'],
    ['none', 'No camera or no microphone found.'],
  ] as const)('says what to do when the camera is %s', async (camera, words) => {
    await using session = await openPage({ camera });
    const { page } = session;
    await page.getByRole('button', USE).click();
    await page.getByText(words).waitFor();
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await page.getByText(words).waitFor({ state: 'detached' });
    await page.getByRole('button', USE).waitFor();
  });

  it('passes on why the server refuses', async () => {
    await using session = await openPage({
      camera: 'allowed',
      script: {
        onOffer: () => Promise.resolve(problem(422, 'unacceptable-sdp', 'The offer has no picture.')),
      },
    });
    await session.page.getByRole('button', USE).click();
    await session.page.getByText('The offer has no picture.').waitFor();
  });

  it('explains that the camera needs a secure page', async () => {
    await using session = await openPage({
      camera: 'allowed',
      // Not this machine by name, so no secure context.
      hostRule: 'camera.example',
    });
    await session.page.getByRole('button', USE).click();
    await session.page.getByText('The browser lends the camera to secure pages only.').waitFor();
    await session.page.getByText(/http:\/\/localhost:\d+/u).waitFor();
  });
});
