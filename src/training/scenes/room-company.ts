/** Seats a company in the demo scene's room: where each kind belongs, at other places and sizes every time. */

import type { Actor, CastClass, Pose } from '../../pipeline/ingest/demo/actor.ts';
import type { Pen } from '../../pipeline/ingest/demo/pen.ts';
import type { Random } from '../../pipeline/ingest/demo/random.ts';
import { crateTop, stage, windowPane } from '../../pipeline/ingest/demo/room.ts';
import type { CompanyPlace } from '../../pipeline/ingest/demo/scene.ts';
import { companyPlaces } from '../../pipeline/ingest/demo/scene.ts';

/** One member's place, on the stage: the middle of its bottom edge. */
export interface Seat {
  /** Index in the company. */
  member: number;
  x: number;
  y: number;
  scale: number;
  mirrored: boolean;
  /** Only what is before the window's glass shows. */
  inWindow: boolean;
}

/** What of the stage is in the picture, in stage units. */
export interface StageView {
  left: number;
  right: number;
}

/** Draws an actor on its seat. */
export function drawSeated(pen: Pen, seat: Seat, actor: Actor, pose: Pose): void {
  const { x, y, scale, mirrored, inWindow } = seat;
  const draw = (): void => pen.within(x, y, () => actor.draw(pen, pose), 0, mirrored ? -scale : scale, scale);
  if (inWindow) pen.clipped(windowPane.x, windowPane.y, windowPane.width, windowPane.height, draw);
  else draw();
}

/** A helicopter's way through the window, in stage units, as in the demo scene. */
const FLIGHT = { reach: 190, climb: 16, drift: 16 } as const;

/**
 * Seats each of the company where the demo scene does, near enough; classes that it does not have take the places of
 * those that are left out. `hovering` tells whether a helicopter is all there, not arriving or leaving.
 */
export function seatAsInDemo(
  company: readonly { className: CastClass; hovering: boolean }[],
  random: Random,
): Seat[] {
  const free = companyPlaces.filter(({ className }) => !company.some((one) => one.className === className));
  const seats = company.map(({ className, hovering }, member): Seat & { order: number } => {
    const place: CompanyPlace | undefined =
      companyPlaces.find((one) => one.className === className) ??
      free.splice(
        free.findIndex(({ y }) => y > 400),
        1,
      )[0];
    const { x, y, scale, mirrored } = place ?? {
      x: random.between(40, stage.width - 40),
      y: random.between(430, stage.height),
      scale: 1,
      mirrored: false,
    };
    const flies = className === 'helicopter';
    const way = flies && !hovering ? random.pick([-1, 1]) * random.next() ** 2 : 0;
    return {
      member,
      order: place === undefined ? companyPlaces.length : companyPlaces.indexOf(place),
      x: x - FLIGHT.reach * way + (flies ? FLIGHT.drift : 10) * random.between(-1, 1),
      y: y - FLIGHT.climb * Math.abs(way) + 6 * random.between(-1, 1),
      scale: scale * random.between(0.94, 1.06),
      mirrored: random.chance(0.1) ? !mirrored : mirrored,
      inWindow: flies,
    };
  });
  return seats.sort((a, b) => a.order - b.order);
}

/** Members stand at least this far apart, in stage units, while there is room. */
const APART = 120;

/** In drawing order, far to near. A helicopter flies behind the window, a clock may hang, a rooster may perch. */
export function seatCompany(company: readonly CastClass[], view: StageView, random: Random): Seat[] {
  const left = Math.max(0, view.left) + 40;
  const right = Math.min(stage.width, view.right) - 40;
  const isSeen = (x: number): boolean => x > left && x < right;
  const standing: number[] = [];
  const floorX = (): number => {
    let x = 0;
    for (let attempt = 0; attempt < 12; attempt++) {
      x = random.between(left, right);
      if (standing.every((other) => Math.abs(other - x) > APART * (1 - attempt / 12))) break;
    }
    standing.push(x);
    return x;
  };
  const seats = company.map((className, member) => {
    const mirrored = random.chance(0.5);
    const at = (x: number, y: number, scale: number, inWindow = false): Seat => ({
      member,
      x,
      y,
      scale,
      mirrored,
      inWindow,
    });
    const windowX = windowPane.x + windowPane.width * random.between(0.15, 0.85);
    if (className === 'helicopter' && isSeen(windowX) && random.chance(0.8)) {
      return at(
        windowX,
        windowPane.y + windowPane.height * random.between(0.35, 0.85),
        random.between(0.55, 1),
        true,
      );
    }
    if (className === 'helicopter' || (className === 'clock' && random.chance(0.75))) {
      return at(random.between(left, right), random.between(120, 260), random.between(0.7, 1.2));
    }
    if (className === 'rooster' && isSeen(crateTop.x) && random.chance(0.5)) {
      return at(crateTop.x + random.between(-35, 35), crateTop.y, random.between(0.75, 1.1));
    }
    return at(floorX(), random.between(370, stage.height + 30), random.between(0.75, 1.15));
  });
  return seats.sort((a, b) => Number(b.inWindow) - Number(a.inWindow) || a.y - b.y);
}
