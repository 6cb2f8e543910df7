/** Metrics: names, units, labels, and that a removed stream leaves no series. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { memoryParts } from '../../src/server/metrics/memory-parts.ts';
import { Metrics } from '../../src/server/metrics/metrics.ts';
import { exampleResult } from '../support/server-fakes.ts';

const info = (id: string, state: 'live' | 'failed') => ({
  id,
  name: id,
  kind: 'url' as const,
  state,
  reason: null,
  detail: null,
  sinceWallMs: 0,
  tracks: { video: true, audio: true },
  picture: null,
});

function feed(metrics: Metrics, id: string): void {
  metrics.streamChanged(info(id, 'live'));
  metrics.frameReceived(id, 1000);
  metrics.audioReceived(id, 441);
  metrics.dropped(id, 'superseded', 3);
  metrics.packetsLost(id, 6);
  metrics.windowFilled(id, 0.98);
  metrics.dropped(id, 'rate-cap', 2);
  metrics.result(exampleResult(id).message);
  metrics.restarted(id, 'source-lost');
  metrics.clock(id, 12_500, 800, ['wrong-wall-clock']);
  metrics.fanOut.dropped(id, 'slow-subscriber', 4);
  metrics.fanOut.previewFailed(id, new Error('x'));
  metrics.fanOut.encodingFailed(id, new Error('x'));
}

describe('Metrics', () => {
  it('counts in base units under one prefix', async () => {
    const metrics = new Metrics();
    feed(metrics, 'door');
    metrics.batch(2);
    metrics.requestLimited('whip-post-address');
    metrics.fanOut.subscribers(5);
    metrics.fanOut.sent('heatmap', 1200);
    const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines.every((line) => line.startsWith('earsight_'))).toBe(true);
    for (const line of [
      'earsight_frames_received_total{source="door"} 1',
      'earsight_frame_bytes_received_total{source="door"} 1000',
      'earsight_audio_samples_received_total{source="door"} 441',
      'earsight_frames_dropped_total{source="door",reason="superseded"} 3',
      'earsight_frames_dropped_total{source="door",reason="rate-cap"} 2',
      'earsight_results_total{source="door",alignment="aligned"} 1',
      'earsight_source_restarts_total{source="door",reason="source-lost"} 1',
      'earsight_av_skew_seconds{source="door"} 0.0125',
      'earsight_sender_report_age_seconds{source="door"} 0.8',
      'earsight_clock_fault{source="door",fault="wrong-wall-clock"} 1',
      'earsight_clock_fault{source="door",fault="no-reports"} 0',
      'earsight_source_up{source="door"} 1',
      'earsight_source_state{source="door",state="live"} 1',
      'earsight_source_state{source="door",state="failed"} 0',
      'earsight_capture_to_send_seconds_sum{source="door"} 0.05',
      'earsight_stage_duration_seconds_sum{stage="align"} 0.002',
      'earsight_queue_wait_seconds_sum 0.003',
      'earsight_inference_duration_seconds_sum 0.004',
      'earsight_batch_size_sum 2',
      'earsight_requests_limited_total{reason="whip-post-address"} 1',
      'earsight_rtp_packets_lost_total{source="door"} 6',
      'earsight_window_fill_ratio_bucket{le="0.95",source="door"} 0',
      'earsight_window_fill_ratio_bucket{le="0.99",source="door"} 1',
      'earsight_window_fill_ratio_sum{source="door"} 0.98',
      'earsight_subscribers 5',
      'earsight_messages_sent_total{kind="heatmap"} 1',
      'earsight_sent_bytes_total{kind="heatmap"} 1200',
      'earsight_messages_dropped_total{source="door",reason="slow-subscriber"} 4',
      'earsight_previews_failed_total{source="door"} 1',
      'earsight_encodings_failed_total{source="door"} 1',
    ]) {
      expect(lines).toContain(line);
    }
  });

  it('says down when a source is, and nothing of a skew it does not know', async () => {
    const metrics = new Metrics();
    feed(metrics, 'door');
    metrics.streamChanged(info('door', 'failed'));
    metrics.clock('door', null, null, ['no-reports']);
    const text = await metrics.text();
    expect(text).toContain('earsight_source_up{source="door"} 0');
    expect(text).toContain('earsight_source_state{source="door",state="failed"} 1');
    expect(text).toContain('earsight_clock_fault{source="door",fault="no-reports"} 1');
    expect(text).not.toContain('earsight_av_skew_seconds{');
    expect(text).not.toContain('earsight_sender_report_age_seconds{');
  });

  it('forgets a removed stream and keeps the others', async () => {
    const metrics = new Metrics();
    feed(metrics, 'door');
    feed(metrics, 'yard');
    metrics.streamRemoved('door');
    const text = await metrics.text();
    expect(text).not.toContain('"door"');
    expect(text.match(/source="yard"/g)?.length).toBeGreaterThan(20);
    feed(metrics, 'door');
    expect(await metrics.text()).toContain('earsight_frames_received_total{source="door"} 1');
  });

  it('keeps servers of one process apart', async () => {
    const [first, second] = [new Metrics(), new Metrics()];
    feed(first, 'door');
    first.collectProcess();
    expect(await second.text()).not.toContain('"door"');
    expect(await first.text()).toContain('process_resident_memory_bytes');
  });

  it('asks the server at each scrape', async () => {
    const metrics = new Metrics();
    let live = 2;
    let expiryMs = 1_800_000_000_500;
    let waiting = ['engine.workers', 'server.port'];
    metrics.collectServer({
      version: '1.2',
      model: 'tiny',
      engine: 'cpu',
      isReady: () => live === 2,
      workers: () => ({ live, all: 2 }),
      queuedBytes: () => 77,
      isKept: () => true,
      certificateExpiryMs: () => expiryMs,
      waitsForRestart: () => waiting,
    });
    metrics.engineRestarted();
    const first = await metrics.text();
    expect(first).toContain('earsight_info{version="1.2",model="tiny",engine="cpu"} 1');
    expect(first).toContain('earsight_ready 1');
    expect(first).toContain('earsight_subscriber_queue_bytes 77');
    expect(first).toContain('earsight_engine_restarts_total 1');
    expect(first).toContain('earsight_tls_certificate_expiry_timestamp_seconds 1800000000.5');
    expect(first).toContain('earsight_config_waits_for_restart{setting="engine.workers"} 1');
    live = 1;
    waiting = ['server.port'];
    expiryMs += 86_400_000;
    const second = await metrics.text();
    expect(second).toContain('earsight_ready 0');
    expect(second.match(/^earsight_config_waits_for_restart.*$/gm)).toEqual([
      'earsight_config_waits_for_restart{setting="server.port"} 1',
    ]);
    expect(second).toContain('earsight_engine_workers{state="lost"} 1');
    expect(second).toContain('earsight_tls_certificate_expiry_timestamp_seconds 1800086400.5');
  });

  it('tells of no certificate where there is none', async () => {
    const metrics = new Metrics();
    metrics.collectServer({
      version: '1',
      model: 'tiny',
      engine: 'cpu',
      isReady: () => true,
      workers: () => ({ live: 1, all: 1 }),
      queuedBytes: () => 0,
      isKept: () => true,
      certificateExpiryMs: () => null,
      waitsForRestart: () => [],
    });
    expect(await metrics.text()).not.toContain('certificate');
  });

  it.skipIf(process.platform !== 'linux')('tells memory by part, children apart', async () => {
    const before = memoryParts();
    const child = spawn(
      process.execPath,
      ['-e', 'globalThis.b = Buffer.alloc(8e7, 1); console.log(1); setInterval(() => 0, 1e6)'],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    try {
      await once(child.stdout, 'data');
      const parts = memoryParts();
      expect(Object.keys(parts)).toEqual(['heap', 'buffers', 'other', 'media_processes']);
      expect((parts['media_processes'] ?? 0) - (before['media_processes'] ?? 0)).toBeGreaterThan(8e7);
      for (const part of ['heap', 'buffers']) expect(parts[part], part).toBeGreaterThan(0);
      expect(parts['other']).toBeGreaterThanOrEqual(0);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
});
