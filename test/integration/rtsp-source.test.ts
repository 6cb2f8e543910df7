import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { UrlSource, type UrlSourceOptions } from '../../src/pipeline/ingest/url/url-source.ts';
import { secretUrl } from '../../src/pipeline/secret.ts';
import { makeCertificate } from '../../src/server/tls/self-signed.ts';
import { mediaSourceContract, RecordingSink } from '../contract/media-source.ts';
import { audioMinusVideoUs, beepTimesUs, flashTimesUs, skewsUs } from '../support/clips/flash-and-beep.ts';
import { listen } from '../support/listen.ts';
import { processAlive } from '../support/media-process/process-alive.ts';
import { type RtspServer, rtspAvailable, startRtspServer } from '../support/rtsp/rtsp-server.ts';

const unavailable = rtspAvailable();
if (unavailable !== null) console.log(`skipped: RTSP sources (${unavailable})`);

const quick = { firstMs: 200, maxMs: 400 };
/** Whoever is back before a minute is over was let in by a knock at its door. */
const patient = { firstMs: 120_000, maxMs: 120_000 };

/** An open source with its recording; closed after each test. */
class Viewer {
  readonly sink = new RecordingSink();
  readonly log: string[] = [];
  readonly source: UrlSource;

  constructor(url: string, options: Partial<UrlSourceOptions> = {}) {
    this.source = new UrlSource('camera', {
      url: secretUrl(url),
      backoff: quick,
      onLog: (line) => this.log.push(line),
      ...options,
    });
    this.source.open(this.sink);
  }

  get phases(): string[] {
    return this.sink.phases.map(({ phase }) => phase);
  }

  /** Waits for media of connection number `epoch`. */
  async live(epoch: number): Promise<void> {
    const has = (items: readonly { epoch: number }[]): boolean => items.some((item) => item.epoch === epoch);
    await this.sink.until((s) => has(s.frames) && has(s.chunks), `media of connection ${epoch}`);
  }

  async reconnecting(reason: string): Promise<void> {
    await this.sink.until(
      (s) => s.phases.some((phase) => phase.phase === 'reconnecting' && phase.reason === reason),
      `reconnecting for ${reason}`,
    );
  }

  /** Flash against beep through the reports, as the aligner ties them. */
  async skews(count: number): Promise<number[]> {
    const measure = (): number[] => {
      const { frames, chunks, reports } = this.sink;
      if (new Set(reports.map(({ track }) => track)).size < 2) return [];
      return skewsUs(flashTimesUs(frames), beepTimesUs(chunks), audioMinusVideoUs(reports));
    };
    await this.sink.until(() => measure().length >= count, `${count} flashes with their beeps`);
    return measure();
  }
}

/** Children of this process that are media children, by their command line. */
function mediaChildren(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
        return parent === process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('url-child');
      } catch {
        return false;
      }
    })
    .map(Number);
}

describe.skipIf(unavailable !== null)('UrlSource on an RTSP camera', () => {
  let camera: RtspServer;
  const viewers: Viewer[] = [];
  const view = (url: string, options?: Partial<UrlSourceOptions>): Viewer => {
    const viewer = new Viewer(url, options);
    viewers.push(viewer);
    return viewer;
  };

  beforeAll(async () => {
    camera = await startRtspServer();
  });
  afterAll(() => camera.stop());
  afterEach(async () => {
    await Promise.all(viewers.splice(0).map(({ source }) => source.close()));
    expect(mediaChildren()).toEqual([]);
  });

  mediaSourceContract('UrlSource on a camera', () =>
    Promise.resolve({ source: new UrlSource('camera', { url: secretUrl(camera.url) }) }),
  );

  it.each([
    ['anywhere', null],
    ['to named networks, through the relay', ['127.0.0.1']],
  ] as const)('plays RTSPS, %s', async (_where, networks) => {
    // A camera's TLS, its certificate its own as cameras have them.
    const front = createTlsServer(await makeCertificate([], Date.now()), (outer) => {
      const inner = connect(camera.port, '127.0.0.1');
      outer.on('error', () => inner.destroy()).pipe(inner);
      inner.on('error', () => outer.destroy()).pipe(outer);
    });
    const port = await listen(front, 0, '127.0.0.1');
    const viewer = view(`rtsps://user:sesame@127.0.0.1:${port}/camera`, { networks });
    await viewer.live(0);
    for (const skewUs of await viewer.skews(2)) expect(Math.abs(skewUs)).toBeLessThan(5_000);
    expect([...viewer.log, JSON.stringify(viewer.sink.phases)].join(' ')).not.toContain('sesame');
    await viewer.source.close();
    front.close();
    await once(front, 'close');
  });

  it('counts the packets that the network lost, and goes on', async () => {
    const lossy = await startRtspServer({ loseEvery: 40 });
    try {
      const viewer = view(lossy.url, { reading: { transport: 'udp' } });
      const lost = (): number =>
        viewer.sink.drops.reduce((sum, { reason, count }) => sum + (reason === 'packet-lost' ? count : 0), 0);
      await viewer.sink.until(() => lost() >= 2, 'lost packets counted');
      const seen = viewer.sink.frames.length;
      await viewer.sink.until((s) => s.frames.length > seen + 10, 'pictures after the loss');
      expect(viewer.phases).not.toContain('reconnecting');
    } finally {
      await lossy.stop();
    }
  });

  it('names the tracks and keeps picture and sound within 5 ms, at first and over five late joins', async () => {
    const first = view(camera.url);
    await first.live(0);
    expect(first.sink.infos.at(-1)).toEqual({
      sourceId: 'camera',
      epoch: 0,
      video: { codec: 'h264', width: 320, height: 240, frameRate: 30 },
      audio: { codec: 'pcm_alaw', rateHz: 8000, channels: 1 },
      timing: 'sender-reports',
    });
    const late: Viewer[] = [];
    for (let join = 0; join < 5; join++) {
      await sleep(300 + 137 * join);
      late.push(view(camera.url));
    }
    for (const [index, viewer] of [first, ...late].entries()) {
      const skews = await viewer.skews(3);
      console.log(
        `${index === 0 ? 'first join' : `late join ${index}`}: ${skews.map(Math.round).join(', ')} us`,
      );
      for (const skew of skews) expect(Math.abs(skew)).toBeLessThan(5000);
      // Through the reports, frames stand on an even 30 Hz grid: nothing jumps when a report arrives.
      const { frames, drops } = viewer.sink;
      const steps = frames.slice(1).map(({ ptsUs }, i) => ((ptsUs - frames[i]!.ptsUs) * 30) / 1e6);
      for (const step of steps) expect(Math.abs(step - Math.round(step))).toBeLessThan(0.03);
      // What is missing was passed over by a busy machine, and counted.
      const missing = steps.reduce((sum, step) => sum + Math.round(step) - 1, 0);
      const counted = drops.filter(({ reason }) => reason === 'pipe-full');
      expect(missing).toBeLessThanOrEqual(counted.reduce((sum, { count }) => sum + count, 0));
    }
  });

  it('takes RTP over UDP', async () => {
    const viewer = view(camera.url, { reading: { transport: 'udp' } });
    await viewer.live(0);
  });

  it('has a picture when its last packet is there, and does not wait for the next', async () => {
    const slow = await startRtspServer({ frameRate: 10, noisy: true });
    try {
      const viewer = view(slow.url);
      // The first seconds prove the sender.
      await viewer.sink.until((s) => s.frames.length >= 70, 'seventy frames');
      const waitsMs = viewer.sink.frames
        .slice(50)
        .map(({ arrivalUs, decodedUs }) => (decodedUs - arrivalUs) / 1000)
        .sort((a, b) => a - b);
      const medianMs = waitsMs[waitsMs.length >> 1]!;
      console.log(`decoded ${medianMs.toFixed(1)} ms after its last packet, at 100 ms a picture`);
      expect(medianMs).toBeGreaterThan(0);
      expect(medianMs).toBeLessThan(50);
    } finally {
      await slow.stop();
    }
  });

  it('caps 30 frames a second at 10, evenly', async () => {
    const viewer = view(camera.url, { reading: { maxRateHz: 10 } });
    await viewer.sink.until((s) => s.frames.length > 20, 'twenty frames');
    const times = viewer.sink.frames.map(({ ptsUs }) => ptsUs);
    for (const [i, ptsUs] of times.entries())
      if (i > 1) expect(Math.abs(ptsUs - times[i - 1]! - 100_000)).toBeLessThan(1000);
    expect(viewer.sink.drops.some(({ reason }) => reason === 'rate-cap')).toBe(true);
  });

  it('replaces a child that crashed', async () => {
    const viewer = view(camera.url);
    await viewer.live(0);
    const [pid] = mediaChildren();
    process.kill(pid!, 'SIGKILL');
    await viewer.reconnecting('source-crashed');
    await viewer.live(1);
    expect(viewer.phases).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
  });

  it('notices a child that hangs, and replaces it', async () => {
    const viewer = view(camera.url);
    await viewer.live(0);
    const [pid] = mediaChildren();
    process.kill(pid!, 'SIGSTOP');
    await viewer.reconnecting('source-crashed');
    expect(processAlive(pid!)).toBe(false);
    await viewer.live(1);
  });

  it('restarts at once when asked, once however often', async () => {
    const viewer = view(camera.url);
    await viewer.live(0);
    viewer.source.restart('audio stalled');
    expect(viewer.sink.phases.at(-1)).toMatchObject({
      phase: 'reconnecting',
      epoch: 1,
      reason: 'audio stalled',
      retryInMs: 0,
    });
    viewer.source.restart('audio stalled');
    await viewer.live(2);
    expect(mediaChildren()).toHaveLength(1);
    expect(viewer.sink.frames.some(({ epoch }) => epoch === 1)).toBe(false);
  });

  it.each([
    ['mjpeg', 'opus'],
    ['h264', 'aac'],
    ['h264', null],
    [null, 'pcma'],
  ] as const)('takes a camera with %s and %s', async (video, audio) => {
    const server = await startRtspServer({ video, audio });
    try {
      const { sink } = view(server.url);
      await sink.until(
        (s) => s.frames.length > (video ? 20 : -1) && s.chunks.length > (audio ? 20 : -1),
        'media',
      );
      const info = sink.infos.at(-1)!;
      expect(info.video?.codec ?? null).toBe(video);
      expect(info.audio?.codec ?? null).toBe(audio === 'pcma' ? 'pcm_alaw' : audio);
    } finally {
      await server.stop();
    }
  });

  it('knocks at the door of a camera that is absent, lives when it comes, and again after it was away', async () => {
    const first = await startRtspServer();
    await first.stop();
    const { port } = first;
    const viewer = view(first.url, { backoff: patient });
    await viewer.reconnecting('source-refused');
    expect(viewer.phases).not.toContain('failed');
    const second = await startRtspServer({ port });
    await viewer.sink.until((s) => s.frames.length > 0, 'the first frame');
    const before = viewer.sink.frames[0]!.epoch;
    await second.kill();
    await viewer.reconnecting('source-lost');
    const third = await startRtspServer({ port });
    await viewer.sink.until((s) => s.frames.some(({ epoch }) => epoch > before), 'frames again');
    await third.stop();
  });

  it('has the process of the next attempt stand by while it waits, and does without where that died', async () => {
    let server = await startRtspServer();
    const viewer = view(server.url, { backoff: patient });
    await viewer.live(0);
    const away = async (epoch: number): Promise<number> => {
      await server.kill();
      await viewer.sink.until(
        (s) => s.phases.some((phase) => 'epoch' in phase && phase.epoch === epoch),
        'loss',
      );
      await expect.poll(() => mediaChildren(), { timeout: 10_000 }).toHaveLength(1);
      return mediaChildren()[0]!;
    };
    const back = async (epoch: number): Promise<void> => {
      server = await startRtspServer({ port: server.port });
      await viewer.live(epoch);
    };
    try {
      const first = await away(1);
      await back(1);
      expect(mediaChildren()).toEqual([first]);
      const second = await away(2);
      process.kill(second, 'SIGKILL');
      await expect.poll(() => mediaChildren(), { timeout: 10_000 }).toEqual([]);
      expect(viewer.phases.at(-1)).toBe('reconnecting');
      await back(2);
      expect(viewer.phases.filter((phase) => phase === 'reconnecting')).toHaveLength(2);
    } finally {
      await server.stop();
    }
  });

  it('gives up a connection on which nothing comes, and knocks until the camera answers', async () => {
    const server = await startRtspServer();
    try {
      const viewer = view(server.url, { reading: { readTimeoutMs: 1500 }, backoff: patient });
      await viewer.live(0);
      server.freeze();
      await viewer.reconnecting('source-timeout');
      server.thaw();
      await viewer.sink.until((s) => s.frames.some(({ epoch }) => epoch > 0), 'frames again');
    } finally {
      await server.stop();
    }
  });

  describe('with a password', () => {
    const password = 'p@ss/w0rd:%x';
    let guarded: RtspServer;
    beforeAll(async () => {
      guarded = await startRtspServer({ user: 'admin', password });
    });
    afterAll(() => guarded.stop());
    const withUser = (secret: string): string =>
      guarded.url.replace('rtsp://', `rtsp://admin:${encodeURIComponent(secret)}@`);

    it('opens with percent-encoded credentials, and shows them nowhere, not even in the list of processes', async () => {
      const viewer = view(withUser(password));
      await viewer.live(0);
      const commandLines = mediaChildren().map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      const environments = mediaChildren().map((pid) => readFileSync(`/proc/${pid}/environ`, 'utf8'));
      expect(commandLines).toHaveLength(1);
      const shown = JSON.stringify([
        viewer.sink.phases,
        viewer.sink.infos,
        viewer.log,
        commandLines,
        environments,
      ]);
      for (const secret of [password, encodeURIComponent(password)]) expect(shown).not.toContain(secret);
    });

    it.each(['', 'wr0ng-s3cret'])(
      'says source-auth for the password "%s", and goes on trying',
      async (secret) => {
        const viewer = view(withUser(secret));
        await viewer.reconnecting('source-auth');
        await viewer.sink.until(
          (s) => s.phases.filter(({ phase }) => phase === 'reconnecting').length >= 2,
          'a second try',
        );
        if (secret !== '') expect(JSON.stringify([viewer.sink.phases, viewer.log])).not.toContain(secret);
      },
    );

    it('says source-not-found for another path', async () => {
      const viewer = view(withUser(password).replace('/camera', '/attic'));
      await viewer.reconnecting('source-not-found');
    });
  });

  it('closes within seconds while the camera hangs', async () => {
    const server = await startRtspServer();
    const viewer = view(server.url);
    await viewer.live(0);
    server.freeze();
    await sleep(300);
    const [pid] = mediaChildren();
    await viewer.source.close();
    expect(processAlive(pid!)).toBe(false);
    await server.stop();
  });
});
