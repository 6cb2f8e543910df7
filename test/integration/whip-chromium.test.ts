import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { WhipSource } from '../../src/pipeline/ingest/whip/whip-source.ts';
import type { AudioChunk, SenderReport, VideoFrame } from '../../src/pipeline/types.ts';
import { RecordingSink } from '../contract/media-source.ts';
import {
  type CapturedTruth,
  ChromiumPublisher,
  chromiumMissing,
} from '../support/webrtc/chromium-publisher.ts';

if (chromiumMissing !== null) console.log(`Skipped: Chromium as webcam (${chromiumMissing}).`);

/** The project's bound for sound against picture through WebRTC. */
const MAX_SKEW_MS = 25;

describe.skipIf(chromiumMissing !== null)('Chromium publishes', () => {
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function begin(): Promise<{ sink: RecordingSink; publisher: ChromiumPublisher }> {
    const source = new WhipSource({ id: 'webcam' });
    const sink = new RecordingSink();
    source.open(sink);
    closers.push(() => source.close());
    const publisher = await ChromiumPublisher.start(
      async (offer) => (await source.accept(hideHosts(offer))).answerSdp,
    );
    closers.push(() => publisher.close());
    return { sink, publisher };
  }

  it.each(['VP8', 'H264'] as const)(
    '%s and Opus, sound and picture together as the page captured them',
    async (codec) => {
      const { sink, publisher } = await begin();
      const offer = await publisher.publish(codec);
      if (offer === null) {
        console.log(`Skipped: this Chromium does not encode ${codec}.`);
        return;
      }
      await sink.until(
        (s) => s.reports.some((r) => r.track === 'audio') && s.reports.some((r) => r.track === 'video'),
        'both sender reports',
      );
      await sleep(6_000);
      expect(sink.infos[0]).toMatchObject({
        video: { codec, width: 640, height: 480 },
        audio: { codec: 'opus', rateHz: 48_000, channels: 2 },
        timing: 'sender-reports',
      });
      const errors = skewErrorsMs(sink, await publisher.truth());
      const figures = await publisher.figures();
      console.log(
        `${codec}: A/V error ms ${errors.map((e) => e.toFixed(1)).join(' ')}; ${JSON.stringify(figures)}`,
      );
      expect(errors.length).toBeGreaterThanOrEqual(4);
      expect(Math.abs(median(errors))).toBeLessThan(MAX_SKEW_MS);
      expect(sink.drops.filter(({ reason }) => reason === 'decode-error')).toEqual([]);
    },
  );

  it('changes its picture size without a break', async () => {
    const { sink, publisher } = await begin();
    await publisher.publish('VP8', { width: 320, height: 240 });
    await sink.until((s) => s.frames.some((f) => f.width === 320 && f.height === 240), 'the first size');
    await publisher.resize(480, 360);
    await sink.until((s) => s.frames.some((f) => f.width === 480 && f.height === 360), 'the second size');
    const at = sink.infos.findIndex((info) => info.video?.width === 480);
    expect(at).toBeGreaterThan(0);
    expect(sink.phases.filter(({ phase }) => phase === 'connected')).toHaveLength(1);
  });

  it('is told lost when the browser dies', async () => {
    const { sink, publisher } = await begin();
    await publisher.publish('VP8');
    await sink.until((s) => s.frames.length > 5, 'pictures');
    await publisher.close();
    await sink.until((s) => s.phases.at(-1)?.phase === 'reconnecting', 'the loss');
    expect(sink.phases.at(-1)).toMatchObject({
      reason: expect.stringMatching(/^publisher-(left|lost)$/),
      retryInMs: 0,
    });
  });
});

/**
 * What a desktop browser offers: `.local` names for its addresses. Chromium does it by itself only where it can
 * answer multicast, which a container cannot; hidden here, they can't help the server either way.
 */
function hideHosts(offer: string): string {
  return offer.replace(
    /^(a=candidate:\S+ \d+ \S+ \d+ )\S+/gm,
    '$1d3b0ac4e-31a6-4c59-b5a5-1f0f2a5f1e11.local',
  );
}

/** (sound minus picture) here less (sound minus picture) in the page, for each flash with its beep, in ms. */
function skewErrorsMs(sink: RecordingSink, truth: CapturedTruth): number[] {
  const flashes = onsetsOfLight(sink.frames, lastReport(sink.reports, 'video'));
  const beeps = onsetsOfSound(sink.chunks, lastReport(sink.reports, 'audio'));
  return truth.flashes.flatMap((flash) => {
    const beep = nearest(truth.beeps, flash, 300);
    const seen = nearest(flashes, flash, 300);
    const heard = beep === null ? null : nearest(beeps, beep, 300);
    return beep === null || seen === null || heard === null ? [] : [heard - seen - (beep - flash)];
  });
}

function lastReport(reports: readonly SenderReport[], track: 'audio' | 'video'): SenderReport {
  return reports.findLast((report) => report.track === track)!;
}

const wallMs = (ptsUs: number, report: SenderReport): number =>
  (report.senderWallUs + ptsUs - report.ptsUs) / 1000;

function onsetsOfLight(frames: readonly VideoFrame[], report: SenderReport): number[] {
  const bright = (frame: VideoFrame): boolean => frame.data[frame.width * 100 + 100]! > 128;
  return frames.flatMap((frame, i) =>
    i > 0 && bright(frame) && !bright(frames[i - 1]!) ? [wallMs(frame.ptsUs, report)] : [],
  );
}

function onsetsOfSound(chunks: readonly AudioChunk[], report: SenderReport): number[] {
  const onsets: number[] = [];
  let quietFor = 0;
  for (const { ptsUs, rateHz, samples } of chunks) {
    samples.forEach((sample, i) => {
      if (Math.abs(sample) < 0.05) quietFor++;
      else {
        if (quietFor > rateHz / 4) onsets.push(wallMs(ptsUs + (i * 1e6) / rateHz, report));
        quietFor = 0;
      }
    });
  }
  return onsets;
}

function nearest(times: readonly number[], time: number, within: number): number | null {
  const distance = (t: number): number => Math.abs(t - time);
  const [best] = [...times].sort((a, b) => distance(a) - distance(b));
  return best !== undefined && distance(best) <= within ? best : null;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
