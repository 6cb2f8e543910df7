/** What a scene holds, before anything is painted or sounded: drawn by lot for training, to a rule for evaluation. */

import type { Random } from '../../pipeline/ingest/demo/random.ts';
import { shuffled } from '../../pipeline/ingest/demo/random.ts';
import type { ScenePurpose } from './spec.ts';

export type Style = 'photo' | 'drawn';

/** A thing of one of the classes. */
export interface PlannedThing {
  classIndex: number;
  style: Style;
  sounding: boolean;
}

/**
 * `cut-outs` on a background; one `whole` photo; `panels` of whole photos; a drawn `room` with some company; the
 * demo scene's own `stage` with all of its company; `blank`, no picture.
 */
export type Layout = 'cut-outs' | 'whole' | 'panels' | 'room' | 'stage' | 'blank';

export interface ScenePlan {
  layout: Layout;
  things: PlannedThing[];
  /** Things of no class. */
  clutter: number;
  background: Style;
  /** Longer side of a thing in shares of the picture, smallest and largest. */
  size: readonly [number, number];
  /** Classes that sound without being in the picture. */
  offScreen: number[];
  /** What is heard beside the classes. */
  bed: 'silence' | 'floor' | 'noise' | 'other';
}

/** What of each class there is to choose from. */
export interface Supply {
  classCount: number;
  hasPhoto: (classIndex: number) => boolean;
  hasDrawing: (classIndex: number) => boolean;
  hasSound: (classIndex: number) => boolean;
  /** The classes that the demo scene's company is of, and that of its helicopter; -1: none. */
  company: readonly number[];
  helicopter: number;
  /** Photos of places. */
  hasBackground: boolean;
  drawnShare: number;
}

function styleOf(classIndex: number, supply: Supply, random: Random): Style {
  const photo = supply.hasPhoto(classIndex);
  if (!supply.hasDrawing(classIndex)) return 'photo';
  return photo && !random.chance(supply.drawnShare) ? 'photo' : 'drawn';
}

const allClasses = ({ classCount }: Supply): number[] => Array.from({ length: classCount }, (_, i) => i);

/** `count` different classes of those that can be shown. */
function pickClasses(count: number, supply: Supply, random: Random, style?: Style): number[] {
  const all = allClasses(supply).filter((i) =>
    style === 'photo'
      ? supply.hasPhoto(i)
      : style === 'drawn'
        ? supply.hasDrawing(i)
        : supply.hasPhoto(i) || supply.hasDrawing(i),
  );
  return shuffled(all, random).slice(0, count);
}

/** Index of the weight that chance falls on. */
function lot(weights: readonly number[], random: Random): number {
  let at = random.next() * weights.reduce((a, b) => a + b, 0);
  for (let i = 0; i < weights.length; i++) {
    at -= weights[i]!;
    if (at < 0) return i;
  }
  return weights.length - 1;
}

const layouts: readonly Layout[] = ['cut-outs', 'whole', 'panels', 'room', 'stage'];

/** Chances of 0 to 4 things of the classes. */
const thingCounts = [0.07, 0.33, 0.3, 0.2, 0.1];

/** One of everything that may come before a camera. */
function planTraining(supply: Supply, random: Random): ScenePlan {
  const stages = supply.company.length < MIN_COMPANY ? 0 : Math.min(1, supply.drawnShare * 3);
  const anyPhotos = supply.drawnShare < 1 && allClasses(supply).some((i) => supply.hasPhoto(i));
  const layout =
    layouts[
      lot(
        anyPhotos
          ? [0.43, 0.22, 0.1, 0.12 * Math.min(1, supply.drawnShare * 3), 0.13 * stages]
          : [0.4, 0, 0, 0.35, 0.25 * stages],
        random,
      )
    ]!;
  if (layout === 'stage') return planStage(supply, random);
  const count =
    layout === 'whole' ? Math.max(1, lot([0.1, 0.6, 0.2, 0.1], random)) : lot(thingCounts, random);
  const classes = pickClasses(count, supply, random);
  // Now and then two of a kind.
  if (classes.length > 0 && random.chance(0.06)) classes.push(classes[0]!);
  const things: PlannedThing[] = classes.map((classIndex, i) => ({
    classIndex,
    style: styleForLayout(layout, i, classIndex, supply, random),
    sounding: false,
  }));
  const scene = lot([0.78, 0.06, 0.07, 0.09], random);
  let offScreen: number[] = [];
  if (scene === 0) {
    const shown = [...new Set(classes)];
    const wanted = Math.min(shown.length, 1 + lot([0.55, 0.32, 0.13], random));
    const sounding = new Set(shown.slice(0, random.chance(0.1) ? 0 : wanted));
    for (const thing of things) thing.sounding = sounding.has(thing.classIndex);
    const absent = allClasses(supply).filter((i) => !shown.includes(i));
    if (absent.length > 0 && sounding.size < 3 && random.chance(sounding.size === 0 ? 0.8 : 0.14)) {
      offScreen = shuffled(absent, random).slice(0, random.chance(0.8) ? 1 : 2);
    }
  }
  const bed =
    scene === 1
      ? 'silence'
      : scene === 2
        ? 'noise'
        : scene === 3
          ? 'other'
          : (['floor', 'noise', 'other'] as const)[lot([0.4, 0.4, 0.2], random)]!;
  return {
    layout,
    things,
    clutter: layout === 'room' ? lot([0.75, 0.2, 0.05], random) : lot([0.4, 0.35, 0.2, 0.05], random),
    background: supply.hasBackground && !random.chance(0.3) ? 'photo' : 'drawn',
    size: count > 2 ? [0.16, 0.55] : [0.16, 0.85],
    offScreen,
    bed,
  };
}

/** Fewer are no company: then there is no stage. */
const MIN_COMPANY = 3;

/** A moment of the demo scene: all of its company, of which nobody, one or two sound. */
function planStage(supply: Supply, random: Random): ScenePlan {
  const company = [...supply.company];
  if (random.chance(0.25)) {
    // A guest sits in for somebody.
    const others = pickClasses(1, supply, random, 'drawn');
    if (!company.includes(others[0]!)) company[random.integer(0, company.length - 1)] = others[0]!;
  }
  const sounding = shuffled(company, random).slice(0, lot([0.22, 0.48, 0.3], random));
  const things = company
    // A helicopter that is not heard is away, or just coming or going.
    .filter((one) => one !== supply.helicopter || sounding.includes(one) || random.chance(0.15))
    .map((one) => ({ classIndex: one, style: 'drawn' as const, sounding: sounding.includes(one) }));
  const beds =
    sounding.length === 0 ? (['silence', 'noise', 'other'] as const) : (['floor', 'noise', 'other'] as const);
  return {
    layout: 'stage',
    things,
    clutter: 0,
    background: 'drawn',
    size: [0.16, 0.55],
    offScreen: [],
    bed: beds[lot([0.75, 0.15, 0.1], random)]!,
  };
}

function styleForLayout(
  layout: Layout,
  position: number,
  classIndex: number,
  supply: Supply,
  random: Random,
): Style {
  if (layout === 'room') return supply.hasDrawing(classIndex) ? 'drawn' : 'photo';
  if ((layout === 'panels' || (layout === 'whole' && position === 0)) && supply.hasPhoto(classIndex))
    return 'photo';
  return styleOf(classIndex, supply, random);
}

/** What is heard in evaluation scenes without sound of the classes, by turns. */
export const quietBeds = ['silence', 'noise', 'other'] as const;

/** To a fixed rule, so that numbers of different models can be compared. */
function planEvaluation(
  purpose: Extract<ScenePurpose, { kind: 'evaluation' }>,
  index: number,
  supply: Supply,
  random: Random,
): ScenePlan {
  const { level, style } = purpose;
  const shown = typeof level === 'number' ? level : 1 + (index % 2);
  const classes = pickClasses(shown + 2, supply, random, style);
  const withSilent = typeof level === 'number' && index % 2 === 1 && classes.length > shown;
  const things = classes.slice(0, withSilent ? shown + 1 : shown).map((classIndex, i) => ({
    classIndex,
    style,
    sounding: typeof level === 'number' && i < shown,
  }));
  const absent = classes[shown + (withSilent ? 1 : 0)];
  const quiet = quietBeds[index % quietBeds.length]!;
  return {
    layout: style === 'drawn' && index % 4 < 2 ? 'room' : 'cut-outs',
    things,
    clutter: 0,
    background: style === 'photo' && supply.hasBackground ? 'photo' : 'drawn',
    size: [0.27, 0.6],
    offScreen: level === 'off-screen' && absent !== undefined ? [absent] : [],
    bed: level === 'none' ? quiet : 'floor',
  };
}

/** As many things as the eye can be taught at once. */
function planThings(supply: Supply, random: Random): ScenePlan {
  const layout = layouts[lot([0.4, 0.4, 0.2], random)]!;
  const count = layout === 'whole' ? 1 : 1 + lot([0.4, 0.4, 0.2], random);
  const things = pickClasses(count, supply, random).map((classIndex, i) => ({
    classIndex,
    style: styleForLayout(layout, i, classIndex, supply, random),
    sounding: false,
  }));
  const background = supply.hasBackground && !random.chance(0.3) ? 'photo' : 'drawn';
  return { layout, things, clutter: 0, background, size: [0.25, 0.9], offScreen: [], bed: 'silence' };
}

/** As many sounds as the ear can be taught at once, seldom none. */
function planSounds(supply: Supply, random: Random): ScenePlan {
  const audible = allClasses(supply).filter((i) => supply.hasSound(i));
  const offScreen = shuffled(audible, random).slice(0, lot([0.06, 0.42, 0.34, 0.18], random));
  const bed = (
    offScreen.length === 0 ? (['silence', 'noise', 'other'] as const) : (['floor', 'noise', 'other'] as const)
  )[lot([0.45, 0.4, 0.15], random)]!;
  return {
    layout: 'blank',
    things: [],
    clutter: 0,
    background: 'drawn',
    size: [0.16, 0.85],
    offScreen,
    bed,
  };
}

export function planScene(purpose: ScenePurpose, index: number, supply: Supply, random: Random): ScenePlan {
  if (purpose.kind === 'training') return planTraining(supply, random);
  if (purpose.kind === 'things') return planThings(supply, random);
  if (purpose.kind === 'sounds') return planSounds(supply, random);
  return planEvaluation(purpose, index, supply, random);
}
