/** Opens a source with FFmpeg and finds its tracks. */

import type { AVCodecID } from 'node-av/constants';
import {
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_ADPCM_G722,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_OPUS,
  AV_CODEC_ID_PCM_ALAW,
  AV_CODEC_ID_PCM_MULAW,
  AV_CODEC_ID_PCM_S16BE,
  AV_DISPOSITION_ATTACHED_PIC,
  AV_NOPTS_VALUE,
  AVDISCARD_ALL,
  AVFMT_FLAG_NOFILLIN,
  AVFMT_FLAG_NOPARSE,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
} from 'node-av/constants';
import { Dictionary, FormatContext, InputFormat, type Stream } from 'node-av/lib';
import { EarsightError } from '../../errors.ts';
import { demuxerOptions } from './demuxer-options.ts';
import { sourceFault } from './source-fault.ts';
import type { OpenableSource, ReadingOptions } from './url-messages.ts';

export interface OpenInput {
  format: FormatContext;
  video: Stream | null;
  audio: Stream | null;
  /** It has an end: a file, or a recording on the net. */
  recorded: boolean;
  /** It is live and comes seconds at a time (HLS, DASH), so that it has to be played at its own pace. */
  segmented: boolean;
  /** H.264 comes as parts of pictures, for {@link H264Assembler}. */
  unparsed: boolean;
}

/**
 * @param more demuxer options that go before the usual ones
 * Opens `source` on `format` (fresh; the caller closes it in any case, and may interrupt it meanwhile).
 * @throws EarsightError `source-*`.
 */
export async function openInput(
  format: FormatContext,
  source: OpenableSource,
  options: ReadingOptions,
  more: Readonly<Record<string, string>> = {},
): Promise<OpenInput> {
  using dictionary = Dictionary.fromObject({ ...demuxerOptions(source, options), ...more });
  const demuxer = source.kind === 'device' ? InputFormat.findInputFormat('video4linux2,v4l2') : null;
  const opened = await format.openInput(source.input, demuxer, dictionary);
  if (opened < 0) throw sourceFault(opened, 'open');
  const unparsed = source.kind === 'rtsp' && options.hwaccel === 'none' && needsNoParser(format);
  // What is read for stream information is thrown away with it; of H.264 the server's SDP says enough.
  if (unparsed) {
    format.setFlags(AVFMT_FLAG_NOPARSE, AVFMT_FLAG_NOFILLIN);
  } else {
    const found = await format.findStreamInfo(null);
    if (found < 0) throw sourceFault(found, 'open');
  }
  const video = bestStream(format, AVMEDIA_TYPE_VIDEO);
  const audio = bestStream(format, AVMEDIA_TYPE_AUDIO);
  if (video === null && audio === null)
    throw new EarsightError(
      'source-unsupported',
      'it has neither video nor audio; check what the URL delivers',
    );
  for (const stream of format.streams) {
    if (stream.index !== video?.index && stream.index !== audio?.index) stream.discard = AVDISCARD_ALL;
  }
  // An RTSP session lasts until it is ended, whatever length it names.
  const endless = source.kind === 'rtsp' || format.duration === AV_NOPTS_VALUE || format.duration <= 0n;
  const recorded = source.kind === 'file' || !endless;
  const segmented = !recorded && /\b(hls|dash)\b/.test(format.iformat?.name ?? '');
  return { format, video, audio, recorded, segmented, unparsed };
}

/** Of these codecs FFmpeg's depacketisers give whole frames. The parser can only be switched off for all tracks. */
const WHOLE_SOUND: ReadonlySet<AVCodecID> = new Set([
  AV_CODEC_ID_PCM_ALAW,
  AV_CODEC_ID_PCM_MULAW,
  AV_CODEC_ID_PCM_S16BE,
  AV_CODEC_ID_ADPCM_G722,
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_OPUS,
]);

/** The only picture is H.264, which we put together ourselves, and the sound comes in whole frames. */
function needsNoParser(format: FormatContext): boolean {
  return format.streams.every(({ codecpar: { codecType, codecId } }) => {
    if (codecType === AVMEDIA_TYPE_VIDEO) return codecId === AV_CODEC_ID_H264;
    return codecType !== AVMEDIA_TYPE_AUDIO || WHOLE_SOUND.has(codecId);
  });
}

function bestStream(format: FormatContext, type: typeof AVMEDIA_TYPE_VIDEO): Stream | null {
  const index = format.findBestStream(type);
  const stream = format.streams.find((candidate) => candidate.index === index);
  // A cover picture is no video.
  if (stream === undefined || (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) !== 0) return null;
  // Of an RTSP camera only the parameter sets of its SDP are known yet.
  if (type === AVMEDIA_TYPE_VIDEO && stream.codecpar.width === 0) stream.codecpar.parseExtradata();
  return stream;
}
