/** Which examples may be learnt from and which only judged by: what belongs together is never torn apart. */

import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';

export const splits = ['train', 'validation', 'test'] as const;
export type Split = (typeof splits)[number];

/** Shares of the groups, in the order of {@link splits}. */
const shares = [0.7, 0.12, 0.18] as const;

/** Uniform in 0..1, from the group's name alone, so that a file keeps its split whatever else is there. */
function placeOf(group: string): number {
  return createHash('sha256').update(group).digest().readUInt32BE(0) / 2 ** 32;
}

function splitAt(place: number): Split {
  if (place < shares[0]) return 'train';
  return place < shares[0] + shares[1] ? 'validation' : 'test';
}

/**
 * The group of a recording, from its name: cuts of one Freesound clip (`5-181766-A`, `181766-B`), sayings of one
 * speaker or parts of one file (`fsdd_theo_07`), else the file alone.
 */
export function soundGroup(file: string): string {
  const name = basename(file).replace(/\.[^.]*$/, '');
  const freesound = /(?:^|[-_])(\d{3,})-[A-Z]$/.exec(name);
  if (freesound !== null) return `freesound ${freesound[1]!}`;
  const part = /^(.+_[A-Za-z]{2,})_\d+$/.exec(name);
  if (part !== null) return part[1]!;
  // Numbers alone are given in every folder anew.
  return /^\d+$/.test(name) ? `${basename(dirname(file))}/${name}` : name;
}

/**
 * The split of every group. Each class (list of groups) with at least three has one in each split: where chance
 * leaves a split empty, the group whose place is nearest to it moves there.
 */
export function splitGroups(classes: readonly (readonly string[])[]): Map<string, Split> {
  const splitOf = new Map<string, Split>();
  for (const groups of classes) for (const group of groups) splitOf.set(group, splitAt(placeOf(group)));
  for (const groups of classes) {
    const members = [...new Set(groups)].sort((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1));
    if (members.length < splits.length) continue;
    for (const wanted of splits) {
      if (members.some((group) => splitOf.get(group) === wanted)) continue;
      const count = (split: Split): number => members.filter((group) => splitOf.get(group) === split).length;
      const spare = members.filter((group) => count(splitOf.get(group)!) > 1);
      const target = wanted === 'train' ? 0 : wanted === 'validation' ? shares[0] + shares[1] / 2 : 1;
      const nearest = spare.reduce((a, b) =>
        Math.abs(placeOf(b) - target) < Math.abs(placeOf(a) - target) ? b : a,
      );
      splitOf.set(nearest, wanted);
    }
  }
  return splitOf;
}
