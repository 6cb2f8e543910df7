import { map, NEVER, of, Subject, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { batchNewest } from './batch-newest.ts';

const marbles = (body: Parameters<TestScheduler['run']>[0]): void => {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(body);
};

/** Items are `<key><number>`; a batch of them takes `frames` and comes back joined with `+`. */
const modelOf = (frames: number) => (batch: readonly string[]) =>
  timer(frames).pipe(map(() => batch.join('+')));
const keyOf = (item: string): string => item[0]!;
const A = { a: 'a1', b: 'a2', c: 'a3', d: 'a4' };

describe('batchNewest', () => {
  it('keeps the newest of one key while the model is busy, and never idles', () => {
    marbles(({ hot, expectObservable, expectSubscriptions, flush }) => {
      const dropped: string[] = [];
      const source = hot('  a-b-c-d-|', A);
      const subs = '        ^-------!';
      const expected = '    -----x----y----(z|)';
      const result = source.pipe(
        batchNewest({
          key: keyOf,
          maxBatch: 4,
          maxDelayMs: 0,
          concurrency: 1,
          project: modelOf(5),
          onDrop: (item, reason) => dropped.push(`${item} ${reason}`),
        }),
      );
      // a at 0 runs to 5; b superseded by c at 4; c runs 5..10; d waits, runs 10..15.
      expectObservable(result).toBe(expected, { x: 'a1', y: 'a3', z: 'a4' });
      expectSubscriptions(source.subscriptions).toBe(subs);
      flush();
      expect(dropped).toEqual(['a2 superseded']);
    });
  });

  it('batches across keys, up to maxBatch, first come first served', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('(abcde)', { a: 'a1', b: 'b1', c: 'c1', d: 'd1', e: 'e1' });
      const result = source.pipe(
        batchNewest({ key: keyOf, maxBatch: 2, maxDelayMs: 0, concurrency: 1, project: modelOf(3) }),
      );
      // Nothing waits when a arrives, so a runs alone; then b+c, then d+e.
      expectObservable(result).toBe('---x--y--z', { x: 'a1', y: 'b1+c1', z: 'd1+e1' });
    });
  });

  it('gives a key that must be alone a batch of its own, in its turn and without waiting', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('(abcde)', { a: 'a1', b: 'b1', c: 'c1', d: 'd1', e: 'e1' });
      const result = source.pipe(
        batchNewest({
          key: keyOf,
          maxBatch: 3,
          maxDelayMs: 0,
          concurrency: 1,
          alone: (key) => key === 'c',
          project: modelOf(3),
        }),
      );
      // a runs at once; b is first in line and takes d and e along, past c; then c.
      expectObservable(result).toBe('---x--y--z', { x: 'a1', y: 'b1+d1+e1', z: 'c1' });
    });
  });

  it('waits at most maxDelayMs for company', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('a-b-----c', { a: 'a1', b: 'b1', c: 'c1' });
      const result = source.pipe(
        batchNewest({ key: keyOf, maxBatch: 4, maxDelayMs: 4, concurrency: 1, project: modelOf(1) }),
      );
      expectObservable(result, '^-------------!').toBe('-----x-------y', { x: 'a1+b1', y: 'c1' });
    });
  });

  it('starts a full batch without waiting', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('a-b', { a: 'a1', b: 'b1' });
      const result = source.pipe(
        batchNewest({ key: keyOf, maxBatch: 2, maxDelayMs: 9, concurrency: 1, project: modelOf(1) }),
      );
      expectObservable(result).toBe('---x', { x: 'a1+b1' });
    });
  });

  it('runs `concurrency` batches, but never two items of one key at a time', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('abc', { a: 'a1', b: 'a2', c: 'b1' });
      const result = source.pipe(
        batchNewest({ key: keyOf, maxBatch: 1, maxDelayMs: 0, concurrency: 2, project: modelOf(5) }),
      );
      expectObservable(result).toBe('-----x-y--z', { x: 'a1', y: 'b1', z: 'a2' });
    });
  });

  it('serves every key in turn, however fast one of them is', () => {
    marbles(({ expectObservable, cold }) => {
      const fast = cold('(abcd)', { a: 'a1', b: 'b1', c: 'c1', d: 'a2' });
      const result = fast.pipe(
        batchNewest({ key: keyOf, maxBatch: 1, maxDelayMs: 0, concurrency: 1, project: modelOf(2) }),
      );
      expectObservable(result).toBe('--x-y-z-w', { x: 'a1', y: 'b1', z: 'c1', w: 'a2' });
    });
  });

  it('keeps a key its place in the queue when its waiting item is replaced', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('abcd', { a: 'x1', b: 'a1', c: 'b1', d: 'a2' });
      const result = source.pipe(
        batchNewest({ key: keyOf, maxBatch: 1, maxDelayMs: 0, concurrency: 1, project: modelOf(6) }),
      );
      expectObservable(result).toBe('------x-----y-----z', { x: 'x1', y: 'a2', z: 'b1' });
    });
  });

  it('bounds the age of what is served under ten times the load it can serve', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(() => {
      const served = new Map<string, number>();
      const agesMs: number[] = [];
      let dropped = 0;
      const items = new Subject<{ key: string; bornMs: number }>();
      // 40 cameras at 10 a second against a model that takes 25 ms a frame, that is 40 a second.
      const subscription = items
        .pipe(
          batchNewest({
            key: (item) => item.key,
            maxBatch: 1,
            maxDelayMs: 0,
            concurrency: 1,
            project: (batch) =>
              timer(25).pipe(
                map(() => {
                  agesMs.push(scheduler.now() - batch[0]!.bornMs);
                  served.set(batch[0]!.key, (served.get(batch[0]!.key) ?? 0) + 1);
                }),
              ),
            onDrop: () => dropped++,
            scheduler,
          }),
        )
        .subscribe();
      const cameras = Array.from({ length: 40 }, (_, i) =>
        timer(i, 100).subscribe(() => items.next({ key: `cam${i}`, bornMs: scheduler.now() })),
      );
      scheduler.schedule(() => {
        subscription.unsubscribe();
        for (const camera of cameras) camera.unsubscribe();
        const counts = [...served.values()];
        expect(served.size).toBe(40);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        expect(Math.max(...agesMs)).toBeLessThanOrEqual(100 + 25);
        expect(agesMs.length).toBeGreaterThan(390);
        expect(dropped).toBeGreaterThan(3000);
      }, 10_000);
    });
  });

  it('works off what waits after the source completes, then completes', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('ab|', { a: 'a1', b: 'b1' });
      const result = source.pipe(
        batchNewest({ key: keyOf, maxBatch: 1, maxDelayMs: 50, concurrency: 1, project: modelOf(3) }),
      );
      expectObservable(result).toBe('---x--(y|)', { x: 'a1', y: 'b1' });
    });
  });

  it('reports what waits on teardown and releases source and timer', () => {
    marbles(({ hot, expectObservable, expectSubscriptions, flush }) => {
      const dropped: string[] = [];
      const source = hot('ab-', { a: 'a1', b: 'a2' });
      const result = source.pipe(
        batchNewest({
          key: keyOf,
          maxBatch: 1,
          maxDelayMs: 0,
          concurrency: 1,
          project: () => NEVER,
          onDrop: (item, reason) => dropped.push(`${item} ${reason}`),
        }),
      );
      expectObservable(result, '^---!').toBe('----');
      expectSubscriptions(source.subscriptions).toBe('^---!');
      flush();
      expect(dropped).toEqual(['a2 teardown']);
    });
  });

  it('passes an error of the model on and stops', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('a-b', { a: 'a1', b: 'a2' });
      const result = source.pipe(
        batchNewest({
          key: keyOf,
          maxBatch: 1,
          maxDelayMs: 0,
          concurrency: 1,
          project: () =>
            of(1).pipe(
              map(() => {
                throw new Error('boom');
              }),
            ),
        }),
      );
      expectObservable(result).toBe('#', {}, new Error('boom'));
      expectSubscriptions(source.subscriptions).toBe('(^!)');
    });
  });
});
