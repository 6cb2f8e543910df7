import { describe, expect, it } from 'vitest';
import { LogTail } from './log-tail.ts';

const redact = (line: string): string => line.replaceAll('hunter2', '***');

describe('LogTail', () => {
  it('puts lines together and redacts them before anyone sees them', () => {
    const told: string[] = [];
    const tail = new LogTail({ redact, onLine: (line) => told.push(line) });
    for (const piece of ['open rtsp://a:hun', 'ter2@h\nnext', ' line\r\n', 'last hunter2']) tail.push(piece);
    tail.flush();
    expect(told).toEqual(['open rtsp://a:***@h', 'next line', 'last ***']);
    expect(tail.lines).toEqual(told);
  });

  it('keeps the newest lines only', () => {
    const tail = new LogTail({ redact, maxLines: 3 });
    for (let i = 0; i < 10; i++) tail.push(`${i}\n`);
    expect(tail.lines).toEqual(['7', '8', '9']);
  });

  it('cuts an endless line once and goes on with the next', () => {
    const tail = new LogTail({ redact, maxLineChars: 10 });
    for (let i = 0; i < 100; i++) tail.push('abcdefgh');
    tail.push('hunter2\nfresh\n');
    expect(tail.lines).toEqual(['abcdefghab', 'fresh']);
  });
});
