/** Paints what a scene's plan says: photos whole and cut out, drawn actors in the pose of their sound, backgrounds. */

import type { Actor, CastClass, Pose } from '../../pipeline/ingest/demo/actor.ts';
import { silentPose } from '../../pipeline/ingest/demo/actor.ts';
import { cast } from '../../pipeline/ingest/demo/cast.ts';
import type { Random } from '../../pipeline/ingest/demo/random.ts';
import { shuffled } from '../../pipeline/ingest/demo/random.ts';
import { windowPane } from '../../pipeline/ingest/demo/room.ts';
import { type Album, albumOf } from './album.ts';
import type { StageCamera } from './backdrop.ts';
import { drawFigment, drawGround, onStage, Rooms } from './backdrop.ts';
import { type Bounds, boundsAround, pixelBounds, shareInside } from './bounds.ts';
import { Canvas } from './canvas.ts';
import { type FreePlace, findPlace } from './free-place.ts';
import type { PhotoEntry, PhotoObject } from './media-bank.ts';
import type { Clip, PhotoPainter, Placement, Shape } from './paint-photo.ts';
import { paintPhoto } from './paint-photo.ts';
import { individualSeed } from './performances.ts';
import type { ScenePlan } from './plan.ts';
import type { Seat } from './room-company.ts';
import { drawSeated, seatAsInDemo, seatCompany } from './room-company.ts';
import type { SceneSpec } from './spec.ts';
import { blur, finish, writeTone } from './tone.ts';

/** Not reentrant: one canvas belongs to the instance. */
export class PictureComposer {
  readonly canvas: Canvas;
  readonly #spec: SceneSpec;
  readonly #album: Album;
  readonly #rooms: Rooms;
  readonly #painter: PhotoPainter;
  readonly #tone = new Uint8Array(768);
  readonly #taken: Bounds[] = [];
  readonly #all: Bounds;
  /** What is put into the picture now: how much wider than high its pixels are made. */
  #squash = 1;

  constructor(spec: SceneSpec) {
    const { width, height } = spec.shape.frame;
    this.#spec = spec;
    this.canvas = new Canvas(width, height);
    this.#all = { left: 0, top: 0, right: width, bottom: height };
    this.#album = albumOf(spec);
    this.#rooms = new Rooms(spec.seed, width, height);
    const bytes = new Uint8Array(spec.bank?.bytes ?? new ArrayBuffer(0));
    this.#painter = { rgb: this.canvas.rgb, width, height, bytes };
  }

  hasPhoto(classIndex: number): boolean {
    return this.#album.byClass[classIndex]!.length > 0;
  }

  get hasBackground(): boolean {
    return this.#album.backgrounds.length > 0;
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
    this.canvas.clear();
    this.#taken.length = 0;
    // Cameras are 4:3 or 16:9 and the network's picture is not: things arrive squashed.
    const aspect = random.pick([4 / 3, 4 / 3, 16 / 9, 1, 3 / 4]);
    this.#squash = Math.sqrt(width / height / aspect) * random.between(0.93, 1.07);
    if (plan.layout === 'room' || plan.layout === 'stage') this.#paintRoom(plan, poses, index, random);
    else if (plan.layout === 'panels') this.#paintPanels(plan, poses, index, random);
    else this.#paintCutOuts(plan, poses, index, random);
    const calm = this.#spec.purpose.kind === 'evaluation' || (plan.layout === 'stage' && random.chance(0.5));
    const softness = random.next();
    if (!calm && softness < 0.22) blur(this.canvas.rgb, width, height, softness < 0.06 ? 2 : 1);
    writeTone(this.#tone, random, calm ? 0.2 : random.chance(0.85) ? 0.35 : 0.8);
    const saturation = calm || random.chance(0.5) ? 1 : random.chance(0.1) ? 0 : random.between(0.4, 1.4);
    const deviation = calm ? 2 : random.chance(0.65) ? random.between(0, 3) : random.between(0, 10);
    finish(this.canvas.rgb, width * height * 3, this.#tone, saturation, deviation, random, out, at);
  }

  #paintCutOuts(plan: ScenePlan, poses: readonly (Pose | null)[], index: number, random: Random): void {
    const first = plan.things[0];
    let from = 0;
    if (plan.layout === 'whole' && first?.style === 'photo') {
      const photo = random.pick(this.#album.byClass[first.classIndex]!);
      this.#paintWhole(photo, [0, 0, this.canvas.width, this.canvas.height], random);
      from = 1;
    } else this.#paintBackground(plan, index, random);
    const jobs: (() => void)[] = [];
    for (let i = from; i < plan.things.length; i++) {
      const { classIndex, style } = plan.things[i]!;
      jobs.push(() => {
        if (style === 'photo')
          this.#cutOut(random.pick(this.#album.byClass[classIndex]!), classIndex, plan.size, random);
        else this.#act(classIndex, poses[i] ?? null, plan.size, random);
      });
    }
    for (let i = 0; i < plan.clutter; i++) jobs.push(() => this.#clutter(plan, random));
    for (const job of shuffled(jobs, random)) job();
  }

  #paintBackground(plan: ScenePlan, index: number, random: Random): void {
    const { width, height, pen, rgb } = this.canvas;
    const all: Clip = [0, 0, width, height];
    if (plan.background === 'photo') {
      // There are more photos of things than of places: a close look at one, out of focus, is a place too. Where every
      // thing has a name to be learnt, that would be a thing without its name.
      const things = this.#spec.purpose.kind === 'training' ? this.#album.clutter : [];
      const thing = things.length > 0 && random.chance(0.5);
      this.#paintWhole(
        random.pick(thing ? things : this.#album.backgrounds),
        all,
        random,
        thing ? random.integer(0, 2) : 0,
      );
      return;
    }
    if (random.chance(0.4)) rgb.set(this.#rooms.at(index, random.integer(0, 1e6)).rgb);
    else drawGround(pen, width, height, random);
  }

  /** A photo as it is, cut so that it fills `clip`, and all things in it whose class is known. */
  #paintWhole(photo: PhotoEntry, clip: Clip, random: Random, coarser = 0): void {
    const { canvas } = this;
    const { width, height } = photo.levels[0]!;
    const [left, top, right, bottom] = clip;
    const scaleY = 1 / Math.sqrt(this.#squash);
    const scaleX = this.#squash * scaleY;
    const cover = Math.max((right - left) / (width * scaleX), (bottom - top) / (height * scaleY));
    const scale = cover * (random.chance(0.4) ? 1 : random.between(1, 1.7));
    const mirror = random.chance(0.5) ? -1 : 1;
    const object = photo.objects.find(({ category }) => category === photo.category);
    const fromX = (object === undefined ? random.next() : between(object.x0, object.x1, random)) * width;
    const fromY = (object === undefined ? random.next() : between(object.y0, object.y1, random)) * height;
    // The point may come anywhere that leaves no part of the clip bare.
    const reach = (share: number, length: number, from: number, to: number): number => {
      const low = to - length * (1 - share);
      const high = from + length * share;
      return Math.min(high, Math.max(low, from + (to - from) * random.between(0.15, 0.85)));
    };
    const shareX = mirror > 0 ? fromX / width : 1 - fromX / width;
    const placement: Placement = {
      fromX,
      fromY,
      toX: reach(shareX, width * scale * scaleX, left, right),
      toY: reach(fromY / height, height * scale * scaleY, top, bottom),
      scaleX: mirror * scale * scaleX,
      scaleY: scale * scaleY,
      angle: 0,
    };
    writeTone(this.#tone, random, 0.25);
    paintPhoto(this.#painter, photo, null, placement, { kind: 'whole', clip }, this.#tone, null, coarser);
    for (const thing of photo.objects) {
      const classIndex = this.#album.classOf.get(thing.category);
      if (classIndex === undefined) continue;
      const mask = canvas.begin();
      if (mask === null) break;
      paintPhoto(this.#painter, photo, thing, placement, { kind: 'mark', clip }, this.#tone, mask);
      const inside = shareInside(placedBounds(thing, width, height, placement), { left, top, right, bottom });
      if (canvas.commit(mask, { classIndex, known: thing.known }, inside, false)) this.#takeMask(mask);
    }
  }

  #paintPanels(plan: ScenePlan, poses: readonly (Pose | null)[], index: number, random: Random): void {
    const { width, height } = this.canvas;
    const cutX = Math.round(width * random.between(0.38, 0.62));
    const cutY = Math.round(height * random.between(0.38, 0.62));
    const clips: Clip[] =
      plan.things.length > 2
        ? [
            [0, 0, cutX, cutY],
            [cutX, 0, width, cutY],
            [0, cutY, cutX, height],
            [cutX, cutY, width, height],
          ]
        : random.chance(0.5)
          ? [
              [0, 0, cutX, height],
              [cutX, 0, width, height],
            ]
          : [
              [0, 0, width, cutY],
              [0, cutY, width, height],
            ];
    // What has no photo is put on afterwards.
    const late: (() => void)[] = [];
    const whole: PhotoEntry[] = [];
    plan.things.forEach(({ classIndex, style }, i) => {
      if (style === 'photo' && whole.length < clips.length)
        whole.push(random.pick(this.#album.byClass[classIndex]!));
      else late.push(() => this.#act(classIndex, poses[i] ?? null, plan.size, random));
    });
    const others = [
      ...(this.#spec.purpose.kind === 'things' ? [] : this.#album.clutter),
      ...this.#album.backgrounds,
    ];
    // Panels that no photo is left for show a part of something drawn.
    if (others.length === 0) this.#paintBackground({ ...plan, background: 'drawn' }, index, random);
    for (const clip of shuffled(clips, random)) {
      const photo = whole.pop() ?? (others.length > 0 ? random.pick(others) : undefined);
      if (photo !== undefined) this.#paintWhole(photo, clip, random);
    }
    for (const job of late) job();
  }

  #paintRoom(plan: ScenePlan, poses: readonly (Pose | null)[], index: number, random: Random): void {
    const { canvas } = this;
    const asInDemo = plan.layout === 'stage';
    const choice = random.integer(0, 1e6);
    const { camera, rgb } = asInDemo ? this.#rooms.wholeAt(index, choice) : this.#rooms.at(index, choice);
    canvas.rgb.set(rgb);
    const drawn = plan.things
      .map(({ classIndex, sounding }, i) => ({
        classIndex,
        sounding,
        className: this.#spec.classes[classIndex]!.drawn,
        pose: poses[i] ?? null,
      }))
      .filter((thing): thing is typeof thing & { className: CastClass } => thing.className !== null);
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
    for (const seat of seats) {
      const { classIndex, className, pose } = drawn[seat.member]!;
      const actor = cast[className](individualSeed(this.#spec.split, random.integer(0, 0xffffffff)));
      const moment = pose ?? silentPose(random.between(0, 60));
      const reach = seatBounds(seat, actor.size, camera);
      const clip = seat.inWindow
        ? onPicture(
            windowPane.x,
            windowPane.y,
            windowPane.x + windowPane.width,
            windowPane.y + windowPane.height,
            camera,
          )
        : this.#all;
      this.#paintActor(classIndex, shareInside(reach, clip), () =>
        onStage(canvas.pen, camera, () => drawSeated(canvas.pen, seat, actor, moment)),
      );
    }
    for (const { classIndex, style } of plan.things) {
      if (style === 'photo' && this.hasPhoto(classIndex))
        this.#cutOut(random.pick(this.#album.byClass[classIndex]!), classIndex, plan.size, random);
    }
    for (let i = 0; i < plan.clutter; i++) this.#clutter(plan, random);
  }

  /** An individual of the cast, anywhere. */
  #act(classIndex: number, pose: Pose | null, size: readonly [number, number], random: Random): void {
    const className = this.#spec.classes[classIndex]!.drawn;
    if (className === null) return;
    const { canvas } = this;
    const actor = cast[className](individualSeed(this.#spec.split, random.integer(0, 0xffffffff)));
    const stretch = this.#squash * random.between(0.92, 1.08);
    const place = this.#findPlace(actor.size.width * stretch, actor.size.height, size, random);
    const mirror = random.chance(0.5) ? -1 : 1;
    const moment = pose ?? silentPose(random.between(0, 60));
    const angle = random.chance(0.5) ? random.between(-0.15, 0.15) : 0;
    const inside = shareInside(boundsAround(place), this.#all);
    this.#paintActor(classIndex, inside, () => {
      canvas.pen.within(
        place.x + (angle * place.height) / 2,
        place.y + place.height / 2,
        () => actor.draw(canvas.pen, moment),
        angle,
        mirror * place.scale * stretch,
        place.scale,
      );
    });
  }

  /** `inside`: about which share of it lies within the picture. */
  #paintActor(classIndex: number, inside: number, draw: () => void): void {
    const { canvas } = this;
    const mask = canvas.begin();
    if (mask === null) return;
    const drawn = canvas.raster.mask!;
    drawn.fill(0);
    draw();
    mask.set(drawn);
    if (canvas.commit(mask, { classIndex, known: true }, inside)) this.#takeMask(mask);
  }

  #clutter(plan: ScenePlan, random: Random): void {
    const { canvas } = this;
    const { clutter } = this.#album;
    if (clutter.length > 0 && !random.chance(0.25)) {
      this.#cutOut(random.pick(clutter), -1, plan.size, random);
      return;
    }
    const place = this.#findPlace(1, 1, plan.size, random);
    this.#paintActor(-1, 1, () => drawFigment(canvas.pen, place.x, place.y, place.width / 2, random));
  }

  #cutOut(photo: PhotoEntry, classIndex: number, size: readonly [number, number], random: Random): void {
    const { canvas } = this;
    const own = photo.objects.filter(({ category }) => category === photo.category);
    const object: PhotoObject | undefined = own.length > 0 ? random.pick(own) : photo.objects[0];
    if (object === undefined) return;
    const mask = canvas.begin();
    if (mask === null) return;
    const { width, height } = photo.levels[0]!;
    const stretch = this.#squash * random.between(0.9, 1.1);
    const boxWidth = (object.x1 - object.x0) * width;
    const boxHeight = (object.y1 - object.y0) * height;
    const calm = this.#spec.purpose.kind === 'evaluation';
    const angle = random.chance(0.6)
      ? random.between(-0.3, 0.3)
      : !calm && random.chance(0.15)
        ? random.between(-1.6, 1.6)
        : 0;
    const cos = Math.abs(Math.cos(angle));
    const sin = Math.abs(Math.sin(angle));
    const turnedWidth = boxWidth * stretch * cos + boxHeight * sin;
    const turnedHeight = boxWidth * stretch * sin + boxHeight * cos;
    const place = this.#findPlace(turnedWidth, turnedHeight, size, random);
    const placement: Placement = {
      fromX: ((object.x0 + object.x1) / 2) * width,
      fromY: ((object.y0 + object.y1) / 2) * height,
      toX: place.x,
      toY: place.y,
      scaleX: (random.chance(0.5) ? -1 : 1) * place.scale * stretch,
      scaleY: place.scale,
      angle,
    };
    const shape: Shape =
      object.mask === null || (!calm && random.chance(0.12))
        ? { kind: 'soft', power: random.pick([2, 4, 4, 8]), feather: random.between(0.08, 0.5) }
        : { kind: 'mask' };
    const shown = shape.kind === 'soft' ? { ...object, mask: null } : object;
    writeTone(this.#tone, random, 0.35);
    paintPhoto(this.#painter, photo, shown, placement, shape, this.#tone, mask, random.chance(0.15) ? 1 : 0);
    const inside = shareInside(boundsAround(place), this.#all);
    if (canvas.commit(mask, { classIndex, known: true }, inside)) this.#takeMask(mask);
  }

  #findPlace(width: number, height: number, size: readonly [number, number], random: Random): FreePlace {
    // Evaluated is what is wholly in the picture.
    const beyond = this.#spec.purpose.kind === 'evaluation' ? 0 : 0.12;
    return findPlace(this.canvas, this.#taken, width, height, size, beyond, random);
  }

  #takeMask(mask: Uint8Array): void {
    const bounds = pixelBounds(mask, this.canvas.width, this.canvas.height);
    if (bounds !== null) this.#taken.push(bounds);
  }
}

const between = (low: number, high: number, random: Random): number =>
  low + (high - low) * random.between(0.3, 0.7);

/** The bounds of a thing of a photo that is painted unturned. */
function placedBounds(thing: PhotoObject, width: number, height: number, placement: Placement): Bounds {
  const { fromX, fromY, toX, toY, scaleX, scaleY } = placement;
  const xs = [thing.x0, thing.x1].map((x) => toX + (x * width - fromX) * scaleX);
  const ys = [thing.y0, thing.y1].map((y) => toY + (y * height - fromY) * scaleY);
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

/** From the stage to the picture, sorted. */
function onPicture(x0: number, y0: number, x1: number, y1: number, camera: StageCamera): Bounds {
  const xs = [x0, x1].map((x) => x * camera.scaleX + camera.shiftX);
  const ys = [y0, y1].map((y) => y * camera.scaleY + camera.shiftY);
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

function seatBounds({ x, y, scale }: Seat, size: Actor['size'], camera: StageCamera): Bounds {
  const half = (size.width * scale) / 2;
  return onPicture(x - half, y - size.height * scale, x + half, y, camera);
}
