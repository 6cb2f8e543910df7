/** The page of a server that asks for tokens: it asks, comes in, shows only what the token may do, and its policy holds. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashToken, newToken } from '../../src/server/access/token-hash.ts';
import { chromiumMissing, launchChromium } from '../support/browser/chromium.ts';
import { ServerProcess } from '../support/server-process.ts';

const missing = chromiumMissing();
if (missing !== null) console.log(`Skipped: the page and its token (${missing}).`);

describe.skipIf(missing !== null)('the page', () => {
  it('asks for a token, keeps it in the tab alone, and offers what it may do', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'earsight-page-token-'));
    const [viewer, admin] = [newToken(), newToken()];
    const entry = (name: string, token: string): object => ({ name, hash: hashToken(token), roles: [name] });
    const tokens = [entry('view', viewer), entry('admin', admin)];
    writeFileSync(join(folder, 'c.yaml'), JSON.stringify({ auth: { mode: 'tokens', tokens } }));
    await using server = await ServerProcess.serve(['--config', join(folder, 'c.yaml')]);
    const browser = await launchChromium();
    try {
      const context = await browser.newContext();
      const page = await context.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error' && !message.text().includes('Failed to load'))
          errors.push(message.text());
      });
      await page.goto(server.url);
      const field = page.getByLabel('Token');
      await field.fill('wrong');
      await page.getByRole('button', { name: 'Enter' }).click();
      await page.getByText('The token is not one of this server.').waitFor();
      await field.fill(viewer);
      await page.getByRole('button', { name: 'Enter' }).click();
      await page.locator('canvas[data-stream="demo"][data-role="heat"][data-sequence]').waitFor();
      expect(await page.getByRole('button', { name: 'Add camera' }).count()).toBe(0);
      expect(await page.getByRole('button', { name: 'Remove' }).count()).toBe(0);

      const opening = context.waitForEvent('page');
      await page.getByRole('button', { name: 'Snapshot' }).click();
      const tab = await opening;
      await tab.waitForURL(/^blob:/);
      await tab.close();

      await page.reload();
      await page.locator('canvas[data-stream="demo"][data-role="heat"][data-sequence]').waitFor();
      expect(page.url()).not.toContain(viewer);
      expect(await page.evaluate('Object.keys(localStorage).join()')).not.toContain('token');

      const other = await context.newPage();
      await other.goto(server.url);
      await other.getByLabel('Token').fill(admin);
      await other.getByLabel('Token').press('Enter');
      await other.getByRole('button', { name: 'Add camera' }).waitFor();
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
      rmSync(folder, { recursive: true });
    }
  });
});
