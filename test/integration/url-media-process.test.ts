import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  MediaProcess,
  type MediaProcessExit,
  type MediaProcessOptions,
} from '../../src/pipeline/ingest/process/media-process.ts';
import type { AudioChunk, IngestDrop, VideoFrame } from '../../src/pipeline/types.ts';
import { processAlive } from '../support/media-process/process-alive.ts';
import type { TrialCommand, TrialEvent } from '../support/media-process/trial-child.ts';

const patience = { timeout: 20_000, interval: 20 };

class Trial {
  readonly frames: VideoFrame[] = [];
  readonly audio: AudioChunk[] = [];
  readonly drops: IngestDrop[] = [];
  readonly events: TrialEvent[] = [];
  readonly exits: MediaProcessExit[] = [];
  readonly log: string[] = [];
  readonly child: MediaProcess<TrialCommand, TrialEvent>;

  constructor(options: Partial<MediaProcessOptions<TrialEvent>> = {}) {
    this.child = new MediaProcess<TrialCommand, TrialEvent>({
      entry: new URL('../support/media-process/trial-child.ts', import.meta.url),
      sourceId: 'trial',
      epoch: 4,
      media: {
        frame: (frame) => this.frames.push(frame),
        audio: (chunk) => this.audio.push(chunk),
        report: () => undefined,
        tracks: () => undefined,
        drop: (drop) => this.drops.push(drop),
      },
      onEvent: (event) => this.events.push(event),
      onExit: (exit) => this.exits.push(exit),
      onLog: (line) => this.log.push(line),
      redact: (text) => text.replaceAll('hunter2', '***'),
      ...options,
    });
  }

  get done(): boolean {
    return this.events.some((event) => 'done' in event);
  }
}

const trials: Trial[] = [];
function start(options?: Partial<MediaProcessOptions<TrialEvent>>): Trial {
  const trial = new Trial(options);
  trials.push(trial);
  return trial;
}

afterEach(async () => {
  await Promise.all(trials.splice(0).map((trial) => trial.child.close()));
});

describe('MediaProcess', () => {
  it('carries pictures and sound, stamped with source and epoch', async () => {
    const trial = start();
    trial.child.send({ do: 'frames', count: 3, width: 64, height: 48, lossless: false });
    trial.child.send({ do: 'audio', samples: [0.5, -0.25] });
    await vi.waitFor(() => expect(trial.audio).toHaveLength(1), patience);
    expect(trial.frames.map(({ ptsUs }) => ptsUs)).toEqual([0, 1, 2]);
    expect(trial.frames[2]).toMatchObject({ sourceId: 'trial', epoch: 4, width: 64, height: 48 });
    expect(trial.frames[2]!.data).toEqual(new Uint8Array(64 * 48 * 1.5).fill(2));
    expect(trial.frames[2]!.data.buffer.byteLength).toBe(64 * 48 * 1.5);
    expect(trial.audio[0]).toEqual({
      sourceId: 'trial',
      epoch: 4,
      ptsUs: 7,
      arrivalUs: 8,
      rateHz: 22_050,
      samples: Float32Array.from([0.5, -0.25]),
    });
  });

  it('keeps the environment and the command line free of secrets', async () => {
    process.env['EARSIGHT_TRIAL_SECRET'] = 'hunter2';
    const trial = start();
    trial.child.send({ do: 'environment' });
    await vi.waitFor(() => expect(trial.events).toHaveLength(1), patience);
    delete process.env['EARSIGHT_TRIAL_SECRET'];
    expect(JSON.stringify(trial.events)).not.toContain('hunter2');
    expect(trial.events[0]).toMatchObject({ environment: { UV_THREADPOOL_SIZE: '16' } });
  });

  it('drops the older pictures when the parent does not read, keeps the newest, and counts', async () => {
    const trial = start();
    trial.child.pause();
    const count = 100;
    trial.child.send({ do: 'frames', count, width: 640, height: 480, lossless: false });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    trial.child.resume();
    await vi.waitFor(() => expect(trial.drops.length).toBeGreaterThan(0), patience);
    const dropped = trial.drops.reduce((sum, drop) => sum + drop.count, 0);
    expect(trial.drops[0]).toMatchObject({ sourceId: 'trial', what: 'frame', reason: 'pipe-full' });
    expect(trial.frames.length + dropped).toBe(count);
    expect(trial.frames.length).toBeLessThan(20);
    expect(trial.frames.at(-1)!.ptsUs).toBe(count - 1);
  });

  it('loses nothing where the child is lossless, however slowly the parent reads', async () => {
    const trial = start();
    trial.child.send({ do: 'frames', count: 60, width: 640, height: 480, lossless: true });
    for (let i = 0; i < 10 && !trial.done; i++) {
      trial.child.pause();
      await new Promise((resolve) => setTimeout(resolve, 50));
      trial.child.resume();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await vi.waitFor(() => expect(trial.done).toBe(true), patience);
    expect(trial.frames.map(({ ptsUs }) => ptsUs)).toEqual(Array.from({ length: 60 }, (_, i) => i));
    expect(trial.drops).toEqual([]);
  });

  it('tells an orderly end, with the last counts', async () => {
    const trial = start();
    trial.child.send({ do: 'end' });
    await vi.waitFor(() => expect(trial.exits).toHaveLength(1), patience);
    expect(trial.exits[0]!.cause).toBe('closed');
    expect(trial.drops).toEqual([{ sourceId: 'trial', what: 'frame', reason: 'rate-cap', count: 7 }]);
  });

  it('tells a crash with the last words, redacted', async () => {
    const trial = start();
    trial.child.send({ do: 'throw', text: 'cannot open rtsp://root:hunter2@camera' });
    await vi.waitFor(() => expect(trial.exits).toHaveLength(1), patience);
    expect(trial.exits[0]!.cause).toBe('crashed');
    expect(trial.exits[0]!.log.join('\n')).toContain('rtsp://root:***@camera');
    expect(JSON.stringify([trial.exits, trial.log])).not.toContain('hunter2');
  });

  it.each(['SIGKILL', 'SIGSEGV'] as const)('tells a death by %s as a crash', async (signal) => {
    const trial = start();
    trial.child.send({ do: 'frames', count: 1, width: 64, height: 48, lossless: false });
    await vi.waitFor(() => expect(trial.done).toBe(true), patience);
    process.kill(trial.child.pid!, signal);
    await vi.waitFor(() => expect(trial.exits).toHaveLength(1), patience);
    expect(trial.exits[0]).toMatchObject({
      cause: 'crashed',
      detail: expect.stringContaining(signal) as string,
    });
  });

  it.each(['block', 'stop'] as const)(
    'notices a child that does not answer (%s) and removes it',
    async (how) => {
      const trial = start({ pingMs: 50, maxUnanswered: 10, graceMs: 100 });
      trial.child.send({ do: 'frames', count: 1, width: 64, height: 48, lossless: false });
      await vi.waitFor(() => expect(trial.done).toBe(true), patience);
      if (how === 'stop') process.kill(trial.child.pid!, 'SIGSTOP');
      else trial.child.send({ do: 'block' });
      await vi.waitFor(() => expect(trial.exits).toHaveLength(1), patience);
      expect(trial.exits[0]!.cause).toBe('unresponsive');
      expect(processAlive(trial.child.pid!)).toBe(false);
    },
  );

  it('waits longer for a child that starts than for one that runs', async () => {
    // No child starts within 40 ms.
    const trial = start({ pingMs: 20, maxUnanswered: 2 });
    trial.child.send({ do: 'audio', samples: [0.5] });
    await vi.waitFor(() => expect(trial.audio).toHaveLength(1), patience);
    const stopped = start({ pingMs: 20, maxUnanswered: 2, startMs: 500, graceMs: 100 });
    process.kill(stopped.child.pid!, 'SIGSTOP');
    await vi.waitFor(() => expect(stopped.exits).toHaveLength(1), patience);
    expect(stopped.exits[0]!.cause).toBe('unresponsive');
  });

  it('ends a child that speaks nonsense', async () => {
    const trial = start();
    trial.child.send({ do: 'nonsense' });
    await vi.waitFor(() => expect(trial.exits).toHaveLength(1), patience);
    expect(trial.exits[0]).toMatchObject({
      cause: 'crashed',
      detail: expect.stringContaining('64x64') as string,
    });
    expect(trial.frames).toEqual([]);
  });

  it('tells that a child could not start', async () => {
    const trial = start({ entry: new URL('../support/media-process/absent.ts', import.meta.url) });
    await vi.waitFor(() => expect(trial.exits).toHaveLength(1), patience);
    expect(trial.exits[0]!.cause).toBe('crashed');
  });

  it('after close nothing is delivered and no process is left, even a blocked one', async () => {
    const trial = start({ graceMs: 100 });
    trial.child.send({ do: 'frames', count: 1, width: 64, height: 48, lossless: false });
    await vi.waitFor(() => expect(trial.done).toBe(true), patience);
    trial.child.send({ do: 'block' });
    await Promise.all([trial.child.close(), trial.child.close()]);
    expect(processAlive(trial.child.pid!)).toBe(false);
    expect(trial.exits).toEqual([]);
  });

  it('leaves no orphan when the parent is killed', async () => {
    const { parent, childPid } = await startParent('stay');
    expect(processAlive(childPid)).toBe(true);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(processAlive(childPid)).toBe(false), patience);
  });

  it('leaves no timer and no handle: a parent that closed its child ends by itself', async () => {
    const { parent, childPid } = await startParent('close');
    const [code] = (await once(parent, 'exit')) as [number];
    expect(code).toBe(0);
    expect(processAlive(childPid)).toBe(false);
  });
});

async function startParent(what: 'stay' | 'close'): Promise<{ parent: ChildProcess; childPid: number }> {
  const path = fileURLToPath(new URL('../support/media-process/trial-parent.ts', import.meta.url));
  const parent = spawn(process.execPath, [path, what], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  return { parent, childPid: Number(line.toString()) };
}
