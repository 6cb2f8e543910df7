/** Opens a source with FFmpeg and finds its tracks. */

import {
  AV_DISPOSITION_ATTACHED_PIC,
  AV_NOPTS_VALUE,
  AVDISCARD_ALL,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
} from 'node-av/constants';
import { Dictionary, FormatContext, InputFormat, type Stream } from 'node-av/lib';
import { EarsightError } from '../../errors.ts';
import { demuxerOptions } from './demuxer-options.ts';
import { sourceFault } from './source-fault.ts';
import type { SourceUrl } from './source-url.ts';
import type { ReadingOptions } from './url-messages.ts';

export interface OpenInput {
  format: FormatContext;
  video: Stream | null;
  audio: Stream | null;
  /** It has an end: a file, or a recording on the net. */
  recorded: boolean;
}

/**
 * Opens `source` on `format` (fresh; the caller closes it in any case, and may interrupt it meanwhile).
 * @throws EarsightError `source-*`.
 */
export async function openInput(
  format: FormatContext,
  source: SourceUrl,
  options: ReadingOptions,
): Promise<OpenInput> {
  using dictionary = Dictionary.fromObject(demuxerOptions(source, options));
  const demuxer = source.kind === 'device' ? InputFormat.findInputFormat('video4linux2,v4l2') : null;
  const opened = await format.openInput(source.input, demuxer, dictionary);
  if (opened < 0) throw sourceFault(opened, 'open');
  const found = await format.findStreamInfo(null);
  if (found < 0) throw sourceFault(found, 'open');
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
  const recorded = source.kind !== 'rtsp' && format.duration !== AV_NOPTS_VALUE && format.duration > 0n;
  return { format, video, audio, recorded: recorded || source.kind === 'file' };
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
