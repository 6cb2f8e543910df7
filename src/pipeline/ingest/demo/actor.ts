/** What a member of the cast can do: be drawn in a pose, make up a phrase, and sound it. */

import type { Pen } from './pen.ts';
import type { Random } from './random.ts';

/** The classes that can be drawn and synthesised; the names are the model's. */
export const castClasses = [
  'accordion',
  'guitar',
  'piano',
  'saxophone',
  'tuba',
  'dog',
  'rooster',
  'helicopter',
  'clock',
  'speech',
] as const;

export type CastClass = (typeof castClasses)[number];

/** One sound event of a phrase: a strum, a bark, a syllable, a tick. Both the sound and the movement follow it. */
export interface Note {
  /** From the start of the phrase. */
  startS: number;
  durationS: number;
  /** One or more fundamentals; for a helicopter the rate of its blades. */
  pitchesHz: readonly number[];
  /** Loudness against the phrase's other notes, 0..1. */
  strength: number;
  /** What the class makes of it, 0..1: a vowel, the direction of a strum, tick or tock. */
  timbre: number;
}

/** How an actor is to be drawn. Silent actors only idle: `notes` is empty. */
export interface Pose {
  /** Drives breathing, blinking, swinging; any origin (but see {@link Actor.cycleS}). */
  timeS: number;
  /** The phrase that is being sounded, in order of `startS`. */
  notes: readonly Note[];
  /** Time since the phrase began. */
  elapsedS: number;
}

/** One individual of a class: its looks and its voice are fixed when it is made. */
export interface Actor {
  readonly className: CastClass;
  /** About what the drawing fills, in its own units; the origin is the middle of its bottom edge, y points down. */
  readonly size: { width: number; height: number };
  /** A movement that never stops repeats after this long; phrases then begin on multiples of it. Null: none. */
  readonly cycleS: number | null;
  draw(pen: Pen, pose: Pose): void;
  /** Notes that end within `durationS`. */
  compose(durationS: number, random: Random): Note[];
  /** Adds the sound of `notes` to `out`, from its first sample on, at any level. */
  synthesise(notes: readonly Note[], out: Float32Array, rateHz: number): void;
}

export const silentPose = (timeS: number): Pose => ({ timeS, notes: [], elapsedS: 0 });

/** The last note that has begun by now, or null. */
export function currentNote(pose: Pose): Note | null {
  let found: Note | null = null;
  for (const note of pose.notes) {
    if (note.startS > pose.elapsedS) break;
    found = note;
  }
  return found;
}

/** How far the current note is through, 0..1; null between notes. */
export function noteProgress(pose: Pose): number | null {
  const note = currentNote(pose);
  if (note === null) return null;
  const progress = (pose.elapsedS - note.startS) / note.durationS;
  return progress < 1 ? progress : null;
}

/** How wide a mouth stands open, 0..1: opens fast with each note, closes with its end. */
export function openness(pose: Pose): number {
  const note = currentNote(pose);
  const progress = noteProgress(pose);
  if (note === null || progress === null) return 0;
  return note.strength * Math.min(1, progress * 6, (1 - progress) * 3.5);
}
