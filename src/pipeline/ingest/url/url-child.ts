/** The media child of a URL source: one connection, then it ends. */

import { systemClock } from '../../clock.ts';
import { EarsightError, messageOf } from '../../errors.ts';
import { MediaChannel } from '../process/media-channel.ts';
import { ffmpegLogWritten, watchFfmpegLog } from './ffmpeg-log.ts';
import { MediaReader } from './media-reader.ts';
import type { UrlCommand, UrlEvent } from './url-messages.ts';

let reader: MediaReader | null = null;
let reading: Promise<void> | null = null;

const channel = new MediaChannel<UrlCommand, UrlEvent>({
  onCommand: (command) => {
    reader = new MediaReader(command, channel, systemClock);
    reading = read(reader);
  },
  onClose: async () => {
    reader?.stop();
    await reading;
  },
});

// Pictures are most of what a camera sends, so the packets of unknown track are counted as theirs.
watchFfmpegLog((packets) => {
  channel.drop('packet', 'lost', packets);
  channel.drop('frame', 'packet-lost', packets);
});

async function read(from: MediaReader): Promise<void> {
  try {
    await from.run();
    channel.event({ kind: 'ended' });
  } catch (error) {
    const code = error instanceof EarsightError ? error.code : 'internal';
    if (code === 'internal') console.error(error);
    channel.event({ kind: 'failed', code, detail: messageOf(error) });
  }
  await ffmpegLogWritten();
  channel.end();
}
