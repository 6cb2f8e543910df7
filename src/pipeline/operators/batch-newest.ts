/** batchNewest: keep-newest per key and batch-within across keys in one operator, fair between keys. */

import {
  asyncScheduler,
  from,
  Observable,
  type ObservableInput,
  type OperatorFunction,
  type SchedulerLike,
  type Subscription,
} from 'rxjs';

export interface BatchNewestConfig<T, K, R> {
  /** Whose item it is. Each key has one waiting slot and at most one item in flight, so its results keep order. */
  key: (item: T) => K;
  /** Most items in one batch, at least 1. */
  maxBatch: number;
  /** Keys whose items get a batch of their own, because they may spoil it. None unless told. */
  alone?: (key: K) => boolean;
  /** How long the first waiting item may wait for company while a place is free; 0 dispatches at once. */
  maxDelayMs: number;
  /** Batches in flight at a time, at least 1. */
  concurrency: number;
  /** Works on a batch; what it emits is emitted, its completion frees the place. An error ends the stream. */
  project: (batch: readonly T[]) => ObservableInput<R>;
  /** Told of every item that is dropped. `superseded`: a newer item of its key came; `teardown`: unsubscribed. */
  onDrop?: (item: T, reason: 'superseded' | 'teardown') => void;
  scheduler?: SchedulerLike;
}

/**
 * Policy keep-newest: the buffer holds at most one item per key (so its bound is the number of keys); a newer item
 * takes the waiting one's place in the queue, and the drop is reported. Keys are served first come, first served;
 * a key served goes to the end, so that a fast key cannot starve a slow one. An item leaves its slot only when a
 * batch starts, hence what the model sees is never older than one batch's turn, whatever the load.
 *
 * Unlike `exhaustMap`, a free place never idles while an item waits; unlike `bufferTime`, nothing piles up.
 */
export function batchNewest<T, K, R>(config: BatchNewestConfig<T, K, R>): OperatorFunction<T, R> {
  const { key, maxBatch, maxDelayMs, concurrency, project, onDrop, scheduler = asyncScheduler } = config;
  const alone = config.alone ?? (() => false);
  return (source) =>
    new Observable<R>((subscriber) => {
      /** Insertion order is the order of service; replacing a value keeps the key's place. */
      const waiting = new Map<K, { item: T; sinceMs: number }>();
      const flying = new Set<K>();
      let batches = 0;
      let sourceDone = false;
      let wake: Subscription | undefined;

      const ready = (): K[] => {
        const keys: K[] = [];
        for (const candidate of waiting.keys()) {
          if (flying.has(candidate)) continue;
          if (alone(candidate)) {
            if (keys.length === 0) return [candidate];
            continue;
          }
          keys.push(candidate);
          if (keys.length === maxBatch) break;
        }
        return keys;
      };

      const start = (keys: readonly K[]): void => {
        const batch = keys.map((k) => waiting.get(k)!.item);
        for (const k of keys) {
          waiting.delete(k);
          flying.add(k);
        }
        batches++;
        const release = (): void => {
          batches--;
          for (const k of keys) flying.delete(k);
          dispatch();
        };
        subscriber.add(
          from(project(batch)).subscribe({
            next: (result) => subscriber.next(result),
            error: (error: unknown) => subscriber.error(error),
            complete: release,
          }),
        );
      };

      const dispatch = (): void => {
        wake?.unsubscribe();
        wake = undefined;
        while (batches < concurrency && !subscriber.closed) {
          const keys = ready();
          const first = keys[0];
          if (first === undefined) break;
          const waitedMs = scheduler.now() - waiting.get(first)!.sinceMs;
          if (keys.length < maxBatch && !alone(first) && waitedMs < maxDelayMs && !sourceDone) {
            wake = scheduler.schedule(dispatch, maxDelayMs - waitedMs);
            return;
          }
          start(keys);
        }
        if (sourceDone && batches === 0 && waiting.size === 0) subscriber.complete();
      };

      subscriber.add(() => {
        wake?.unsubscribe();
        const left = [...waiting.values()];
        waiting.clear();
        for (const { item } of left) onDrop?.(item, 'teardown');
      });
      subscriber.add(
        source.subscribe({
          next: (item) => {
            const k = key(item);
            const older = waiting.get(k);
            if (older === undefined) waiting.set(k, { item, sinceMs: scheduler.now() });
            else {
              const dropped = older.item;
              older.item = item;
              onDrop?.(dropped, 'superseded');
            }
            dispatch();
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => {
            sourceDone = true;
            dispatch();
          },
        }),
      );
    });
}
