/** Decodes what the cache does not have yet: resumable, with progress; a clip that cannot be read costs only itself. */

import { availableParallelism } from 'node:os';
import { messageOf } from '../../../pipeline/errors.ts';
import type { Picture } from '../../../pipeline/ingest/media/picture-scaler.ts';
import { readPictures, readStretches } from '../../media/clip-moments.ts';
import type { TrackFacts } from '../../media/media-track.ts';
import type { MediaFile } from '../media-finder.ts';
import type { Position } from '../moment.ts';
import type { ClipCache } from './clip-cache.ts';
import type { EntryMask } from './entry.ts';
import type { EntryOptions, LocatedMoment } from './locate.ts';
import { readMask } from './mask-file.ts';
import { repeatToFill, secondsAt, windowStart } from './window.ts';

/** Moments of one clip that are decoded in one pass over it: bounds the memory, 300 KB a moment. */
const MAX_PER_PASS = 32;
/** Files decoded at once. */
const MAX_AT_ONCE = 4;

export interface PrepareProgress {
  /** Moments dealt with, of those that were not in the cache. */
  done: number;
  total: number;
  unreadable: number;
  /** By the pace so far. */
  secondsLeft: number;
}

export interface UnreadableMedia {
  id: string;
  /** Names the file. */
  reason: string;
}

/**
 * Fills `cache` with the moments that it lacks.
 * @returns those whose media cannot be decoded, also of earlier times.
 * @throws EarsightError `bad-dataset` when the cache cannot be written; the signal's reason when it aborts. What was
 * decoded until then stays.
 */
export async function prepare(
  moments: readonly LocatedMoment[],
  cache: ClipCache,
  options: EntryOptions,
  listening: {
    onProgress?: ((progress: PrepareProgress) => void) | undefined;
    signal?: AbortSignal | undefined;
  } = {},
): Promise<UnreadableMedia[]> {
  const todo = new Map<string, LocatedMoment>();
  for (const located of moments) {
    if (!cache.has(located.key) && cache.failureOf(located.key) === null) todo.set(located.key, located);
  }
  const total = todo.size;
  const passes = passesOf([...todo.values()]);
  const startedMs = performance.now();
  let done = 0;
  let unreadable = 0;
  const work = async (): Promise<void> => {
    for (let pass = passes.pop(); pass !== undefined; pass = passes.pop()) {
      listening.signal?.throwIfAborted();
      for (const { located, reason } of await decode(pass, cache, options)) {
        cache.writeFailure(located.key, reason);
        unreadable++;
      }
      done += pass.length;
      const secondsLeft = ((performance.now() - startedMs) / 1000 / done) * (total - done);
      listening.onProgress?.({ done, total, unreadable, secondsLeft });
    }
  };
  await Promise.all(Array.from({ length: Math.min(MAX_AT_ONCE, availableParallelism()) }, work));
  return moments.flatMap(({ key, moment }) =>
    cache.has(key) ? [] : [{ id: moment.id, reason: cache.failureOf(key) ?? 'its cache entry has gone' }],
  );
}

/**
 * Moments of the same recordings together (photos of one clip share its sound), in the order of time. The first pass
 * is the list's last.
 */
function passesOf(todo: readonly LocatedMoment[]): LocatedMoment[][] {
  const passes: LocatedMoment[][] = [];
  for (const group of Map.groupBy(todo, ({ sounds }) => sounds.map(({ path }) => path).join('\n')).values()) {
    group.sort((a, b) => orderOf(a) - orderOf(b));
    for (let at = 0; at < group.length; at += MAX_PER_PASS) passes.push(group.slice(at, at + MAX_PER_PASS));
  }
  return passes.reverse();
}

function orderOf({ moment }: LocatedMoment): number {
  const at = moment.pictures[0]?.at ?? { seconds: 0 };
  return 'seconds' in at ? at.seconds : 'fraction' in at ? at.fraction : at.frame;
}

interface Failure {
  located: LocatedMoment;
  reason: string;
}

async function decode(
  pass: readonly LocatedMoment[],
  cache: ClipCache,
  options: EntryOptions,
): Promise<Failure[]> {
  const failures = new Map<LocatedMoment, string>();
  const pictures = await readAll(pass, 'pictures', failures, (path, ats) =>
    picturesOf(path, ats, options.pictureSide),
  );
  const sounds = await readAll(pass, 'sounds', failures, (path, ats) => soundsOf(path, ats, options));
  for (const located of pass) {
    if (failures.has(located)) continue;
    let masks: EntryMask[];
    try {
      masks = await masksOf(located);
    } catch (thrown) {
      failures.set(located, messageOf(thrown));
      continue;
    }
    cache.write(located.key, {
      pictures: pictures.get(located) ?? [],
      samples: mixed(sounds.get(located) ?? []),
      masks,
    });
  }
  return [...failures].map(([located, reason]) => ({ located, reason }));
}

/** Reads what all moments of a pass want of each file at once; null answers fail their moment alone. */
async function readAll<T>(
  pass: readonly LocatedMoment[],
  kind: 'pictures' | 'sounds',
  failures: Map<LocatedMoment, string>,
  read: (path: string, ats: Position[]) => Promise<(T | null)[]>,
): Promise<Map<LocatedMoment, T[]>> {
  const wanted = pass.flatMap((located) =>
    located[kind].map((file: MediaFile, index) => ({
      located,
      file,
      index,
      at: located.moment[kind][index]!.at,
    })),
  );
  const results = new Map<LocatedMoment, T[]>(pass.map((located) => [located, []]));
  for (const [path, requests] of Map.groupBy(wanted, ({ file }) => file.path)) {
    let answers: (T | null)[];
    try {
      answers = await read(
        path,
        requests.map(({ at }) => at),
      );
    } catch (thrown) {
      for (const { located } of requests) failures.set(located, messageOf(thrown));
      continue;
    }
    for (const [i, { located, index }] of requests.entries()) {
      const answer = answers[i] ?? null;
      if (answer === null)
        failures.set(located, `${path}: it ends before the moment. Fetch it again, or correct the moment.`);
      else results.get(located)![index] = answer;
    }
  }
  return results;
}

const PHOTO = /\.(jpe?g|png|bmp|webp|gif)$/i;

function picturesOf(path: string, ats: Position[], side: number): Promise<(Picture | null)[]> {
  const secondsOf = (facts: TrackFacts): number[] =>
    ats.map((at) => (PHOTO.test(path) ? 0 : secondsAt(at, facts)));
  return readPictures(path, secondsOf, { width: side, height: side });
}

/** Null where the recording ends before the window begins to hold anything. */
async function soundsOf(
  path: string,
  ats: Position[],
  { rateHz, windowSamples, alignment }: EntryOptions,
): Promise<(Float32Array<ArrayBuffer> | null)[]> {
  let lengthSamples = Number.POSITIVE_INFINITY;
  const stretches = await readStretches(
    path,
    (facts) => {
      if (facts.durationSeconds !== null) lengthSamples = Math.floor(facts.durationSeconds * rateHz);
      return ats.map((at) => windowStart(at, facts, windowSamples / rateHz, alignment));
    },
    { samples: windowSamples, rateHz },
  );
  return stretches.map(({ samples, covered }) => {
    if (covered === 0) return null;
    if (lengthSamples < windowSamples) repeatToFill(samples, covered);
    return samples;
  });
}

function mixed(sounds: readonly Float32Array<ArrayBuffer>[]): Float32Array<ArrayBuffer> {
  const [first = new Float32Array(0), ...others] = sounds;
  for (const other of others) for (let i = 0; i < first.length; i++) first[i] = first[i]! + other[i]!;
  return first;
}

async function masksOf({ moment, masks }: LocatedMoment): Promise<EntryMask[]> {
  const found: EntryMask[] = [];
  for (const [region, file] of masks.entries()) {
    const mask = moment.regions[region]?.mask;
    if (file === null || mask === undefined) continue;
    found.push(...(await readMask(file.path, mask)).map((one) => ({ region, ...one })));
  }
  return found;
}
