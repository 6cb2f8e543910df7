/** The program itself: its parts, the machine, and FFmpeg inside it. */

import { existsSync } from 'node:fs';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import {
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_OPUS,
  AV_CODEC_ID_PCM_ALAW,
} from 'node-av/constants';
import { Codec, getFFmpegInfo } from 'node-av/lib';
import type { Config } from '../config/schema.ts';
import { pageDirectory } from '../door.ts';
import { version } from '../installation.ts';
import { type Finding, found } from './finding.ts';

/** Type stripping without a flag, which running from a checkout needs. */
const OLDEST_NODE = [22, 18] as const;
/** One server with a few cameras takes about this much. */
const LITTLE_MEMORY_BYTES = 1e9;

const CODECS = [
  ['H.264', AV_CODEC_ID_H264],
  ['H.265', AV_CODEC_ID_HEVC],
  ['AAC', AV_CODEC_ID_AAC],
  ['Opus', AV_CODEC_ID_OPUS],
  ['G.711', AV_CODEC_ID_PCM_ALAW],
] as const;

export function programFindings(config: Config): Finding[] {
  const page = pageDirectory(config);
  return [
    found('earsight', 'fact', version),
    nodeFinding(process.versions.node),
    machineFinding(),
    existsSync(join(page, 'index.html'))
      ? found('page', 'good', page)
      : found(
          'page',
          'warning',
          `is not built: there is no ${join(page, 'index.html')}`,
          'Run "npx vite build". The API works without it.',
        ),
    ffmpegFinding(),
  ];
}

export function nodeFinding(running: string): Finding {
  const [major = 0, minor = 0] = running.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  return isOld
    ? found(
        'node',
        'fault',
        running,
        `Node ${OLDEST_NODE.join('.')} or later is needed; "npm start" brings one.`,
      )
    : found('node', 'good', `${running} on ${process.platform} ${process.arch}`);
}

function machineFinding(): Finding {
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const text = `${availableParallelism()} cores, ${gib(freemem())} of ${gib(totalmem())} memory free`;
  return freemem() < LITTLE_MEMORY_BYTES
    ? found(
        'machine',
        'warning',
        text,
        'A server with four cameras takes about 0.7 GiB. Make room, or take fewer.',
      )
    : found('machine', 'fact', text);
}

function ffmpegFinding(): Finding {
  const { version: ffmpeg } = getFFmpegInfo();
  const missing = CODECS.filter(([, id]) => Codec.findDecoder(id) === null).map(([name]) => name);
  return missing.length === 0
    ? found('ffmpeg', 'good', `${ffmpeg}, decodes ${CODECS.map(([name]) => name).join(', ')}`)
    : found(
        'ffmpeg',
        'warning',
        `${ffmpeg} cannot decode ${missing.join(', ')}`,
        'Install node-av anew: npm install node-av.',
      );
}
