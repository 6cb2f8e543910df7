/** As fuzz.test.ts: what opens a door (tokens, tickets, Accept), held against what a plain reading of it says. */

import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { EarsightError } from '../../src/pipeline/errors.ts';
import { Access, type TokenEntry } from '../../src/server/access/access.ts';
import { EVERYONE } from '../../src/server/access/principal.ts';
import { hashToken } from '../../src/server/access/token-hash.ts';
import { accepts } from '../../src/server/http/accept.ts';
import { mutated, refused, target } from '../support/fuzzing.ts';

const TOKENS = ['a', 'b'].map((letter) => letter.repeat(43));
const entries: TokenEntry[] = TOKENS.map((token, i) => ({
  name: `t${i}`,
  hash: hashToken(token),
  roles: ['view'],
  streams: null,
}));
const clock = { nowMs: 0, monotonicUs: () => clock.nowMs * 1000, wallMs: () => clock.nowMs };
const open = (tokens: TokenEntry[], before: Access | null = null, required = true): Access =>
  new Access({ required, tokens, ticketMs: 1_000 }, clock, undefined, before);

describe('what opens a door', () => {
  const blanks = fc.stringMatching(/^[ \t]{0,4}$/);
  const header = fc.oneof(
    mutated(`Bearer ${TOKENS[0]}`),
    fc
      .tuple(
        blanks,
        fc.constantFrom('Bearer', 'bearer', 'BEARER', 'Basic', ''),
        blanks,
        fc.constantFrom(...TOKENS, hashToken(TOKENS[0]!), ''),
        blanks,
      )
      .map((parts) => parts.join('')),
  );
  const access = open(entries);
  let address = 0;
  target('bearer tokens', header, async (text: string) => {
    const principal = await access.authenticate(text, `10.${++address >> 16}.${address >> 8}.${address}`);
    // The scheme, blanks, one of the tokens: nothing else opens.
    const [scheme = '', token = '', ...more] = text.trimEnd().split(/ +/);
    expect([scheme.toLowerCase(), more]).toEqual(['bearer', []]);
    expect(principal.name).toBe(`t${TOKENS.indexOf(token)}`);
  });

  const step = fc.oneof(
    fc.record({ do: fc.constant('issue' as const), which: fc.nat({ max: 1 }) }),
    fc.record({ do: fc.constant('redeem' as const), which: fc.nat({ max: 9 }) }),
    fc.record({ do: fc.constant('guess' as const), text: fc.oneof(mutated('x'.repeat(32)), fc.string()) }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 700 }) }),
    fc.record({ do: fc.constant('reload' as const), keep: fc.subarray([0, 1]), required: fc.boolean() }),
  );
  target('tickets, over reloads', fc.array(step, { maxLength: 30 }), async (steps: never[]) => {
    let [tokens, required] = [[0, 1], true];
    let now = open(entries);
    const issued: { ticket: string; which: number; untilMs: number; used: boolean }[] = [];
    for (const one of steps as (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[]) {
      if (one.do === 'wait') clock.nowMs += one.ms;
      if (one.do === 'reload') {
        [tokens, required] = [one.keep, one.required];
        now = open(
          one.keep.map((i) => entries[i]!),
          now,
          required,
        );
      }
      if (one.do === 'issue' && required && tokens.includes(one.which)) {
        const holder = await now.authenticate(`Bearer ${TOKENS[one.which]}`, '10.0.0.1');
        const { ticket } = now.issueTicket(holder);
        issued.push({ ticket, which: one.which, untilMs: clock.nowMs + 1_000, used: false });
      }
      const known = one.do === 'redeem' ? issued[one.which] : undefined;
      const text = one.do === 'guess' ? one.text : known?.ticket;
      if (text === undefined) continue;
      clock.nowMs += 0.001;
      const name = await now.redeem(text, `10.1.${++address >> 8}.${address}`).then(
        (principal) => principal.name,
        (thrown: unknown) => {
          if (!(thrown instanceof EarsightError)) throw thrown;
          return null;
        },
      );
      if (!required) expect(name).toBe(EVERYONE.name);
      else {
        const isGood =
          known !== undefined && !known.used && known.untilMs > clock.nowMs && tokens.includes(known.which);
        expect(name).toBe(isGood ? `t${known.which}` : null);
        if (known !== undefined) known.used = true;
      }
    }
    if (issued.length === 0) refused();
  });

  const range = fc.record({
    name: fc.constantFrom('application/sdp', 'application/*', '*/*', 'text/html', 'APPLICATION/SDP', ''),
    weight: fc.constantFrom('', ';q=0', '; q=0.0', ';q=0.5', ';Q=1', ';level=1;q=0.000', ';q=', ';q=0x'),
  });
  target(
    'Accept',
    fc.oneof(
      mutated('text/html, application/sdp;q=0.8, */*;q=0').map((text) => ({ text, ranges: null })),
      fc.array(range, { maxLength: 5 }).map((ranges) => ({
        text: ranges.map(({ name, weight }) => name + weight).join(', '),
        ranges,
      })),
    ),
    ({ text, ranges }: { text: string; ranges: { name: string; weight: string }[] | null }) => {
      const isTaken = accepts(text, 'application/sdp');
      if (ranges !== null) {
        const closest = ['application/sdp', 'application/*', '*/*']
          .map((name) => ranges.filter((one) => one.name.toLowerCase() === name))
          .find((found) => found.length > 0);
        expect(isTaken).toBe(closest?.some(({ weight }) => !/q=0(\.0+)?$/i.test(weight)) ?? false);
      }
      if (!isTaken) refused();
    },
  );
});
