import { expect, it } from 'vitest';
import { missedPackets } from './ffmpeg-log.ts';

it.each([
  ['RTP: missed 3 packets', 3],
  ['[rtsp @ 0x55d] RTP: missed 120 packets\n', 120],
  ['max delay reached. need to consume packet', 0],
  ['RTP: PT=60: bad cseq 1a2b expected=1a2a', 0],
])('of "%s" are lost: %i', (line, packets) => {
  expect(missedPackets(line)).toBe(packets);
});
