/** A few dozen comings and goings at a real server: afterwards it holds what it held before. The bench has thousands. */

import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Churn } from '../../bench/churn.ts';

/** Of each kind, in each of two rounds: the first fills caches and compiles. */
const VISITS = { subscriber: 16, demo: 4, file: 2, webcam: 1 };
/** Sound alone is 352,800 bytes of each stream: what keeps half of them is above this. */
const GROWTH_KIB = 1_500;

describe.skipIf(!existsSync('/proc/self/fd'))('a server that many come to and go from', () => {
  let churn: Churn;
  beforeAll(async () => {
    churn = await Churn.start();
  });
  afterAll(async () => await churn[Symbol.asyncDispose]());

  it('holds no more handles, threads, processes, descriptors or sound than before', async () => {
    await churn.runEach(VISITS);
    const before = await churn.held();
    const deadline = performance.now() + 20_000;
    await churn.runEach(VISITS);
    expect(churn.failures).toBe(0);
    // What closes a moment after its owner is given time.
    let after = await churn.held();
    const hasGrown = (): boolean =>
      (['handles', 'threads', 'children', 'file descriptors'] as const).some(
        (name) => after[name]! > before[name]!,
      );
    while (hasGrown() && performance.now() < deadline) after = await churn.held();
    console.log(JSON.stringify({ before, after }));
    for (const name of ['threads', 'children'] as const)
      expect(after[name], name).toBeLessThanOrEqual(before[name]!);
    // Connections of whoever measures come and go among these.
    for (const name of ['handles', 'file descriptors'] as const)
      expect(after[name], name).toBeLessThanOrEqual(before[name]! + 3);
    expect(after['external KiB']).toBeLessThan(before['external KiB']! + GROWTH_KIB);
  });
});
