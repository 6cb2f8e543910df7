/** `earsight probe` against a real camera, as a person runs it. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { rtspAvailable, startRtspServer } from '../support/rtsp/rtsp-server.ts';

const unavailable = rtspAvailable();
if (unavailable !== null) console.log(`Skipped: probing RTSP sources (${unavailable}).`);

const main = fileURLToPath(new URL('../../src/server/main.ts', import.meta.url));
const run = promisify(execFile);
const probe = async (...args: string[]): Promise<{ code: number; text: string }> => {
  try {
    const { stdout, stderr } = await run(process.execPath, [main, 'probe', ...args]);
    return { code: 0, text: stdout + stderr };
  } catch (thrown) {
    const { code, stdout, stderr } = thrown as { code: number; stdout: string; stderr: string };
    return { code, text: stdout + stderr };
  }
};

describe.skipIf(unavailable !== null)('earsight probe', () => {
  it('tells tracks, rates and sender reports of a camera', async () => {
    const camera = await startRtspServer({ frameRate: 25 });
    try {
      const { code, text } = await probe(camera.url, '--seconds', '7');
      expect(code).toBe(0);
      expect(text).toMatch(/h264/);
      expect(text).toMatch(/320\s*x\s*240/);
      expect(text).toMatch(/2[45](\.\d+)?/);
      expect(text).toMatch(/8000|8 kHz/);
      expect(text).toMatch(/report/i);
    } finally {
      await camera.stop();
    }
  });

  it('says why nothing came, without the password', async () => {
    const absent = await startRtspServer();
    await absent.stop();
    const { code, text } = await probe(
      absent.url.replace('rtsp://', 'rtsp://root:hunter2@'),
      '--seconds',
      '2',
    );
    expect(code).toBe(1);
    expect(text).toMatch(/refused/i);
    expect(text).not.toContain('hunter2');
  });
});
