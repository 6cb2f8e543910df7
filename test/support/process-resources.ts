/** What a process holds of the system, as the system counts it. Linux only. */

import { readdirSync, readFileSync } from 'node:fs';

/** Counts of one process; `children` of it alone, not theirs. */
export interface ProcessResources {
  threads: number;
  fileDescriptors: number;
  children: number;
}

export function resourcesOf(pid: number): ProcessResources {
  return {
    threads: readdirSync(`/proc/${pid}/task`).length,
    fileDescriptors: readdirSync(`/proc/${pid}/fd`).length,
    children: childrenOf(pid).length,
  };
}

/** All descendants that run; a zombie does not. */
export function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((other) => Number.isInteger(other) && isChildOf(other, pid));
}

function isChildOf(pid: number, parentPid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the name, which may hold anything: state, parent.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state !== 'Z' && Number(parent) === parentPid;
  } catch {
    return false;
  }
}
