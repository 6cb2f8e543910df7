/** Opens a media file of any kind and hands out the decoded frames of its one picture or sound track. */

import { constants } from 'node:os';
import type { AVMediaType } from 'node-av/constants';
import { AVERROR_EOF, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, FormatContext, Frame, Packet } from 'node-av/lib';
import { EarsightError } from '../../pipeline/errors.ts';

const AVERROR_EAGAIN = -constants.errno.EAGAIN;

/**
 * Decodes the best track of `type` of a local file. Broken packets are passed over, as players do. Synchronous: files
 * are read once, before training begins.
 *
 * @param onFrame - May use the frame during the call only; returning false ends the reading.
 * @throws EarsightError `bad-dataset` when nothing of it can be read; the message says why, not which file
 */
export function decodeFirstStream(file: string, type: AVMediaType, onFrame: (frame: Frame) => boolean): void {
  const what = type === AVMEDIA_TYPE_VIDEO ? 'picture' : 'sound';
  const format = new FormatContext();
  format.allocContext();
  const context = new CodecContext();
  const packet = new Packet();
  const frame = new Frame();
  let frames = 0;
  try {
    refuseBelowZero(format.openInputSync(file), 'it is no media file, or cut off');
    refuseBelowZero(format.findStreamInfoSync(null), 'it is damaged');
    const stream = format.streams.find(({ index }) => index === format.findBestStream(type));
    const codec = stream === undefined ? null : Codec.findDecoder(stream.codecpar.codecId);
    if (stream === undefined) throw unreadable(`it has no ${what}`);
    if (codec === null) throw unreadable(`its ${what} has a format that FFmpeg cannot decode`);
    context.allocContext3(codec);
    context.parametersToContext(stream.codecpar);
    context.pktTimebase = stream.timeBase;
    context.threadCount = 1;
    refuseBelowZero(context.open2Sync(codec), `its ${what} cannot be decoded`);
    packet.alloc();
    frame.alloc();
    const drain = (): boolean => {
      for (;;) {
        const received = context.receiveFrameSync(frame);
        if (received < 0) return received === AVERROR_EAGAIN || received !== AVERROR_EOF;
        frames++;
        const goOn = onFrame(frame);
        frame.unref();
        if (!goOn) return false;
      }
    };
    let more = true;
    while (more && format.readFrameSync(packet) >= 0) {
      if (packet.streamIndex === stream.index) {
        context.sendPacketSync(packet);
        more = drain();
      }
      packet.unref();
    }
    if (more) {
      context.sendPacketSync(null);
      drain();
    }
    if (frames === 0) throw unreadable(`nothing of its ${what} can be decoded`);
  } finally {
    frame.free();
    packet.free();
    context.freeContext();
    format.closeInputSync();
  }
}

function refuseBelowZero(code: number, why: string): void {
  if (code < 0) throw unreadable(`${why} (${new FFmpegError(code).message})`);
}

function unreadable(why: string): EarsightError {
  return new EarsightError('bad-dataset', why);
}
