/** Maps that belong to no class against the sources of one scene: which map answers for which source. */

/**
 * - `greedy`: the best pair first, then the best of what is left (NoPrior 2024).
 * - `best`: the assignment with the largest sum (Hungarian matching; SCAV).
 */
export type AssignmentRule = 'greedy' | 'best';

/**
 * IoU of each source under the rule; 0 for a source that no map is left for.
 * @param iou `iou[map][source]`, any number of maps; at most about ten of each
 */
export function assignedIous(
  rule: AssignmentRule,
  iou: readonly (readonly number[])[],
  sources: number,
): number[] {
  return rule === 'greedy' ? greedy(iou, sources) : best(iou, sources);
}

/** Share of scenes of which as many sources were said to sound as do. Not-a-number for none. */
export function countedRight(scenes: readonly { said: number; sounding: number }[]): number {
  return scenes.filter(({ said, sounding }) => said === sounding).length / scenes.length;
}

function greedy(iou: readonly (readonly number[])[], sources: number): number[] {
  const pairs = iou.flatMap((row, map) => row.map((value, source) => ({ map, source, value })));
  pairs.sort((a, b) => b.value - a.value);
  const out = new Array<number>(sources).fill(0);
  const usedMaps = new Set<number>();
  const answered = new Set<number>();
  for (const { map, source, value } of pairs) {
    if (usedMaps.has(map) || answered.has(source)) continue;
    usedMaps.add(map);
    answered.add(source);
    out[source] = value;
  }
  return out;
}

function best(iou: readonly (readonly number[])[], sources: number): number[] {
  const empty = new Array<number>(sources).fill(0);
  const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const from = (source: number, used: number): number[] => {
    if (source === sources) return empty;
    let most = from(source + 1, used);
    for (let map = 0; map < iou.length; map++) {
      if ((used & (1 << map)) !== 0) continue;
      const rest = from(source + 1, used | (1 << map)).with(source, iou[map]![source]!);
      if (total(rest) > total(most)) most = rest;
    }
    return most;
  };
  return from(0, 0);
}
