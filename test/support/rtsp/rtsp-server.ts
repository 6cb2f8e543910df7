/** Starts and troubles the gst-rtsp-server camera of the tests. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const python = '/usr/bin/python3';
const script = fileURLToPath(new URL('./camera.py', import.meta.url));

export interface RtspServerOptions {
  /** Path of the stream; `/camera` unless told. */
  mount?: string;
  video?: 'h264' | 'h265' | 'mjpeg' | null;
  /** PCMA is 8 kHz; AAC and Opus 48 kHz. */
  audio?: 'pcma' | 'aac' | 'opus' | null;
  width?: number;
  height?: number;
  frameRate?: number;
  /** The dark pictures are noise, so that each takes several RTP packets. */
  noisy?: boolean;
  /** Asks for these credentials where given. */
  user?: string;
  password?: string;
  /** Every so many-th RTP packet of the first track is lost; 0, none, unless told. */
  loseEvery?: number;
  /** The RTP timestamps of both tracks wrap around so many seconds after the first client came; 0, by chance, unless told. */
  wrapAfterS?: number;
  /** Least time between sender reports of a track; GStreamer's own 5 where 0 or not told. */
  reportEveryS?: number;
  /** A port that was used before, to come back on it; a free one unless told. */
  port?: number;
}

/** A running camera: a white flash and a beep of 100 ms begin together at each whole second of media time. */
export interface RtspServer {
  readonly port: number;
  /** Without credentials. */
  readonly url: string;
  /** Stops and resumes one track while the other goes on. */
  pause(track: 'audio' | 'video'): void;
  resume(track: 'audio' | 'video'): void;
  /** The picture has another size from now on, within the running stream. */
  resize(width: number, height: number): void;
  /** The whole server hangs with its connections open (SIGSTOP), and goes on. */
  freeze(): void;
  thaw(): void;
  /** Dies at once (SIGKILL). */
  kill(): Promise<void>;
  /** Ends in good order. Idempotent. */
  stop(): Promise<void>;
}

let availability: string | null | undefined;

/** null when the camera can run here, else the reason why not: print it and skip. */
export function rtspAvailable(): string | null {
  if (availability !== undefined) return availability;
  const elements = [
    'x264enc',
    'x265enc',
    'alawenc',
    'rtph264pay',
    'rtph265pay',
    'rtppcmapay',
    'avenc_aac',
    'opusenc',
    'jpegenc',
  ];
  const check = [
    'import gi',
    "gi.require_version('Gst', '1.0')",
    "gi.require_version('GstRtspServer', '1.0')",
    'from gi.repository import Gst, GstRtspServer',
    'Gst.init(None)',
    `missing = [e for e in ${JSON.stringify(elements)} if Gst.ElementFactory.find(e) is None]`,
    'raise SystemExit("missing GStreamer elements: " + ", ".join(missing) if missing else 0)',
  ].join('\n');
  const result = spawnSync(python, ['-c', check], { encoding: 'utf8', timeout: 60_000 });
  const complaint = result.error?.message ?? result.stderr.trim().split('\n').at(-1) ?? '';
  availability = result.status === 0 ? null : `no gst-rtsp-server: ${complaint}`;
  return availability;
}

/** @throws Error when it can't listen or can't run; ask {@link rtspAvailable} first. */
export async function startRtspServer(options: RtspServerOptions = {}): Promise<RtspServer> {
  const mount = options.mount ?? '/camera';
  const settings = {
    mount,
    video: options.video === undefined ? 'h264' : options.video,
    audio: options.audio === undefined ? 'pcma' : options.audio,
    width: options.width ?? 320,
    height: options.height ?? 240,
    frameRate: options.frameRate ?? 30,
    noisy: options.noisy ?? false,
    loseEvery: options.loseEvery ?? 0,
    wrapAfterS: options.wrapAfterS ?? 0,
    reportEveryS: options.reportEveryS ?? 0,
    user: options.user ?? null,
    password: options.password ?? null,
    port: options.port ?? 0,
  };
  const child = spawn(python, [script, JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'pipe'] });
  const port = await listeningPort(child);
  const command = (line: string): void => void child.stdin.write(`${line}\n`);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    child.kill('SIGCONT');
    await exited;
  };
  return {
    port,
    url: `rtsp://127.0.0.1:${port}${mount}`,
    pause: (track) => command(`pause ${track}`),
    resume: (track) => command(`resume ${track}`),
    resize: (width, height) => command(`size ${width} ${height}`),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

async function listeningPort(child: ChildProcess): Promise<number> {
  let complaints = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4000);
  });
  for await (const line of createInterface({ input: child.stdout! })) {
    const match = /^port (\d+)$/.exec(line);
    if (match !== null) {
      child.stdout!.resume();
      return Number(match[1]);
    }
  }
  throw new Error(`the RTSP server did not start: ${complaints.trim()}`);
}
