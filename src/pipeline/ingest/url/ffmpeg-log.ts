/** FFmpeg's log in the media child: its errors go on to the child's own log, and the packets it missed are counted. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { AV_LOG_ERROR, AV_LOG_WARNING } from 'node-av/constants';
import { Log } from 'node-av/lib';

/**
 * RTP packets that a line says are lost; 0 where it says nothing of the kind. It is the only place where FFmpeg tells
 * (libavformat/rtpdec.c, `rtp_parse_queued_packet`): a gap in the sequence numbers of a UDP track that waiting did not
 * close. It does not say of which track. Over TCP nothing is lost on the way.
 */
export function missedPackets(line: string): number {
  return Number(/\bRTP: missed (\d+) packets/.exec(line)?.[1] ?? 0);
}

/** Once per process. `onMissed` gets each count of lost packets, soon after the loss. */
export function watchFfmpegLog(onMissed: (packets: number) => void): void {
  Log.setLevel(AV_LOG_WARNING);
  Log.setCallback(
    (level, line) => {
      const missed = missedPackets(line);
      if (missed > 0) onMissed(missed);
      if (level <= AV_LOG_ERROR) console.error(line);
    },
    { maxLevel: AV_LOG_WARNING },
  );
}

/** Resolves when the lines that FFmpeg wrote before are on the child's log: they come by way of the event loop. */
export async function ffmpegLogWritten(): Promise<void> {
  await nextTurn();
  await nextTurn();
}
