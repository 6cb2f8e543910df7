/** A musician on a stool, facing us; the instrument is drawn by whoever plays it. */

import type { Pose } from './actor.ts';
import { currentNote } from './actor.ts';
import type { Look } from './figure.ts';
import { drawHead } from './figure.ts';
import { darker, lighter, linear, mix, translucent } from './paint.ts';
import type { Pen } from './pen.ts';
import { wander } from './random.ts';

/** Where shoulders are in the units of `drawInstrument`: origin at the hips, (-x, y) and (x, y). */
export const shoulder = { x: 38, y: -86 } as const;

/** The middle of the mouth there. */
export const mouth = { x: 0, y: -129 } as const;

export interface Seat {
  look: Look;
  seed: number;
  /** Where the eyes go, -1..1. */
  gazeX: number;
  gazeY: number;
}

/**
 * Draws stool, legs, body and head, then `drawInstrument` with the origin at the hips, which sway with the music.
 * About 130 wide and 312 high, standing on the pen's origin.
 */
export function drawSeatedPlayer(
  pen: Pen,
  seat: Seat,
  pose: Pose,
  drawInstrument: (playing: number) => void,
): void {
  const { look, seed } = seat;
  const { timeS } = pose;
  const playing = currentNote(pose) === null ? 0 : 1;
  const sway = wander(seed, timeS, 5.5);
  drawStool(pen);
  drawLegs(pen, look, playing * Math.max(0, Math.sin(timeS * 10)) * 4);
  pen.within(
    2.5 * sway,
    -118,
    () => {
      const shirt = linear(-45, -90, 45, 0, lighter(look.shirt, 0.12), darker(look.shirt, 0.18));
      pen.blob(
        [-34, 4, -38, -40, -42, -84, -22, -104, 0, -107, 22, -104, 42, -84, 38, -40, 34, 4, 0, 9],
        shirt,
      );
      pen.blob([-13, -105, 0, -97, 13, -105, 0, -110], mix(look.skin, 0x7a3b2a, 0.25));
      const nod = 0.05 * sway + playing * 0.05 * Math.sin(timeS * 5);
      const face = {
        timeS,
        open: 0,
        wide: 0.6 + 0.4 * playing,
        gazeX: seat.gazeX,
        gazeY: seat.gazeY * playing,
      };
      pen.within(0, -147, () => drawHead(pen, look, face), nod, 0.84);
      drawInstrument(playing);
    },
    0.02 * sway + 0.012 * playing * Math.sin(timeS * 6),
  );
}

function drawStool(pen: Pen): void {
  pen.aside(() => {
    pen.ellipse(0, 2, 96, 13, translucent(0x2a1510, 0.25));
    pen.line([-36, -4, -26, -112], 7, 0x6a4630);
    pen.line([36, -4, 26, -112], 7, 0x6a4630);
    pen.line([-32, -48, 32, -48], 5, 0x5a3a28);
    pen.roundRect(-42, -122, 84, 13, 6, linear(0, -122, 0, -109, 0x93643f, 0x6a4630));
  });
}

/** `tap`: how far the toes of one foot are lifted. */
function drawLegs(pen: Pen, look: Look, tap: number): void {
  const cloth = linear(0, -88, 0, 0, look.trousers, darker(look.trousers, 0.25));
  for (const side of [-1, 1]) {
    const lift = side > 0 ? tap : 0;
    pen.ellipse(side * 49, -7 - lift * 0.4, 20, 8, 0x3a2c2a, side * -0.05 - lift * 0.02);
    pen.curve([side * 46, -88, side * 43, -14], 27, cloth, 21);
    pen.curve([side * 16, -122, side * 46, -90], 38, lighter(look.trousers, 0.05), 31);
  }
}
