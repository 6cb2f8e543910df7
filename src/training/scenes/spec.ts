/** What scenes are to be made: everything that the bytes of an example depend on. May be posted to threads. */

import type { CastClass } from '../../pipeline/ingest/demo/actor.ts';
import { castClasses } from '../../pipeline/ingest/demo/actor.ts';
import type { SampleShape } from '../sample.ts';
import type { ClassEntry } from './class-list.ts';
import type { MediaBank } from './media-bank.ts';
import type { Split } from './split.ts';

/** Where a class's pictures and sounds come from. */
export interface SceneClass extends ClassEntry {
  /** The member of the drawn cast that stands for it; null: none does. */
  drawn: CastClass | null;
}

/** What is put together. */
export type ScenePurpose =
  /** Everything, mixed: to learn from. */
  | { kind: 'training' }
  /** Things to be seen, no sound: for teaching the eye first. Every folder of photos is a class. */
  | { kind: 'things' }
  /** Sounds, no picture: for teaching the ear first. Every folder of recordings is a class. */
  | { kind: 'sounds' }
  /**
   * `level` classes sounding and in the picture (1 to 3), in every second example with a silent thing of one class
   * beside. `none`: nothing of the classes sounds (silence, noise and other sounds by turns). `off-screen`: a class
   * sounds that is not in the picture.
   */
  | { kind: 'evaluation'; level: 1 | 2 | 3 | 'none' | 'off-screen'; style: 'photo' | 'drawn' };

/** Which halves of an example are made. The other stays as the batch had it, and nothing true is said of it. */
export type SceneParts = 'both' | 'picture' | 'sound';

export interface SceneSpec {
  kind: 'scenes';
  seed: number;
  split: Split;
  shape: SampleShape;
  purpose: ScenePurpose;
  /** Default: both. A purpose of evaluation needs both. What is made is the same to the bit. */
  parts?: SceneParts;
  /** In the order of `shape.classes`. */
  classes: SceneClass[];
  /** Photos and recordings; null: everything is drawn and synthesised. */
  bank: MediaBank | null;
  /** Share of things that are drawn, and of sounds that are synthesised, where a class has both; 0..1. */
  drawnShare: number;
}

/** The classes of a list, each with the member of the cast that has its name. */
export function withCast(classes: readonly ClassEntry[]): SceneClass[] {
  return classes.map((entry) => ({
    ...entry,
    drawn: castClasses.find((className) => className === entry.name) ?? null,
  }));
}

/** Classes that need no file. */
export function drawnClasses(names: readonly CastClass[] = castClasses): SceneClass[] {
  return names.map((name) => ({ name, photos: [], sounds: [], drawn: name }));
}
