import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeUrl } from '../../src/pipeline/ingest/url/probe-url.ts';
import { type RtspServer, rtspAvailable, startRtspServer } from '../support/rtsp/rtsp-server.ts';

const unavailable = rtspAvailable();
if (unavailable !== null) console.log(`skipped: probing RTSP sources (${unavailable})`);

describe.skipIf(unavailable !== null)('probeUrl', () => {
  let camera: RtspServer;
  beforeAll(async () => {
    camera = await startRtspServer({ frameRate: 25 });
  });
  afterAll(() => camera.stop());

  it('measures a camera', async () => {
    const result = await probeUrl(camera.url, { seconds: 6 });
    expect(result).toMatchObject({
      reached: true,
      problem: null,
      tracks: {
        video: { codec: 'h264' },
        audio: { codec: 'pcm_alaw', rateHz: 8000 },
        timing: 'sender-reports',
      },
      video: { width: 320, height: 240 },
      senderReports: { audio: true, video: true },
      suggestions: [],
    });
    expect(result.video!.frameRate).toBeCloseTo(25, 1);
    expect(result.audio!.seconds).toBeGreaterThan(5);
    expect(result.audio!.gaps).toBe(0);
    expect(Math.abs(result.arrivalSkewMs!)).toBeLessThan(1000);
    expect(result.senderReports!.ageMs).toBeGreaterThanOrEqual(0);
  });

  it('says what is missing and how to mend it', async () => {
    const silent = await startRtspServer({ audio: null, frameRate: 5 });
    const result = await probeUrl(silent.url, { seconds: 2 });
    await silent.stop();
    expect(result.audio).toBeNull();
    expect(result.suggestions.join(' ')).toMatch(/No sound came.*Few pictures/);
  });

  it('says why nothing came', async () => {
    const absent = await startRtspServer();
    await absent.stop();
    const result = await probeUrl(absent.url.replace('rtsp://', 'rtsp://root:hunter2@'));
    expect(result).toMatchObject({
      reached: false,
      problem: { reason: 'source-refused' },
      video: null,
      audio: null,
    });
    expect(JSON.stringify(result)).not.toContain('hunter2');
  });
});
