/** Headless Chromium as the page's viewer and webcam. */

import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const EXECUTABLE = '/usr/bin/chromium';

/** Quiet and offline: no updates, no background traffic, no GPU. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Why the browser tests cannot run here; null when they can. */
export function chromiumMissing(): string | null {
  return existsSync(EXECUTABLE) ? null : `${EXECUTABLE} is not installed (Debian package chromium)`;
}

export interface ChromiumOptions {
  /**
   * `allowed`: a drawn camera with a beeping microphone, lent without asking. `denied`: the viewer refuses.
   * `none`: there is no device. Default `none`.
   */
  camera?: 'allowed' | 'denied' | 'none';
  /** Of the drawn camera, frames a second; the browser's own default is 20. */
  cameraRateHz?: number;
  /** A name that leads to this machine, for pages that must not count as local. */
  hostRule?: string;
}

export async function launchChromium({
  camera = 'none',
  cameraRateHz = 20,
  hostRule,
}: ChromiumOptions = {}): Promise<Browser> {
  const media =
    camera === 'none'
      ? []
      : [
          `--use-fake-device-for-media-stream=fps=${cameraRateHz}`,
          camera === 'allowed' ? '--use-fake-ui-for-media-stream' : '--use-fake-ui-for-media-stream=deny',
        ];
  const hosts = hostRule === undefined ? [] : [`--host-resolver-rules=MAP ${hostRule} 127.0.0.1`];
  return chromium.launch({ executablePath: EXECUTABLE, args: [...FLAGS, ...media, ...hosts] });
}
