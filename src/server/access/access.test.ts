/** Tokens, tickets and the limit on guessing, as the HTTP and WebSocket sides use them. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EarsightError } from '../../pipeline/errors.ts';
import { AddressRanges } from '../../pipeline/ip-ranges.ts';
import type { Clock } from '../../pipeline/ports.ts';
import { defaultConfig } from '../config/schema.ts';
import { Access, type TokenEntry } from './access.ts';
import { addressKey, clientAddress } from './client-address.ts';
import type { LimitReason } from './limit-reason.ts';
import { Limiter } from './limiter.ts';
import { expectedNames, isExpectedHost, isLoopback, isTokenRequired } from './listening.ts';
import { EVERYONE, hasRole, mayEverywhere, mayOn, type Principal } from './principal.ts';
import { PublishingLimits, type PublishingRequest } from './publishing-limits.ts';
import { Tickets } from './tickets.ts';
import { hashPassphrase, hashToken, newToken, parseTokenHash } from './token-hash.ts';

class HandClock implements Clock {
  nowMs = 1_000;
  monotonicUs(): number {
    return this.nowMs * 1000;
  }
  wallMs(): number {
    return this.nowMs;
  }
}

const entry = (name: string, token: string, more: Partial<TokenEntry> = {}): TokenEntry => ({
  name,
  hash: hashToken(token),
  roles: ['view'],
  streams: null,
  ...more,
});

/** The code that a refusal has; `ok` where there was none. */
async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'ok';
  } catch (thrown) {
    if (!(thrown instanceof EarsightError)) throw thrown;
    return thrown.code;
  }
}

describe('Access', () => {
  const [first, second] = [newToken(), newToken()];
  const clock = new HandClock();
  const open = (more: TokenEntry[] = [], onLimited?: (reason: LimitReason) => void): Access =>
    new Access(
      {
        required: true,
        tokens: [entry('a', first), entry('b', second, { roles: ['admin'] }), ...more],
        ticketMs: 5_000,
      },
      clock,
      onLimited,
    );

  it('knows each token by name, roles and streams', async () => {
    const access = open();
    expect(await access.authenticate(`Bearer ${first}`, '192.0.2.1')).toMatchObject({
      name: 'a',
      roles: ['view'],
    });
    expect(await access.authenticate(`bearer  ${second} `, '192.0.2.1')).toMatchObject({ name: 'b' });
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${first}`,
    first,
    `Bearer ${first}x`,
    `Bearer ${first.slice(0, -1)}`,
    `Bearer ${first} ${second}`,
    `Bearer ${hashToken(first)}`,
    `Bearer ${'x'.repeat(100_000)}`,
  ])('refuses %j', async (header) => {
    expect(await codeOf(open().authenticate(header?.slice(0, 200_000), '192.0.2.1'))).toBe('unauthorized');
  });

  it('lets everyone in, as everything, where no token is asked for', async () => {
    const access = new Access({ required: false, tokens: [], ticketMs: 5_000 });
    expect(await access.authenticate(undefined, '192.0.2.1')).toBe(EVERYONE);
    expect(await access.redeem('anything', '192.0.2.1')).toBe(EVERYONE);
  });

  it('stops guessing from one address, still lets its right random tokens in, and forgets with time', async () => {
    const reasons: LimitReason[] = [];
    const access = open([], (reason) => reasons.push(reason));
    const codes: string[] = [];
    for (let i = 0; i < 12; i++)
      codes.push(await codeOf(access.authenticate(`Bearer ${newToken()}`, '192.0.2.7')));
    expect(codes).toEqual([
      ...Array<string>(10).fill('unauthorized'),
      'too-many-attempts',
      'too-many-attempts',
    ]);
    expect(reasons).toEqual(['wrong-tokens', 'wrong-tokens']);
    expect(await codeOf(access.authenticate(`Bearer ${first}`, '192.0.2.7'))).toBe('ok');
    expect(await codeOf(access.authenticate(`Bearer ${newToken()}`, '192.0.2.8'))).toBe('unauthorized');
    // No token at all is no guess.
    expect(await codeOf(access.authenticate(undefined, '192.0.2.7'))).toBe('unauthorized');
    clock.nowMs += 6_001;
    expect(await codeOf(access.authenticate(`Bearer ${newToken()}`, '192.0.2.7'))).toBe('unauthorized');
    expect(await codeOf(access.authenticate(`Bearer ${newToken()}`, '192.0.2.7'))).toBe('too-many-attempts');
  });

  it('takes passphrases by scrypt, and refuses even right ones from an address that guessed too often', async () => {
    const hash = await hashPassphrase('correct-horse-battery');
    const access = open([entry('p', '', { hash, roles: ['publish'] })]);
    const ask = (word: string, address: string): Promise<string> =>
      codeOf(access.authenticate(`Bearer ${word}`, address));
    expect(await ask('correct-horse-battery', '192.0.2.1')).toBe('ok');
    expect(await ask('correct-horse-batterx', '192.0.2.1')).toBe('unauthorized');
    for (let i = 0; i < 10; i++) await ask(`wrong-${i}`, '192.0.2.9');
    expect(await ask('correct-horse-battery', '192.0.2.9')).toBe('too-many-attempts');
    expect(await ask('correct-horse-battery', '192.0.2.1')).toBe('ok');
  });

  it('does not run more than two scrypts at a time, whoever asks', async () => {
    const hash = await hashPassphrase('correct-horse-battery');
    const access = open([entry('p', '', { hash })]);
    const many = Array.from({ length: 20 }, (_, i) =>
      codeOf(access.authenticate(`Bearer guess-${i}`, `192.0.2.${i}`)),
    );
    const codes = await Promise.all(many);
    expect(codes.filter((code) => code === 'unauthorized')).toHaveLength(2);
    expect(codes.filter((code) => code === 'too-many-attempts')).toHaveLength(18);
  });

  it('gives tickets that are good once, for a time, and only to its holder', async () => {
    const access = open();
    const holder = await access.authenticate(`Bearer ${first}`, '192.0.2.1');
    const { ticket, expiresInMs } = access.issueTicket(holder);
    expect(expiresInMs).toBe(5_000);
    expect(await access.redeem(ticket, '192.0.2.1')).toBe(holder);
    expect(await codeOf(access.redeem(ticket, '192.0.2.1'))).toBe('unauthorized');
    const late = access.issueTicket(holder).ticket;
    clock.nowMs += 5_001;
    expect(await codeOf(access.redeem(late, '192.0.2.1'))).toBe('unauthorized');
    for (let i = 0; i < 8; i++) await codeOf(access.redeem(`guess-${i}`, '192.0.2.1'));
    expect(await codeOf(access.redeem('guess', '192.0.2.1'))).toBe('too-many-attempts');
  });

  it('counts wrong tokens on when it takes the place of another', async () => {
    const before = open();
    for (let i = 0; i < 10; i++) await codeOf(before.authenticate('Bearer wrong', '192.0.2.9'));
    const settings = { required: true, tokens: [entry('a', first)], ticketMs: 5_000 };
    const after = new Access(settings, clock, undefined, before);
    expect(await codeOf(after.authenticate('Bearer wrong', '192.0.2.9'))).toBe('too-many-attempts');
    expect(await codeOf(after.authenticate('Bearer wrong', '192.0.2.10'))).toBe('unauthorized');
  });

  describe('that takes the place of another', () => {
    const settings = (tokens: TokenEntry[], ticketMs = 5_000) => ({ required: true, tokens, ticketMs });
    /** A ticket of the token `a` as it was, used where it is as `tokens` say. */
    const redeemed = async (tokens: TokenEntry[], ticketMs?: number): Promise<Principal> => {
      const before = open();
      const { ticket } = before.issueTicket(await before.authenticate(`Bearer ${first}`, '192.0.2.1'));
      clock.nowMs += 1_000;
      return new Access(settings(tokens, ticketMs), clock, undefined, before).redeem(ticket, '192.0.2.1');
    };

    it('honours tickets that were not used, once, for as long as they were given for', async () => {
      expect(await redeemed([entry('a', first)], 10)).toMatchObject({ name: 'a' });
      const before = open();
      const holder = await before.authenticate(`Bearer ${first}`, '192.0.2.1');
      const [used, late] = [before.issueTicket(holder).ticket, before.issueTicket(holder).ticket];
      await before.redeem(used, '192.0.2.1');
      const after = new Access(settings([entry('a', first)], 60_000), clock, undefined, before);
      expect(await codeOf(after.redeem(used, '192.0.2.1'))).toBe('unauthorized');
      clock.nowMs += 5_001;
      expect(await codeOf(after.redeem(late, '192.0.2.1'))).toBe('unauthorized');
    });

    it('lets their holders do what their token may do now', async () => {
      const changed = entry('a', first, { roles: ['publish'], streams: ['yard'] });
      expect(await redeemed([changed])).toEqual({ name: 'a', roles: ['publish'], streams: ['yard'] });
    });

    it('refuses those whose token is gone, or is another of its name', async () => {
      expect(await codeOf(redeemed([entry('b', second)]))).toBe('unauthorized');
      expect(await codeOf(redeemed([entry('a', newToken())]))).toBe('unauthorized');
      // Under another name it is another token, as for connections that are open.
      expect(await codeOf(redeemed([entry('b', first)]))).toBe('unauthorized');
    });

    it('knows whom it would let in for the same: those whose token stands as it did', async () => {
      const before = open();
      const holder = await before.authenticate(`Bearer ${first}`, '192.0.2.1');
      const standsWith = (...tokens: TokenEntry[]): boolean =>
        new Access(settings(tokens), clock, undefined, before).stands(holder);
      expect(before.stands(holder)).toBe(true);
      expect(standsWith(entry('b', second), entry('a', first))).toBe(true);
      expect(standsWith(entry('a', first, { roles: ['publish'] }))).toBe(false);
      expect(standsWith(entry('a', first, { streams: ['yard'] }))).toBe(false);
      expect(standsWith(entry('a', second))).toBe(false);
      expect(standsWith(entry('b', first))).toBe(false);
      expect(standsWith()).toBe(false);
      const toAll = new Access({ ...settings([]), required: false }, clock, undefined, before);
      expect([holder, EVERYONE].map((one) => toAll.stands(one))).toEqual([true, true]);
      expect(before.stands(EVERYONE)).toBe(false);
    });

    it('keeps knowing a holder through several that leave the token as it was', async () => {
      let access = open();
      const holder = await access.authenticate(`Bearer ${first}`, '192.0.2.1');
      for (let i = 0; i < 3; i++)
        access = new Access(settings([entry('a', first)]), clock, undefined, access);
      expect(access.stands(holder)).toBe(true);
      expect(await access.authenticate(`Bearer ${first}`, '192.0.2.1')).toBe(holder);
    });

    it('refuses those of everyone where a token is asked for now', async () => {
      const before = new Access({ required: false, tokens: [], ticketMs: 5_000 }, clock);
      const { ticket } = before.issueTicket(EVERYONE);
      const after = new Access(settings([entry(EVERYONE.name, first)]), clock, undefined, before);
      expect(await codeOf(after.redeem(ticket, '192.0.2.1'))).toBe('unauthorized');
    });
  });

  it('refuses a hash that is none', () => {
    expect(() => open([entry('x', '', { hash: 'md5:abc' })])).toThrow('The hash of the token "x" is none.');
  });
});

describe('token hashes', () => {
  it('of a short text never match, so that a plain SHA-256 of a password opens nothing', async () => {
    const access = new Access({ required: true, tokens: [entry('weak', 'hunter2')], ticketMs: 1_000 });
    expect(await codeOf(access.authenticate('Bearer hunter2', '192.0.2.1'))).toBe('unauthorized');
  });

  it.each([
    'sha256:',
    `sha256:${'0'.repeat(63)}`,
    `sha512:${'0'.repeat(64)}`,
    `scrypt:32769:8:1:${'A'.repeat(22)}:${'A'.repeat(43)}`,
    `scrypt:8388608:8:1:${'A'.repeat(22)}:${'A'.repeat(43)}`,
    `scrypt:1:8:1:${'A'.repeat(22)}:${'A'.repeat(43)}`,
    `scrypt:32768:0:1:${'A'.repeat(22)}:${'A'.repeat(43)}`,
    `scrypt:32768:8:17:${'A'.repeat(22)}:${'A'.repeat(43)}`,
    `scrypt:32768:8:1:AAAA:${'A'.repeat(43)}`,
  ])('%s is none', (text) => expect(parseTokenHash(text)).toBeNull());

  it('read any text without failing', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((rest) => `scrypt:${rest}`),
        ),
        (text) => {
          parseTokenHash(text);
        },
      ),
    );
  });
});

describe('Limiter', () => {
  it('remembers no more keys than it is told, dropping the one that tried longest ago', () => {
    const limiter = new Limiter({ burst: 1, refillMs: 1e9, maxKeys: 100 });
    for (let i = 0; i < 1_000; i++) limiter.take(`10.0.${i >> 8}.${i & 255}`, i);
    expect(limiter.size).toBe(100);
    expect(limiter.take('10.0.3.231', 1_000)).toBe(false);
    expect(limiter.take('10.0.0.1', 1_000)).toBe(true);
  });

  it('never lets more through in a time than burst and refill allow', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 2_000 }), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (gaps) => {
        const limiter = new Limiter({ burst: 5, refillMs: 1_000, maxKeys: 10 });
        let nowMs = 0;
        let taken = 0;
        for (const gap of gaps) {
          nowMs += gap;
          if (limiter.take('a', nowMs)) taken += 1;
          else expect(limiter.waitMs('a', nowMs)).toBeGreaterThan(0);
        }
        expect(taken).toBeLessThanOrEqual(5 + nowMs / 1_000 + 1e-6);
      }),
    );
  });
});

it('addressKey takes the first 64 bits of an IPv6 address as one', () => {
  expect(addressKey('2001:db8:0:0:ffff::2')).toBe(addressKey('2001:db8::1'));
  expect(addressKey('2001:db8:0:1::1')).not.toBe(addressKey('2001:db8::1'));
  expect(addressKey('::ffff:10.0.0.1')).toBe(addressKey('10.0.0.1'));
  expect(addressKey('10.0.0.2')).not.toBe(addressKey('10.0.0.1'));
});

describe('PublishingLimits', () => {
  const holder = (name: string): Principal => ({ name, roles: ['publish'], streams: null });

  function limits(whipPostsPerMinute: number, whipPatchesPerMinute: number) {
    const clock = new HandClock();
    const reasons: LimitReason[] = [];
    const limiter = new PublishingLimits({ whipPostsPerMinute, whipPatchesPerMinute }, clock, (reason) =>
      reasons.push(reason),
    );
    /** Seconds to wait; 0 where it was let in. */
    const ask = (request: PublishingRequest, address: string, principal = EVERYONE): number => {
      try {
        limiter.require(request, address, principal);
        return 0;
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'too-many-requests', retryable: true });
        return Number((thrown as EarsightError).details['retryAfterS']);
      }
    };
    return { clock, reasons, ask };
  }

  it('counts offers and requests of sessions apart, by address, and says how long to wait', () => {
    const { clock, reasons, ask } = limits(3, 5);
    const posts = Array.from({ length: 4 }, () => ask('post', '192.0.2.1'));
    expect(posts).toEqual([0, 0, 0, 20]);
    expect(ask('post', '192.0.2.2')).toBe(0);
    const patches = Array.from({ length: 6 }, () => ask('patch', '192.0.2.1'));
    expect(patches).toEqual([0, 0, 0, 0, 0, 12]);
    expect(reasons).toEqual(['whip-post-address', 'whip-patch-address']);
    clock.nowMs += 19_000;
    expect(ask('post', '192.0.2.1')).toBe(1);
    clock.nowMs += 1_000;
    expect(ask('post', '192.0.2.1')).toBe(0);
    expect(ask('post', '192.0.2.1')).toBe(20);
  });

  it('counts a token wherever it comes from, and what is refused against nobody', () => {
    const { clock, reasons, ask } = limits(3, 5);
    const answers = [1, 2, 3, 4, 4].map((host) => ask('post', `192.0.2.${host}`, holder('cam')));
    expect(answers).toEqual([0, 0, 0, 20, 20]);
    expect(reasons).toEqual(['whip-post-token', 'whip-post-token']);
    for (let i = 0; i < 3; i++) expect(ask('post', '192.0.2.4', holder('other'))).toBe(0);
    expect(ask('post', '192.0.2.4', holder('third'))).toBe(20);
    expect(reasons.at(-1)).toBe('whip-post-address');
    clock.nowMs += 20_000;
    expect(ask('post', '192.0.2.4', holder('third'))).toBe(0);
  });

  it('counts on when it takes the place of another, where the rate is the same', () => {
    const clock = new HandClock();
    const before = new PublishingLimits({ whipPostsPerMinute: 1, whipPatchesPerMinute: 1 }, clock);
    before.require('post', '192.0.2.1', EVERYONE);
    before.require('patch', '192.0.2.1', EVERYONE);
    const rates = { whipPostsPerMinute: 1, whipPatchesPerMinute: 2 };
    const after = new PublishingLimits(rates, clock, undefined, before);
    expect(() => after.require('post', '192.0.2.1', EVERYONE)).toThrow(/Wait 60 s/);
    expect(() => after.require('patch', '192.0.2.1', EVERYONE)).not.toThrow();
  });

  it('never hinders a webcam that calls once a second, by default', () => {
    const { whipPostsPerMinute, whipPatchesPerMinute } = defaultConfig().limits;
    const { clock, reasons, ask } = limits(whipPostsPerMinute, whipPatchesPerMinute);
    for (let second = 0; second < 3_600; second++) {
      ask('post', '127.0.0.1', holder('cam'));
      for (let candidate = 0; candidate < 9; candidate++) ask('patch', '127.0.0.1', holder('cam'));
      ask('patch', '127.0.0.1', holder('cam'));
      clock.nowMs += 1_000;
    }
    expect(reasons).toEqual([]);
  });
});

it('tickets of one holder are bounded, and push out none of another', () => {
  const tickets = new Tickets();
  const token = (name: string) => ({ name, hash: 'sha256:...' });
  const kept = tickets.issue(token('quiet'), 0, 1_000);
  const issued = Array.from({ length: 300 }, () => tickets.issue(token('busy'), 0, 1_000));
  expect(issued.map((ticket) => tickets.redeem(ticket, 1)).filter((found) => found !== null)).toHaveLength(
    256,
  );
  expect(tickets.redeem(kept, 1)?.name).toBe('quiet');
});

describe('principals', () => {
  const limited: Principal = { name: 'x', roles: ['view', 'publish'], streams: ['yard', 'door-*'] };
  it('hold roles for their streams alone', () => {
    expect(mayOn(limited, 'view', 'yard')).toBe(true);
    expect(mayOn(limited, 'publish', 'door-2')).toBe(true);
    expect(mayOn(limited, 'view', 'yard2')).toBe(false);
    expect(mayOn(limited, 'admin', 'yard')).toBe(false);
    expect(mayEverywhere(limited, 'view')).toBe(false);
    expect(mayEverywhere({ ...limited, streams: ['*'] }, 'view')).toBe(true);
    expect(hasRole(EVERYONE, 'publish')).toBe(true);
  });
});

describe('clientAddress', () => {
  const proxies = new AddressRanges(['10.0.0.0/8']);
  it.each([
    ['198.51.100.1', '203.0.113.9', '198.51.100.1'],
    ['10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['10.0.0.1', '1.1.1.1, 203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['::ffff:10.0.0.1', '', '10.0.0.1'],
    ['10.0.0.1', '10.0.0.3', '10.0.0.3'],
    ['10.0.0.1', 'rubbish', 'rubbish'],
  ])('%s, forwarded for "%s", is %s', (remote, forwarded, address) => {
    expect(clientAddress(remote, forwarded, proxies)).toBe(address);
  });
});

describe('listening', () => {
  it('asks for tokens as soon as others can reach it', () => {
    for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) expect(isLoopback(host)).toBe(true);
    for (const host of ['0.0.0.0', '::', '192.168.1.5', 'camera-box']) {
      expect(isTokenRequired('auto', host)).toBe(true);
      expect(isTokenRequired('none', host)).toBe(false);
    }
    expect(isTokenRequired('auto', '127.0.0.1')).toBe(false);
    expect(isTokenRequired('tokens', '127.0.0.1')).toBe(true);
  });

  it('knows the names it is asked for by', () => {
    const names = expectedNames({
      host: 'box.lan',
      allowedHosts: ['Cam.Example'],
      allowedOrigins: ['https://dash.example:8443'],
    });
    const hosts = [
      'localhost:8080',
      'a.localhost',
      '127.0.0.1:8080',
      '[::1]:8080',
      '192.168.1.9',
      'BOX.lan:80',
    ];
    for (const host of [...hosts, 'cam.example', 'dash.example', undefined]) {
      expect(isExpectedHost(host, names), String(host)).toBe(true);
    }
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example:80',
      'box.lan@evil',
      '',
    ]) {
      expect(isExpectedHost(host, names), host).toBe(false);
    }
  });
});
