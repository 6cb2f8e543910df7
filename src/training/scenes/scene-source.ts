/** Composed scenes as a source of examples: each depends on the spec and its number alone. */

import type { Pose } from '../../pipeline/ingest/demo/actor.ts';
import type { Random } from '../../pipeline/ingest/demo/random.ts';
import { createRandom, hash } from '../../pipeline/ingest/demo/random.ts';
import { companyPlaces } from '../../pipeline/ingest/demo/scene.ts';
import { LogMel } from '../../pipeline/prep/log-mel.ts';
import type { LogMelParameters } from '../../pipeline/prep/log-mel-parameters.ts';
import { QIAN_LOG_MEL } from '../../pipeline/prep/log-mel-parameters.ts';
import type { SampleBatch, SampleShape, SampleSource, SampleTruth, TruthBox } from '../sample.ts';
import { pixelBounds } from './bounds.ts';
import { addCoverage } from './coverage.ts';
import { PictureComposer } from './picture.ts';
import { planScene, type ScenePlan, type Supply } from './plan.ts';
import { SoundComposer, type Voice } from './sound.ts';
import type { SceneSpec } from './spec.ts';
import { splits } from './split.ts';

/** A thing that shows less than this of itself counts as hidden ... */
const VISIBLE_SHARE = 0.35;
/** ... unless it is near enough to fill this much of the picture all the same. */
const LARGE_SHARE = 0.06;
/** On the demo scene's stage the cast's own voices are heard more often than recordings. */
const STAGE_DRAWN_SHARE = 0.75;
/** Scenes tried until one shows and sounds what an evaluation asks for. */
const MAX_ATTEMPTS = 30;

export class SceneSource implements SampleSource {
  readonly shape: SampleShape;
  readonly length = null;
  readonly #spec: SceneSpec;
  readonly #pictures: PictureComposer;
  readonly #sounds: SoundComposer;
  readonly #logMel: LogMel;
  readonly #supply: Supply;
  readonly #heard: Float32Array;
  #samples: Float32Array = new Float32Array(0);

  constructor(spec: SceneSpec, parameters: LogMelParameters = QIAN_LOG_MEL) {
    this.shape = spec.shape;
    this.#spec = spec;
    this.#pictures = new PictureComposer(spec);
    this.#logMel = new LogMel(parameters);
    this.#sounds = new SoundComposer(spec, parameters.windowSamples, parameters.rateHz);
    this.#heard = new Float32Array(spec.classes.length);
    const drawn = spec.classes.map((entry) => entry.drawn);
    this.#supply = {
      classCount: spec.classes.length,
      hasPhoto: (classIndex) => this.#pictures.hasPhoto(classIndex),
      hasDrawing: (classIndex) => spec.classes[classIndex]!.drawn !== null,
      hasSound: (classIndex) => this.#sounds.hasVoice(classIndex),
      company: companyPlaces.flatMap(({ className }) => {
        const classIndex = drawn.indexOf(className);
        return classIndex < 0 ? [] : [classIndex];
      }),
      helicopter: drawn.indexOf('helicopter'),
      hasBackground: this.#pictures.hasBackground,
      drawnShare: spec.drawnShare,
    };
  }

  write(index: number, batch: SampleBatch, slot: number): SampleTruth {
    const { purpose, seed, split } = this.#spec;
    const number = hash(seed, splits.indexOf(split), index, purposeCode(this.#spec));
    for (let attempt = 0; ; attempt++) {
      const plan = planScene(purpose, index, this.#supply, createRandom(hash(number, 1, attempt)));
      const truth = this.#make(plan, index, hash(number, 2, attempt), batch, slot);
      // For training anything goes, what is said of it being true; a level must be what it is called.
      if (purpose.kind !== 'evaluation' || attempt === MAX_ATTEMPTS || this.#isAsPlanned(plan, truth))
        return truth;
    }
  }

  #make(plan: ScenePlan, index: number, number: number, batch: SampleBatch, slot: number): SampleTruth {
    const { frame, logmel } = this.shape;
    const { parts = 'both' } = this.#spec;
    const soundRandom = createRandom(hash(number, 1));
    const { voices, poses } = this.#cast(plan, index, soundRandom);
    if (parts === 'picture') this.#heard.fill(0);
    else {
      this.#samples = this.#sounds.mix(plan, voices, soundRandom, this.#heard);
      this.#logMel.write(this.#samples, batch.logmel, slot * logmel.columns * logmel.mels);
    }
    const at = slot * frame.width * frame.height * 3;
    if (parts === 'sound') this.#pictures.canvas.clear();
    else if (plan.layout === 'blank') {
      this.#pictures.canvas.clear();
      batch.frames.fill(0, at, at + frame.width * frame.height * 3);
    } else {
      const pictureRandom = createRandom(hash(number, 2));
      this.#pictures.compose(plan, poses, index, pictureRandom, batch.frames, at);
    }
    return this.#writeTruth(batch, slot, plan.layout, voices);
  }

  /** Everything that was planned is in the picture, and what was to be heard, and nothing else, is audible. */
  #isAsPlanned(plan: ScenePlan, truth: SampleTruth): boolean {
    const wanted = new Set(plan.offScreen);
    for (const { classIndex, sounding } of plan.things) {
      if (sounding) wanted.add(classIndex);
      if (!truth.boxes.some((box) => box.classIndex === classIndex)) return false;
    }
    return this.#heard.every((heard, classIndex) => (heard === 1) === wanted.has(classIndex));
  }

  /** The second of sound of the example that was written last; the source's own, until the next. */
  get lastSound(): Float32Array {
    return this.#samples;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #cast(plan: ScenePlan, index: number, random: Random): { voices: Voice[]; poses: (Pose | null)[] } {
    const voices: Voice[] = [];
    const voiceOf = new Map<number, Voice>();
    const drawnShare = plan.layout === 'stage' ? STAGE_DRAWN_SHARE : this.#spec.drawnShare;
    const sounding = [
      ...new Set(plan.things.filter((thing) => thing.sounding).map(({ classIndex }) => classIndex)),
      ...plan.offScreen,
    ];
    for (const classIndex of sounding) {
      const voice = this.#sounds.pickVoice(classIndex, index, drawnShare, random);
      if (voice === null) continue;
      voices.push(voice);
      voiceOf.set(classIndex, voice);
    }
    const poses = plan.things.map(({ classIndex, sounding: sounds }) =>
      sounds ? (voiceOf.get(classIndex)?.pose ?? null) : null,
    );
    return { voices, poses };
  }

  #writeTruth(batch: SampleBatch, slot: number, layout: string, voices: readonly Voice[]): SampleTruth {
    const { shape } = this;
    const count = shape.classes.length;
    const { width, height } = shape.frame;
    const { rows, cols } = shape.grid;
    const cells = rows * cols;
    batch.heard.set(this.#heard, slot * count);
    const seen = batch.seen.subarray(slot * count, (slot + 1) * count).fill(0);
    const coverage = batch.coverage.subarray(slot * count * cells, (slot + 1) * count * cells).fill(0);
    const boxes: TruthBox[] = [];
    let located = 1;
    for (const { classIndex, mask, wholeArea, known } of this.#pictures.canvas.things) {
      if (classIndex < 0) continue;
      let area = 0;
      for (let i = 0; i < mask.length; i++) area += mask[i]!;
      if (area < VISIBLE_SHARE * wholeArea && area < LARGE_SHARE * 255 * mask.length) continue;
      const bounds = pixelBounds(mask, width, height);
      if (bounds === null) continue;
      seen[classIndex] = 1;
      if (!known) located = 0;
      addCoverage(
        mask,
        width,
        height,
        coverage.subarray(classIndex * cells, (classIndex + 1) * cells),
        rows,
        cols,
      );
      boxes.push({
        classIndex,
        sounding: this.#heard[classIndex] === 1,
        x0: bounds.left / width,
        y0: bounds.top / height,
        x1: bounds.right / width,
        y1: bounds.bottom / height,
      });
    }
    if (located === 0) coverage.fill(0);
    batch.located[slot] = located;
    const offScreen: number[] = [];
    for (let c = 0; c < count; c++) if (this.#heard[c] === 1 && seen[c] === 0) offScreen.push(c);
    return { boxes, offScreen, note: `${layout}: ${voices.map(({ name }) => name).join(', ')}` };
  }
}

/** Different purposes show different scenes under one number. */
function purposeCode({ purpose }: SceneSpec): number {
  if (purpose.kind === 'training') return 0;
  if (purpose.kind === 'things') return 1;
  if (purpose.kind === 'sounds') return 12;
  const level = [1, 2, 3, 'none', 'off-screen'].indexOf(purpose.level);
  return 2 + 2 * level + (purpose.style === 'photo' ? 0 : 1);
}
