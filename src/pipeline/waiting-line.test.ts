import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WaitingLine } from './waiting-line.ts';

describe('WaitingLine', () => {
  it('asks for one at a time, in order, and holds the source in between', () => {
    const seen: string[] = [];
    const line = new WaitingLine<number>({
      request: (item) => seen.push(String(item)),
      pause: () => seen.push('pause'),
      resume: () => seen.push('resume'),
    });
    for (let i = 0; i < 6; i++) line.push(i);
    while (line.busy) line.answered();
    expect(seen).toEqual(['0', 'pause', '1', '2', '3', 'resume', '4', '5']);
    expect(line.paused).toBe(false);
  });

  it('takes answers that come at once', () => {
    const seen: number[] = [];
    const line: WaitingLine<number> = new WaitingLine({
      request: (item) => {
        seen.push(item);
        line.answered();
      },
      pause: () => undefined,
      resume: () => undefined,
    });
    for (let i = 0; i < 3; i++) line.push(i);
    expect(seen).toEqual([0, 1, 2]);
    expect(line.busy).toBe(false);
  });

  it('loses nothing and stays short, however slow the answers (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 300 }), (turns) => {
        const asked: number[] = [];
        let made = 0;
        let answers = 0;
        const line = new WaitingLine<number>({
          request: (item) => asked.push(item),
          pause: () => undefined,
          resume: () => undefined,
        });
        const answer = (): void => {
          if (asked.length === answers) return;
          answers++;
          line.answered();
        };
        for (const produce of turns) {
          if (produce && !line.paused) line.push(made++);
          else answer();
          expect(asked.length - answers).toBeLessThanOrEqual(1);
          expect(made - answers).toBeLessThanOrEqual(5);
        }
        while (line.busy) answer();
        expect(asked).toEqual(Array.from({ length: made }, (_, i) => i));
      }),
    );
  });

  it('lets the source go when it is cleared', () => {
    let held = false;
    const line = new WaitingLine<number>({
      request: () => undefined,
      pause: () => {
        held = true;
      },
      resume: () => {
        held = false;
      },
    });
    for (let i = 0; i < 8; i++) line.push(i);
    expect(held).toBe(true);
    expect(line.clear()).toBe(7);
    expect(held).toBe(false);
  });
});
