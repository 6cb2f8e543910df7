/** Random and mutated input for whatever reads something that comes from outside, and how long it is tried. */

import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { EarsightError } from '../../src/pipeline/errors.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';

const FUZZ_MS = Number(process.env['EARSIGHT_FUZZ_MS'] ?? 1_000);
/** Of one input; far above what any takes, far below what a regular expression that explodes would. */
const MAX_CPU_MS = 1_000;
const TIMEOUT_MS = 4 * FUZZ_MS + 30_000;

const SPICE = [
  ...[
    '\0',
    '\r',
    '\n',
    '\u2028',
    '\uFFFD',
    '\uD800',
    '"',
    "'",
    '\\',
    '<',
    '%00',
    '%n',
    '../',
    '://',
    '@',
    '{',
    '[',
    '*',
    '&',
  ],
  ...[
    '-1',
    '0',
    '1e999',
    'NaN',
    '9007199254740993',
    '99999999999999999999',
    '0x7fffffff',
    'null',
    'true',
    '__proto__',
  ],
];

/** One change of a text: at `at` (0..1 of it), over `length` characters. */
const change = fc.record({
  kind: fc.constantFrom('delete', 'repeat', 'insert', 'replace', 'swap', 'flood'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 0, max: 60 }),
  text: fc.oneof(fc.constantFrom(...SPICE), fc.string({ maxLength: 8 })),
});

function changed(
  seed: string,
  changes: readonly (typeof change extends fc.Arbitrary<infer Change> ? Change : never)[],
): string {
  let text = seed;
  for (const { kind, at, length, text: some } of changes) {
    const start = Math.floor(at * text.length);
    const end = Math.min(text.length, start + length);
    const [head, middle, tail] = [text.slice(0, start), text.slice(start, end), text.slice(end)];
    if (kind === 'delete') text = head + tail;
    else if (kind === 'repeat') text = head + middle.repeat(20) + tail;
    else if (kind === 'insert') text = head + some + middle + tail;
    else if (kind === 'replace') text = head + some + tail;
    else if (kind === 'swap') text = tail + middle + head;
    else text = head + (some === '' ? ' ' : some).repeat(2_000) + tail;
    if (text.length > 300_000) text = text.slice(0, 300_000);
  }
  return text;
}

/** `seed` with up to six changes; or any text. */
export const mutated = (seed: string): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.array(change, { minLength: 1, maxLength: 6 }).map((changes) => changed(seed, changes)),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 200, unit: 'binary' }) },
    { weight: 1, arbitrary: fc.json() },
  );

/** A document of which up to three values are others: what passes the syntax, and mostly the first checks. */
export const altered = (document: unknown): fc.Arbitrary<string> => {
  const paths: (readonly string[])[] = [];
  const walk = (value: unknown, path: readonly string[]): void => {
    paths.push(path);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
  };
  walk(document, []);
  const value = fc.oneof(fc.integer(), fc.double(), fc.string({ maxLength: 12 }), fc.boolean(), fc.json());
  const changes = fc.array(fc.tuple(fc.constantFrom(...paths), fc.oneof(value, fc.constant(undefined))), {
    maxLength: 3,
  });
  return changes.map((list) => {
    const copy: unknown = structuredClone(document);
    for (const [path, put] of list) {
      let here: unknown = copy;
      for (const key of path.slice(0, -1)) here = (here as Record<string, unknown> | undefined)?.[key];
      const last = path.at(-1);
      if (last !== undefined && typeof here === 'object' && here !== null)
        (here as Record<string, unknown>)[last] = put;
    }
    return JSON.stringify(copy);
  });
};

/** What was read is nothing that is taken. */
export const refused = (): never => {
  throw new EarsightError('bad-request', '');
};

/** Runs for its time. @returns how often what was read was taken */
async function fuzz(
  inputs: fc.Arbitrary<unknown>,
  read: (input: unknown) => unknown,
): Promise<{ runs: number; taken: number }> {
  const count = { runs: 0, taken: 0 };
  const until = performance.now() + FUZZ_MS;
  await fc.assert(
    fc.asyncProperty(inputs, async (input) => {
      if (performance.now() > until) return;
      count.runs += 1;
      const before = process.threadCpuUsage().user;
      try {
        await read(input);
        count.taken += 1;
      } catch (thrown) {
        const isOurs = thrown instanceof EarsightError || thrown instanceof ProtocolError;
        if (!isOurs || (thrown instanceof EarsightError && thrown.code === 'internal')) throw thrown;
      }
      expect((process.threadCpuUsage().user - before) / 1000).toBeLessThan(MAX_CPU_MS);
    }),
    { numRuns: 100_000_000, plugins: [fc.interruptAfterTimeLimit(FUZZ_MS + 50)] },
  );
  return count;
}

const tally: Record<string, { runs: number; taken: number }> = {};
afterAll(() => {
  if (process.env['EARSIGHT_FUZZ_MS'] !== undefined) console.table(tally);
});

/** @param minimum inputs that it has at least to be tried on in a second, on a busy machine */
export function target(
  name: string,
  inputs: fc.Arbitrary<unknown>,
  read: (input: never) => unknown,
  minimum = 20,
): void {
  it(
    name,
    async () => {
      const count = await fuzz(inputs, read as (input: unknown) => unknown);
      tally[name] = count;
      expect(count.runs).toBeGreaterThan(minimum);
    },
    TIMEOUT_MS,
  );
}

/** Bytes of `whole` of which some are others, and the end may be missing; or any. */
export const bytes = (whole: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(
        fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })), { maxLength: 8 }),
        fc.nat({ max: whole.length }),
      )
      .map(([pokes, length]) => {
        const copy = Uint8Array.from(whole);
        for (const [at, value] of pokes) copy[at] = value;
        return copy.slice(0, length);
      }),
  );
