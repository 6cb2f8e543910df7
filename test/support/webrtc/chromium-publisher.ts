/** Headless Chromium as the webcam: serves the publishing page on 127.0.0.1 and drives it. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';

/** Why these tests are skipped, or null. */
export const chromiumMissing = existsSync(CHROMIUM) ? null : `${CHROMIUM} is not installed`;

/** Wall times (ms since 1970) at which the page captured each flash and each beep. */
export interface CapturedTruth {
  flashes: number[];
  beeps: number[];
}

export interface ChromiumFigures {
  nackCount: number;
  pliCount: number;
  framesPerSecond: number;
  targetBps: number;
  availableBps: number;
  encoder: string;
}

export class ChromiumPublisher {
  readonly #browser: Browser;
  readonly #page: Page;
  readonly #server: Server;

  private constructor(browser: Browser, page: Page, server: Server) {
    this.#browser = browser;
    this.#page = page;
    this.#server = server;
  }

  /** @param accept - answers an offer, as a WHIP endpoint would */
  static async start(accept: (offerSdp: string) => Promise<string>): Promise<ChromiumPublisher> {
    const server = await servePage(accept);
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        ...[
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--disable-quic',
          '--no-first-run',
          '--disable-sync',
        ],
        ...['--disable-background-networking', '--disable-component-update'],
        ...['--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required'],
      ],
    });
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return new ChromiumPublisher(browser, page, server);
  }

  /** The offer that was sent; null when this Chromium cannot encode `codec`. */
  publish(codec: 'VP8' | 'H264', size = { width: 640, height: 480 }): Promise<string | null> {
    return this.#page.evaluate(`publish(${JSON.stringify(codec)}, ${JSON.stringify(size)})`);
  }

  truth(): Promise<CapturedTruth> {
    return this.#page.evaluate('truth');
  }

  figures(): Promise<ChromiumFigures> {
    return this.#page.evaluate('figures()');
  }

  resize(width: number, height: number): Promise<void> {
    return this.#page.evaluate(`resize(${JSON.stringify({ width, height })})`);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function servePage(accept: (offerSdp: string) => Promise<string>): Promise<Server> {
  const html = await readFile(new URL('./publisher-page.html', import.meta.url));
  const server = createServer((request, response) => {
    if (request.method !== 'POST') {
      response.setHeader('Content-Type', 'text/html').end(html);
      return;
    }
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      accept(Buffer.concat(pieces).toString()).then(
        (answer) => response.setHeader('Content-Type', 'application/sdp').end(answer),
        (error: unknown) => response.writeHead(422).end(String(error)),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
