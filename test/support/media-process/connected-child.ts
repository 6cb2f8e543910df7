/** Finds the media child that reads from a port of this machine, or receives on one. Linux only. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const ESTABLISHED = '01';

/** The child of `parentPid` with a TCP connection to `port` on 127.0.0.1; null while there is none. */
export function childConnectedTo(port: number, parentPid: number): number | null {
  return childWith(socketsTo(port), parentPid);
}

/** The child of `parentPid` that receives on a UDP port; null while there is none. */
export function childBoundTo(udpPort: number, parentPid: number): number | null {
  return childWith(socketsOn(udpPort), parentPid);
}

function childWith(inodes: ReadonlySet<string>, parentPid: number): number | null {
  if (inodes.size === 0) return null;
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (Number.isInteger(pid) && parentOf(pid) === parentPid && hasSocket(pid, inodes)) return pid;
  }
  return null;
}

/** Columns of /proc/net/tcp: number, local address, remote address, state, ..., inode. */
function socketsTo(port: number): Set<string> {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return new Set(
    rows
      .filter((row) => row[2]?.endsWith(remote) && row[3] === ESTABLISHED)
      .map((row) => `socket:[${row[9]}]`),
  );
}

/** Of /proc/net/udp, which has the same columns. */
function socketsOn(udpPort: number): Set<string> {
  const local = `:${udpPort.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = ['udp', 'udp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/)),
  );
  return new Set(rows.filter((row) => row[1]?.endsWith(local)).map((row) => `socket:[${row[9]}]`));
}

function parentOf(pid: number): number | null {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return null;
  }
}

function hasSocket(pid: number, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`));
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}
