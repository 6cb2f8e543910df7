/** Judges examples by the protocols of papers after Qian et al. 2020; keeps some numbers of each, and no maps. */

import type { Example } from '../example.ts';
import type { ExampleListener } from '../run.ts';
import type { Labels } from '../scorer.ts';
import { type LaterOptions, type LaterProtocol, sceneOf } from './protocol.ts';
import type { LaterResult } from './results.ts';
import { SceneProtocols } from './scene-protocols.ts';
import { SourceProtocols } from './source-protocols.ts';

export class LaterScorer implements ExampleListener {
  readonly #protocol: LaterProtocol;
  readonly #scenes: SceneProtocols;
  readonly #sources: SourceProtocols;
  #examples = 0;

  constructor(options: LaterOptions) {
    this.#protocol = options.protocol;
    this.#scenes = new SceneProtocols(options);
    this.#sources = new SourceProtocols(options);
  }

  add(example: Example, labels: Labels): void {
    const own = `#${this.#examples++}`;
    const group = sceneOf(labels, this.#protocol);
    this.#scenes.add(example, labels, own, (row, source) => {
      if (this.#protocol.grouping === 'pictures') this.#sources.addSound(row, group ?? own, source);
    });
    this.#sources.add(example, labels, own);
  }

  result(): LaterResult {
    const scenes = this.#scenes.figures();
    const sources = this.#sources.figures();
    return { ...scenes, ...sources, protocol: this.#protocol, remarks: remarksOf({ ...scenes, ...sources }) };
  }
}

function remarksOf(result: Omit<LaterResult, 'protocol' | 'remarks'>): string[] {
  const remarks: string[] = [];
  const without = (protocol: string, lacks: string): void => {
    remarks.push(`${protocol}: no table, the set has no example ${lacks}`);
  };
  const { whole, slavc, vssl, avsbench, dsol, avgn, interactive } = result;
  if (whole === null) without('SSLalignment, adaptive cIoU', 'in which something that sounds is in sight');
  if (slavc === null || vssl === null) {
    const lacks =
      whole === null
        ? 'in which something that sounds is in sight'
        : 'of which it is known that nothing which sounds is in sight';
    if (slavc === null) without('SLAVC (AP, max-F1, LocAcc)', lacks);
    if (vssl === null) without('vssl_eval (pIA, F_LOC)', lacks);
  }
  if (avsbench === null) without('AVSBench (mIoU, F)', 'in which something that sounds is in sight');
  if (dsol === null) without('DSOL (CIoU@0.3, NSA)', 'in which a class of the model sounds in sight');
  if (avgn === null) without('AVGN (CAP, PIAP, CIoU@0.3)', 'in which a class of the model sounds in sight');
  if (interactive === null) without('SSLalignment, IIoU', 'with two sources of the model in one picture');
  return remarks;
}
