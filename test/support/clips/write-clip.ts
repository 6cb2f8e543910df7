/** Writes small recordings for tests: a white flash and a beep of 100 ms begin together at each whole second. */

import { Encoder, Muxer } from 'node-av/api';
import {
  AV_CHANNEL_LAYOUT_MONO,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_MP2,
  AV_CODEC_ID_PCM_S16LE,
  AV_PIX_FMT_YUV420P,
  AV_SAMPLE_FMT_S16,
} from 'node-av/constants';
import { Frame, Rational } from 'node-av/lib';

export interface ClipOptions {
  seconds: number;
  frameRate?: number;
  /** Size per second of the clip, repeated; one size unless told. */
  sizes?: { width: number; height: number }[];
  /** 0: no sound. */
  audioRateHz?: number;
  /** The sound ends before the picture does. */
  soundSeconds?: number;
  /** Pictures that are coded after later ones; off unless told. */
  bFrames?: number;
}

const beepHz = 1000;

/** The container follows from the name: `.mov` keeps exact times; `.ts` may change its size from second to second. */
export async function writeClip(path: string, options: ClipOptions): Promise<void> {
  const { seconds, frameRate = 25, audioRateHz = 48_000, bFrames = 0 } = options;
  const sizes = options.sizes ?? [{ width: 320, height: 240 }];
  await using muxer = await Muxer.open(path);
  const makeEncoder = (): Promise<Encoder> =>
    Encoder.create(AV_CODEC_ID_H264, {
      context: {
        gopSize: frameRate,
        maxBFrames: bFrames,
        threadCount: 1,
        timeBase: new Rational(1, frameRate),
        framerate: new Rational(frameRate, 1),
      },
      options: { preset: 'ultrafast', 'x264-params': 'annexb=1:repeat-headers=1' },
    });
  let video = await makeEncoder();
  const audio =
    audioRateHz === 0
      ? null
      : await Encoder.create(path.endsWith('.ts') ? AV_CODEC_ID_MP2 : AV_CODEC_ID_PCM_S16LE, {
          context: { threadCount: 1 },
        });
  const videoIndex = muxer.addStream(video);
  const audioIndex = audio === null ? -1 : muxer.addStream(audio);
  const write = async (encoder: Encoder, frame: Frame | null, index: number): Promise<void> => {
    for (const packet of await encoder.encodeAll(frame)) {
      await muxer.writePacket(packet, index);
      packet.free();
    }
  };
  for (let second = 0; second < seconds; second++) {
    const size = sizes[second % sizes.length]!;
    if (second > 0 && sizes.length > 1) {
      await write(video, null, videoIndex);
      video.close();
      video = await makeEncoder();
    }
    for (let index = 0; index < frameRate; index++) {
      using frame = picture(size, index < frameRate / 10, second * frameRate + index, frameRate);
      await write(video, frame, videoIndex);
    }
    if (audio === null || second >= (options.soundSeconds ?? seconds)) continue;
    const block = audioRateHz / 50;
    for (let part = 0; part < 50; part++) {
      using frame = sound(part * block, block, audioRateHz, second * audioRateHz + part * block);
      await write(audio, frame, audioIndex);
    }
  }
  await write(video, null, videoIndex);
  video.close();
  if (audio === null) return;
  await write(audio, null, audioIndex);
  audio.close();
}

function picture(
  size: { width: number; height: number },
  lit: boolean,
  index: number,
  frameRate: number,
): Frame {
  const pixels = size.width * size.height;
  const bytes = Buffer.alloc((pixels * 3) / 2, 128).fill(lit ? 235 : 16, 0, pixels);
  const timeBase = { num: 1, den: frameRate };
  return Frame.fromVideoBuffer(bytes, { ...size, format: AV_PIX_FMT_YUV420P, pts: BigInt(index), timeBase });
}

function sound(from: number, count: number, rateHz: number, pts: number): Frame {
  const bytes = Buffer.alloc(count * 2);
  for (let i = 0; i < count; i++) {
    const at = from + i;
    const value = at < rateHz / 10 ? 24_000 * Math.cos((2 * Math.PI * beepHz * at) / rateHz) : 0;
    bytes.writeInt16LE(Math.round(value), i * 2);
  }
  return Frame.fromAudioBuffer(bytes, {
    nbSamples: count,
    format: AV_SAMPLE_FMT_S16,
    sampleRate: rateHz,
    channelLayout: AV_CHANNEL_LAYOUT_MONO,
    pts: BigInt(pts),
    timeBase: { num: 1, den: rateHz },
  });
}
