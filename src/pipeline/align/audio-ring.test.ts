import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AudioRing } from './audio-ring.ts';

/** A value that says its position and is never zero. */
const valueAt = (position: number): number => ((((position % 65_536) + 65_536) % 65_536) + 1) / 131_072;
const chunkAt = (position: number, count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => valueAt(position + i));

describe('audio ring', () => {
  it('says what it is missing before the first sample', () => {
    const ring = new AudioRing(100);
    const out = new Float32Array(10).fill(7);
    expect(ring.read(50, 10, out)).toBe(10);
    expect(out.every((value) => value === 0)).toBe(true);
    expect([ring.startSample, ring.endSample]).toEqual([null, null]);
  });

  it('keeps the newest of a chunk longer than itself', () => {
    const ring = new AudioRing(100);
    expect(ring.append(-30, chunkAt(-30, 250))).toBe(250);
    const out = new Float32Array(120);
    expect(ring.read(220, 120, out)).toBe(20);
    expect(out.subarray(20)).toEqual(chunkAt(120, 100));
  });

  it('keeps what came first where chunks overlap', () => {
    const ring = new AudioRing(100);
    ring.append(0, chunkAt(0, 20));
    expect(ring.append(5, new Float32Array(10).fill(9))).toBe(0);
    expect(ring.append(10, new Float32Array(20).fill(9))).toBe(10);
    const out = new Float32Array(30);
    ring.read(30, 30, out);
    expect(out.subarray(0, 20)).toEqual(chunkAt(0, 20));
    expect(out.subarray(20)).toEqual(new Float32Array(10).fill(9));
  });

  it('grows without moving, losing or inventing a sample', () => {
    const ring = new AudioRing(100);
    ring.append(-30, chunkAt(-30, 150));
    ring.append(140, chunkAt(140, 30));
    const { generation } = ring;
    ring.grow(50);
    expect(ring.capacity).toBe(100);
    ring.grow(333);
    expect([ring.capacity, ring.startSample, ring.endSample, ring.generation]).toEqual([
      333,
      70,
      170,
      generation,
    ]);
    expect(ring.missing(60, 170)).toBe(30);
    ring.append(170, chunkAt(170, 220));
    const out = new Float32Array(320);
    expect(ring.read(390, 320, out)).toBe(20);
    expect(out.subarray(0, 50)).toEqual(chunkAt(70, 50));
    expect(out.subarray(50, 70)).toEqual(new Float32Array(20));
    expect(out.subarray(70)).toEqual(chunkAt(140, 250));
  });

  it('grows when empty', () => {
    const ring = new AudioRing(10);
    ring.grow(20);
    expect([ring.capacity, ring.startSample]).toEqual([20, null]);
  });

  it('changes its generation on clear and forgets', () => {
    const ring = new AudioRing(100);
    ring.append(0, chunkAt(0, 20));
    const before = ring.generation;
    ring.clear();
    expect(ring.generation).not.toBe(before);
    expect(ring.missing(0, 20)).toBe(20);
  });

  it('returns every held sample and a zero for every missing one (property)', () => {
    let reads = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: -1e12, max: 1e12 }),
        fc.integer({ min: 1, max: 300 }),
        fc.array(fc.record({ step: fc.integer({ min: -200, max: 200 }), count: fc.nat(400) }), {
          maxLength: 30,
        }),
        fc.array(fc.record({ back: fc.integer({ min: -50, max: 400 }), count: fc.nat(350) }), {
          minLength: 1,
        }),
        (origin, capacity, chunks, windows) => {
          const ring = new AudioRing(capacity);
          const written = new Set<number>();
          let end: number | null = null;
          for (const { step, count } of chunks) {
            const position: number = (end ?? origin) + step;
            if (count === 0) continue;
            for (let p = Math.max(position, end ?? position); p < position + count; p++) written.add(p);
            end = Math.max(end ?? position, position + count);
            ring.append(position, chunkAt(position, count));
            expect(ring.endSample).toBe(end);
          }
          for (const { back, count } of windows) {
            const windowEnd: number = (end ?? origin) - back;
            const out = new Float32Array(count + 1).fill(7);
            const missing = ring.read(windowEnd, count, out);
            let expectedMissing = 0;
            for (let i = 0; i < count; i++) {
              const position = windowEnd - count + i;
              const held = written.has(position) && end !== null && position >= end - capacity;
              if (!held) expectedMissing++;
              expect(out[i]).toBe(held ? valueAt(position) : 0);
            }
            expect(missing).toBe(expectedMissing);
            expect(out[count]).toBe(7);
            reads++;
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(reads).toBeGreaterThan(300);
  });
});
