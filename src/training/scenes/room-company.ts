/** Seats a company in the demo scene's room: where each kind belongs, at other places and sizes every time. */

import type { Actor, CastClass, Pose } from '../../pipeline/ingest/demo/actor.ts';
import type { Pen } from '../../pipeline/ingest/demo/pen.ts';
import type { Random } from '../../pipeline/ingest/demo/random.ts';
import { crateTop, stage, windowPane } from '../../pipeline/ingest/demo/room.ts';

/** One member's place; `draw` draws an actor there, on the stage. */
export interface Seat {
  /** Index in the company. */
  member: number;
  draw: (pen: Pen, actor: Actor, pose: Pose) => void;
}

/** Members stand at least this far apart, in stage units, while there is room. */
const APART = 120;

/** In drawing order, far to near. A helicopter flies behind the window, a clock may hang, a rooster may perch. */
export function seatCompany(company: readonly CastClass[], random: Random): Seat[] {
  const standing: number[] = [];
  const floorX = (): number => {
    let x = 0;
    for (let attempt = 0; attempt < 12; attempt++) {
      x = random.between(40, stage.width - 40);
      if (standing.every((other) => Math.abs(other - x) > APART * (1 - attempt / 12))) break;
    }
    standing.push(x);
    return x;
  };
  const places = company.map((className, member) => {
    const mirrored = random.chance(0.5);
    const at = (x: number, y: number, scale: number, inWindow = false) => ({
      member,
      x,
      y,
      scale,
      mirrored,
      inWindow,
    });
    if (className === 'helicopter' && random.chance(0.8)) {
      return at(
        windowPane.x + windowPane.width * random.between(0.15, 0.85),
        windowPane.y + windowPane.height * random.between(0.35, 0.85),
        random.between(0.55, 1),
        true,
      );
    }
    if (className === 'helicopter' || (className === 'clock' && random.chance(0.75))) {
      return at(random.between(60, stage.width - 60), random.between(120, 260), random.between(0.7, 1.2));
    }
    if (className === 'rooster' && random.chance(0.5)) {
      return at(crateTop.x + random.between(-35, 35), crateTop.y, random.between(0.75, 1.1));
    }
    return at(floorX(), random.between(370, stage.height + 30), random.between(0.75, 1.15));
  });
  return places
    .sort((a, b) => Number(b.inWindow) - Number(a.inWindow) || a.y - b.y)
    .map(({ member, x, y, scale, mirrored, inWindow }) => ({
      member,
      draw: (pen, actor, pose) => {
        const draw = (): void =>
          pen.within(x, y, () => actor.draw(pen, pose), 0, mirrored ? -scale : scale, scale);
        if (inWindow) pen.clipped(windowPane.x, windowPane.y, windowPane.width, windowPane.height, draw);
        else draw();
      },
    }));
}
