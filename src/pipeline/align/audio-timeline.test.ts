import { describe, expect, it } from 'vitest';
import { AudioTimeline } from './audio-timeline.ts';
import { timeOfSample } from './sample-time.ts';

const rateHz = 22_050;
const timeline = (): AudioTimeline => new AudioTimeline({ rateHz, jumpSamples: 4 * rateHz });

describe('audio timeline', () => {
  it.each([
    ['the next sample', 441, { position: 441, jumped: false }],
    ['4 ms early: rounding', 441 - 88, { position: 441, jumped: false }],
    ['4 ms late: rounding', 441 + 88, { position: 441, jumped: false }],
    ['10 ms late: a gap', 441 + 221, { position: 441 + 221, jumped: false }],
    ['10 ms early: an overlap', 441 - 221, { position: 441 - 221, jumped: false }],
    ['4 s late: a gap', 441 + 4 * rateHz, { position: 441 + 4 * rateHz, jumped: false }],
    ['more: a jump', 442 + 4 * rateHz, { position: 442 + 4 * rateHz, jumped: true }],
    ['far back: a jump', -10 * rateHz, { position: -10 * rateHz, jumped: true }],
  ])('places a chunk stamped %s', (_, stampedAt, expected) => {
    const placing = timeline();
    placing.place(0, 441);
    expect(placing.place(timeOfSample(stampedAt, rateHz), 441)).toEqual(expected);
  });

  it('does not let an overlap move the end back', () => {
    const placing = timeline();
    placing.place(0, 4410);
    placing.place(timeOfSample(1000, rateHz), 441);
    expect(placing.place(timeOfSample(4410, rateHz), 441).position).toBe(4410);
  });

  it.each([0, 50, -50, 300, -300])(
    'follows stamps in whole milliseconds that drift by %i ppm, without moving a sample',
    (ppm) => {
      const placing = timeline();
      const chunk = 441;
      let worst = 0;
      let chunks = 0;
      for (let position = 0; position < 1200 * rateHz; position += chunk) {
        const trueUs = (position / rateHz) * 1e6 * (1 + ppm / 1e6);
        expect(placing.place(Math.floor(trueUs / 1000) * 1000, chunk)).toEqual({ position, jumped: false });
        worst = Math.max(worst, Math.abs(placing.positionAt(trueUs) - position));
        chunks++;
      }
      expect(chunks).toBe(60_000);
      // 2 ms of dead band, 1 ms of rounding, 0.6 ms of lag.
      expect(worst).toBeLessThanOrEqual(0.0037 * rateHz);
    },
  );

  it('maps positions back to times, through the drift correction too', () => {
    const placing = timeline();
    for (let i = 0; i < 20_000; i++) placing.place(Math.round(i * 20_000 * 1.0002), 441);
    const position = placing.positionAt(300_000_000);
    expect(Math.abs(placing.timeAt(position) - 300_000_000)).toBeLessThanOrEqual(23);
    expect(position).not.toBe(300 * rateHz);
  });
});
