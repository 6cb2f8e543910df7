import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Gate } from './gate.ts';

const options = { on: 0.6, off: 0.4, minOnUs: 200_000, minOffUs: 300_000 };
/** Feeds `[probability, ptsMs]` pairs. */
const play = (steps: [number, number][], gate = new Gate(options)): boolean[] =>
  steps.map(([probability, ptsMs]) => gate.update(probability, ptsMs * 1000));

test('opens at once at "on", stays open between the thresholds, closes below "off"', () => {
  expect(
    play([
      [0.59, 0],
      [0.6, 100],
      [0.41, 400],
      [0.4, 500],
      [0.39, 600],
      [0.59, 2000],
    ]),
  ).toEqual([false, true, true, true, false, false]);
});

test('stays open for the least time, and closed for the least time', () => {
  expect(
    play([
      [0.9, 0],
      [0, 199],
      [0, 200],
      [0.9, 499],
      [0.9, 500],
    ]),
  ).toEqual([true, true, false, false, true]);
});

test('not-a-number never opens it', () => {
  expect(play([[Number.NaN, 0]])).toEqual([false]);
});

test('a reset gate is closed and opens at once', () => {
  const gate = new Gate(options);
  play([[0.9, 0]], gate);
  gate.reset();
  expect(
    play(
      [
        [0, 1],
        [0.9, 2],
      ],
      gate,
    ),
  ).toEqual([false, true]);
});

test('never changes twice within the least time, whatever comes', () => {
  const step = fc.record({
    probability: fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100),
    dtMs: fc.integer({ min: 1, max: 150 }),
  });
  let changes = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 80 }), (steps) => {
      const gate = new Gate(options);
      let [ptsUs, open, changedUs] = [0, false, Number.NEGATIVE_INFINITY];
      for (const { probability, dtMs } of steps) {
        ptsUs += dtMs * 1000;
        const now = gate.update(probability, ptsUs);
        if (now === open) continue;
        const leastUs = open ? options.minOnUs : options.minOffUs;
        if (ptsUs - changedUs < leastUs) return false;
        if (now ? probability < options.on : probability >= options.off) return false;
        [open, changedUs] = [now, ptsUs];
        changes++;
      }
      return true;
    }),
  );
  expect(changes).toBeGreaterThan(100);
});

test('noise between the thresholds does not flap it', () => {
  const noise = Array.from({ length: 200 }, (_, i): [number, number] => [
    0.5 + 0.09 * Math.sin(i * 2.3),
    i * 33,
  ]);
  expect(new Set(play(noise))).toEqual(new Set([false]));
  expect(new Set(play([[0.9, -1], ...noise]))).toEqual(new Set([true]));
});
