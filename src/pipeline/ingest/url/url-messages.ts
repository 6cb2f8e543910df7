/** What a URL source and its media child say to each other beside the media. */

import type { ErrorCode } from '../../errors.ts';
import type { PictureSize } from '../media/picture-size.ts';
import type { SourceUrl } from './source-url.ts';

/** A source as its child opens it: the pipe to the child is the one way that credentials go. */
export interface OpenableSource extends Omit<SourceUrl, 'input'> {
  input: string;
}

/** How a URL is opened and read; the defaults are in url-source.ts. */
export interface ReadingOptions {
  /** RTSP only. */
  transport: 'tcp' | 'udp';
  /** Recordings only: at their own pace, or as fast as the consumer takes them with nothing lost. */
  pace: 'realtime' | 'fastest';
  /** Recordings only: begin again at the end, on a clock that goes on. */
  loop: boolean;
  /** Most frames a second, by selection; null: all. */
  maxRateHz: number | null;
  /** Largest picture handed on. */
  picture: PictureSize;
  /** Rate of the delivered sound. */
  audioRateHz: number;
  /** `none`, `auto`, or FFmpeg's name: `vaapi`, `cuda`, `qsv`, `videotoolbox`, ... Falls back to software. */
  hwaccel: string;
  openTimeoutMs: number;
  /** No packet of any track for this long: the connection is given up. */
  readTimeoutMs: number;
}

export interface UrlCommand {
  source: OpenableSource;
  options: ReadingOptions;
  /** Where it may connect to (egress/address-policy.ts); null: anywhere. */
  networks: readonly string[] | null;
}

/** `live`: the first media follows; `waits`: losslessly, at the pace of the reader. `ended`: a recording is through. `failed`: the connection is over. */
export type UrlEvent =
  | { kind: 'live'; waits: boolean }
  | { kind: 'ended' }
  | { kind: 'failed'; code: ErrorCode; detail: string };
