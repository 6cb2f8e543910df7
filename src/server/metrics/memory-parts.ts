/** Where the memory of the server is: its own heap and buffers, everything native, and the processes that decode. */

import { readdirSync, readFileSync } from 'node:fs';

/**
 * Bytes by part. `heap` and `buffers` are the main thread's; `other` is what else this process holds by itself: the
 * model's sessions, worker threads, libraries' own memory. `media_processes` are its children. Pages of program files,
 * which all processes share, count nowhere. The last two need Linux's /proc and are absent elsewhere.
 */
export function memoryParts(): Record<string, number> {
  const { heapUsed, external } = process.memoryUsage();
  const parts: Record<string, number> = { heap: heapUsed, buffers: external };
  const own = anonymousBytes('self');
  if (own === null) return parts;
  parts['other'] = Math.max(0, own - heapUsed - external);
  parts['media_processes'] = childIds().reduce((sum, pid) => sum + (anonymousBytes(pid) ?? 0), 0);
  return parts;
}

/** Resident memory that belongs to the process alone; null when it is gone, or there is no /proc. */
function anonymousBytes(pid: string): number | null {
  const status = textOf(`/proc/${pid}/status`);
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(status ?? '')?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}

/** A child is listed with the thread that started it. */
function childIds(): string[] {
  try {
    const threads = readdirSync('/proc/self/task');
    return threads.flatMap((id) =>
      (textOf(`/proc/self/task/${id}/children`) ?? '').split(' ').filter(Boolean),
    );
  } catch {
    return [];
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
