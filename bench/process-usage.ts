/** CPU and memory of a process and all its descendants, from /proc (Linux). */

import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  /** CPU seconds since each process began, summed over the tree. */
  cpuS: number;
  /** Proportional share of memory where the kernel tells it, resident set otherwise; summed. */
  memoryBytes: number;
  /** Of it what no file is behind: heaps and stacks, whoever else runs the same program. */
  anonymousBytes: number;
  processes: number;
}

const TICKS_PER_S = 100;

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

/** `/proc/<pid>/stat` fields after the command name, which may hold spaces. */
const statOf = (pid: number): string[] | null =>
  read(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ') ?? null;

export function usageOfTree(rootPid: number): Usage {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? statOf(pid) : null;
    const parent = Number(stat?.[1]);
    if (stat) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const usage: Usage = { cpuS: 0, memoryBytes: 0, anonymousBytes: 0, processes: 0 };
  const queue = [rootPid];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    queue.push(...(children.get(pid) ?? []));
    const stat = statOf(pid);
    if (!stat) continue;
    usage.processes++;
    usage.cpuS += (Number(stat[11]) + Number(stat[12])) / TICKS_PER_S;
    const rollup = read(`/proc/${pid}/smaps_rollup`) ?? '';
    const pssKb = /^Pss:\s+(\d+)/m.exec(rollup)?.[1];
    usage.anonymousBytes += Number(/^Pss_Anon:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) * 1024;
    usage.memoryBytes += pssKb ? Number(pssKb) * 1024 : Number(stat[21]) * 4096;
  }
  return usage;
}
