/** Paints what a scene's plan says, layout by layout, and what light and lens make of it. */

import type { Pose } from '../../pipeline/ingest/demo/actor.ts';
import type { Random } from '../../pipeline/ingest/demo/random.ts';
import { shuffled } from '../../pipeline/ingest/demo/random.ts';
import { drawGround, Rooms } from './backdrop.ts';
import type { Canvas } from './canvas.ts';
import { Easel } from './easel.ts';
import type { PhotoEntry } from './media-bank.ts';
import type { Clip } from './paint-photo.ts';
import type { ScenePlan } from './plan.ts';
import { seatAsInDemo, seatCompany } from './room-company.ts';
import { act, actSeated, type Part, paintFigment } from './scene-actors.ts';
import { cutOut, paintWhole } from './scene-photos.ts';
import type { SceneSpec } from './spec.ts';
import { blur, finish, writeTone } from './tone.ts';

/** Not reentrant: one canvas belongs to the instance. */
export class PictureComposer {
  readonly #spec: SceneSpec;
  readonly #easel: Easel;
  readonly #rooms: Rooms;

  constructor(spec: SceneSpec) {
    const { width, height } = spec.shape.frame;
    this.#spec = spec;
    this.#easel = new Easel(spec);
    this.#rooms = new Rooms(spec.seed, width, height);
  }

  get canvas(): Canvas {
    return this.#easel.canvas;
  }

  hasPhoto(classIndex: number): boolean {
    return this.#easel.album.byClass[classIndex]!.length > 0;
  }

  get hasBackground(): boolean {
    return this.#easel.album.backgrounds.length > 0;
  }

  /**
   * Paints the picture into `out` at `at` and leaves its things in {@link canvas}.
   *
   * @param poses - For each planned thing the pose of its phrase; null where it is silent or only heard.
   */
  compose(
    plan: ScenePlan,
    poses: readonly (Pose | null)[],
    index: number,
    random: Random,
    out: Uint8Array,
    at: number,
  ): void {
    const { width, height } = this.canvas;
    // Cameras are 4:3 or 16:9 and the network's picture is not: things arrive squashed.
    const aspect = random.pick([4 / 3, 4 / 3, 16 / 9, 1, 3 / 4]);
    this.#easel.clear(Math.sqrt(width / height / aspect) * random.between(0.93, 1.07));
    if (plan.layout === 'room' || plan.layout === 'stage') this.#paintRoom(plan, poses, index, random);
    else if (plan.layout === 'panels') this.#paintPanels(plan, poses, index, random);
    else this.#paintCutOuts(plan, poses, index, random);
    this.#develop(plan, random, out, at);
  }

  /** What light, lens and sensor make of it. */
  #develop(plan: ScenePlan, random: Random, out: Uint8Array, at: number): void {
    const { canvas, tone } = this.#easel;
    const { rgb, width, height } = canvas;
    const calm = this.#easel.calm || (plan.layout === 'stage' && random.chance(0.5));
    const softness = random.next();
    if (!calm && softness < 0.22) blur(rgb, width, height, softness < 0.06 ? 2 : 1);
    writeTone(tone, random, calm ? 0.2 : random.chance(0.85) ? 0.35 : 0.8);
    const saturation = calm || random.chance(0.5) ? 1 : random.chance(0.1) ? 0 : random.between(0.4, 1.4);
    const deviation = calm ? 2 : random.chance(0.65) ? random.between(0, 3) : random.between(0, 10);
    finish(rgb, width * height * 3, tone, saturation, deviation, random, out, at);
  }

  #paintCutOuts(plan: ScenePlan, poses: readonly (Pose | null)[], index: number, random: Random): void {
    const first = plan.things[0];
    let from = 0;
    if (plan.layout === 'whole' && first?.style === 'photo') {
      paintWhole(this.#easel, this.#photoOf(first.classIndex, random), this.#everywhere, random);
      from = 1;
    } else this.#paintBackground(plan, index, random);
    const jobs: (() => void)[] = [];
    for (let i = from; i < plan.things.length; i++) {
      const { classIndex, style } = plan.things[i]!;
      jobs.push(() => {
        if (style === 'photo')
          cutOut(this.#easel, this.#photoOf(classIndex, random), classIndex, plan.size, random);
        else this.#act(classIndex, poses[i] ?? null, plan, random);
      });
    }
    for (let i = 0; i < plan.clutter; i++) jobs.push(() => this.#clutter(plan, random));
    for (const job of shuffled(jobs, random)) job();
  }

  #paintBackground(plan: ScenePlan, index: number, random: Random): void {
    const { canvas, album } = this.#easel;
    if (plan.background === 'photo') {
      // There are more photos of things than of places: a close look at one, out of focus, is a place too. Where every
      // thing has a name to be learnt, that would be a thing without its name.
      const things = this.#spec.purpose.kind === 'training' ? album.clutter : [];
      const thing = things.length > 0 && random.chance(0.5);
      const photo = random.pick(thing ? things : album.backgrounds);
      paintWhole(this.#easel, photo, this.#everywhere, random, thing ? random.integer(0, 2) : 0);
      return;
    }
    if (random.chance(0.4)) canvas.rgb.set(this.#rooms.at(index, random.integer(0, 1e6)).rgb);
    else drawGround(canvas.pen, canvas.width, canvas.height, random);
  }

  #paintPanels(plan: ScenePlan, poses: readonly (Pose | null)[], index: number, random: Random): void {
    const { canvas, album } = this.#easel;
    const clips = panels(canvas.width, canvas.height, plan.things.length, random);
    // What has no photo is put on afterwards.
    const late: (() => void)[] = [];
    const whole: PhotoEntry[] = [];
    plan.things.forEach(({ classIndex, style }, i) => {
      if (style === 'photo' && whole.length < clips.length) whole.push(this.#photoOf(classIndex, random));
      else late.push(() => this.#act(classIndex, poses[i] ?? null, plan, random));
    });
    const others = [...(this.#spec.purpose.kind === 'things' ? [] : album.clutter), ...album.backgrounds];
    // Panels that no photo is left for show a part of something drawn.
    if (others.length === 0) this.#paintBackground({ ...plan, background: 'drawn' }, index, random);
    for (const clip of shuffled(clips, random)) {
      const photo = whole.pop() ?? (others.length > 0 ? random.pick(others) : undefined);
      if (photo !== undefined) paintWhole(this.#easel, photo, clip, random);
    }
    for (const job of late) job();
  }

  #paintRoom(plan: ScenePlan, poses: readonly (Pose | null)[], index: number, random: Random): void {
    const { canvas } = this.#easel;
    const asInDemo = plan.layout === 'stage';
    const choice = random.integer(0, 1e6);
    const { camera, rgb } = asInDemo ? this.#rooms.wholeAt(index, choice) : this.#rooms.at(index, choice);
    canvas.rgb.set(rgb);
    const drawn = plan.things
      .map(({ classIndex, sounding }, i) => ({
        sounding,
        classIndex,
        className: this.#spec.classes[classIndex]!.drawn,
        pose: poses[i] ?? null,
      }))
      .filter((thing): thing is Part & { sounding: boolean } => thing.className !== null);
    const edges = [-camera.shiftX / camera.scaleX, (canvas.width - camera.shiftX) / camera.scaleX];
    const seats = asInDemo
      ? seatAsInDemo(
          drawn.map(({ className, sounding }) => ({ className, hovering: sounding && random.chance(0.8) })),
          random,
        )
      : seatCompany(
          drawn.map(({ className }) => className),
          { left: Math.min(...edges), right: Math.max(...edges) },
          random,
        );
    for (const seat of seats)
      actSeated(this.#easel, drawn[seat.member]!, seat, camera, this.#spec.split, random);
    for (const { classIndex, style } of plan.things) {
      if (style === 'photo' && this.hasPhoto(classIndex))
        cutOut(this.#easel, this.#photoOf(classIndex, random), classIndex, plan.size, random);
    }
    for (let i = 0; i < plan.clutter; i++) this.#clutter(plan, random);
  }

  #act(classIndex: number, pose: Pose | null, plan: ScenePlan, random: Random): void {
    const className = this.#spec.classes[classIndex]!.drawn;
    if (className === null) return;
    act(this.#easel, { classIndex, className, pose }, plan.size, this.#spec.split, random);
  }

  #clutter(plan: ScenePlan, random: Random): void {
    const { clutter } = this.#easel.album;
    if (clutter.length > 0 && !random.chance(0.25)) {
      cutOut(this.#easel, random.pick(clutter), -1, plan.size, random);
      return;
    }
    const { x, y, width } = this.#easel.findPlace(1, 1, plan.size, random);
    paintFigment(this.#easel, x, y, width / 2, random);
  }

  get #everywhere(): Clip {
    return [0, 0, this.canvas.width, this.canvas.height];
  }

  #photoOf(classIndex: number, random: Random): PhotoEntry {
    return random.pick(this.#easel.album.byClass[classIndex]!);
  }
}

/** Two halves, or four quarters for more than two things, cut near the middle. */
function panels(width: number, height: number, things: number, random: Random): Clip[] {
  const cutX = Math.round(width * random.between(0.38, 0.62));
  const cutY = Math.round(height * random.between(0.38, 0.62));
  if (things > 2) {
    return [
      [0, 0, cutX, cutY],
      [cutX, 0, width, cutY],
      [0, cutY, cutX, height],
      [cutX, cutY, width, height],
    ];
  }
  return random.chance(0.5)
    ? [
        [0, 0, cutX, height],
        [cutX, 0, width, height],
      ]
    : [
        [0, 0, width, cutY],
        [0, cutY, width, height],
      ];
}
