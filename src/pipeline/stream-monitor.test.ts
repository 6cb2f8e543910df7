import { describe, expect, it } from 'vitest';
import { StreamMonitor } from './stream-monitor.ts';
import type { TracksInfo } from './types.ts';

const S = 1_000_000;
const tracks = (video: boolean, audio: boolean): TracksInfo => ({
  sourceId: 'cam',
  epoch: 0,
  video: video ? { codec: 'h264', width: 640, height: 480, frameRate: 30 } : null,
  audio: audio ? { codec: 'pcm_alaw', rateHz: 8000, channels: 1 } : null,
  timing: 'sender-reports',
});

/** A monitor connected at second 0 that got media from `from` to `to` seconds at 10 Hz. */
const fed = (options: {
  video?: [number, number];
  audio?: [number, number];
  has?: [boolean, boolean];
}): StreamMonitor => {
  const monitor = new StreamMonitor({ stallMs: 2500 });
  monitor.phase({ phase: 'connected', epoch: 0 }, 0);
  monitor.tracks(tracks(...(options.has ?? [true, true])));
  const feed = (range: [number, number] | undefined, one: (us: number) => void): void => {
    if (range) for (let us = range[0] * S; us <= range[1] * S; us += S / 10) one(us);
  };
  feed(options.video, (us) => monitor.frame(us));
  feed(options.audio, (us) => monitor.audio(us));
  return monitor;
};

describe('StreamMonitor', () => {
  it('says connecting until the first attempt is over, reconnecting from then on', () => {
    const monitor = new StreamMonitor({ stallMs: 2500 });
    expect(monitor.judge(0)).toMatchObject({ state: 'connecting' });
    const refused = {
      phase: 'reconnecting',
      epoch: 0,
      reason: 'source-refused',
      detail: 'x',
      retryInMs: 500,
    } as const;
    monitor.phase(refused, 1 * S);
    expect(monitor.judge(1 * S)).toMatchObject({ state: 'reconnecting', reason: 'source-refused' });
    monitor.phase({ phase: 'connecting', epoch: 1, detail: null }, 1.5 * S);
    expect(monitor.judge(1.5 * S)).toMatchObject({ state: 'reconnecting', reason: 'connecting' });
    monitor.phase({ phase: 'connected', epoch: 1 }, 2 * S);
    monitor.phase(refused, 3 * S);
    expect(monitor.judge(3 * S)).toMatchObject({ state: 'reconnecting', reason: 'source-refused' });
  });

  it.each([
    { name: 'both tracks', feed: { video: [0, 9], audio: [0, 9] }, at: 9, state: 'live', reason: null },
    {
      name: 'no audio track',
      feed: { video: [0, 1], has: [true, false] },
      at: 1,
      state: 'degraded',
      reason: 'no-audio',
    },
    { name: 'audio not yet there', feed: { video: [0, 1] }, at: 1, state: 'connecting', reason: 'no-audio' },
    {
      name: 'audio lost',
      feed: { video: [0, 9], audio: [0, 5] },
      at: 9,
      state: 'degraded',
      reason: 'no-audio',
    },
    {
      name: 'video lost',
      feed: { video: [0, 5], audio: [0, 9] },
      at: 9,
      state: 'degraded',
      reason: 'no-video',
    },
    {
      name: 'no video track',
      feed: { audio: [0, 1], has: [false, true] },
      at: 1,
      state: 'degraded',
      reason: 'no-video',
    },
    { name: 'nothing yet', feed: {}, at: 1, state: 'connecting', reason: 'no-media' },
    {
      name: 'everything stopped',
      feed: { video: [0, 5], audio: [0, 5] },
      at: 9,
      state: 'stalled',
      reason: 'no-media',
    },
  ] as const)('judges $name', ({ feed, at, state, reason }) => {
    const copy = feed as Parameters<typeof fed>[0];
    expect(fed(copy).judge(at * S)).toMatchObject({ state, reason });
  });

  it('asks once per connection for a restart when the picture stays away', () => {
    const monitor = fed({ video: [0, 5], audio: [0, 20] });
    expect(monitor.takeRestart(9 * S)).toBeNull();
    expect(monitor.takeRestart(11 * S)).toBe('video-stalled');
    expect(monitor.takeRestart(12 * S)).toBeNull();
    monitor.phase({ phase: 'connected', epoch: 1 }, 20 * S);
    expect(monitor.takeRestart(24 * S)).toBeNull();
    expect(monitor.takeRestart(26 * S)).toBe('stalled');
  });

  it('never asks a restart for lost sound alone', () => {
    expect(fed({ video: [0, 60], audio: [0, 5] }).takeRestart(60 * S)).toBeNull();
  });

  it('gives a slow camera four of its own frame intervals', () => {
    const monitor = new StreamMonitor({ stallMs: 2500 });
    monitor.phase({ phase: 'connected', epoch: 0 }, 0);
    for (let us = 0; us <= 200 * S; us += 2 * S) {
      monitor.frame(us);
      monitor.audio(us);
    }
    expect(monitor.judge(206 * S).state).toBe('live');
    expect(monitor.judge(209 * S).state).toBe('stalled');
  });

  it('forgets the media of the last connection', () => {
    const monitor = fed({ video: [0, 5], audio: [0, 5] });
    monitor.phase(
      { phase: 'reconnecting', epoch: 0, reason: 'source-lost', detail: 'x', retryInMs: 0 },
      5 * S,
    );
    monitor.phase({ phase: 'connected', epoch: 1 }, 5.1 * S);
    expect(monitor.judge(5.2 * S)).toMatchObject({
      state: 'connecting',
      tracks: { video: false, audio: false },
    });
  });
});
