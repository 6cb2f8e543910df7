/** People: heads with faces, and limbs that bend at elbow and knee. */

import type { Color } from './paint.ts';
import { darker, glow, lighter, linear, mix, radial, translucent } from './paint.ts';
import type { Pen } from './pen.ts';
import type { Random } from './random.ts';
import { hash } from './random.ts';

export type HairStyle = 'short' | 'bob' | 'bun' | 'curls' | 'bald';

/** The looks of a person. */
export interface Look {
  skin: Color;
  hair: Color;
  style: HairStyle;
  beard: boolean;
  glasses: boolean;
  shirt: Color;
  trousers: Color;
  eyes: Color;
  seed: number;
}

const skins = [0xf2c9a5, 0xe8b48c, 0xd39a6f, 0xb27a52, 0x8d5a3b, 0x6f452d];
const hairs = [0x2b211e, 0x4a3026, 0x6d4428, 0x9a6a35, 0x8a8683, 0xa6552f];
const shirts = [0x4f7a86, 0xb5654a, 0x6b7f4f, 0x7d5a7a, 0xc39a4a, 0x4d5f8c, 0x9c4f55];
const trousers = [0x3e4a5e, 0x57483f, 0x4a4a4f, 0x6a5d48];

export function createLook(random: Random): Look {
  const style = random.pick<HairStyle>(['short', 'short', 'bob', 'bun', 'curls', 'bald']);
  return {
    skin: random.pick(skins),
    hair: random.pick(hairs),
    style,
    beard: (style === 'short' || style === 'bald') && random.chance(0.5),
    glasses: random.chance(0.3),
    shirt: random.pick(shirts),
    trousers: random.pick(trousers),
    eyes: random.pick([0x4a6a7a, 0x5a4030, 0x56703f]),
    seed: Math.floor(random.next() * 0x1_0000_0000),
  };
}

/** What a face does just now. */
export interface Expression {
  timeS: number;
  /** Mouth, 0 closed .. 1 wide open. */
  open: number;
  /** Mouth, 0 round .. 1 stretched. */
  wide: number;
  /** Where the eyes look, -1..1. */
  gazeX: number;
  gazeY: number;
}

/** Eyes shut for a seventh of a second, now and then. */
function blinking(seed: number, timeS: number): boolean {
  const slot = Math.floor(timeS / 2.7);
  const start = ((hash(seed, slot) % 1000) / 1000) * 2.4;
  const since = timeS - slot * 2.7 - start;
  return since >= 0 && since < 0.14;
}

/** A head about 62 wide and 84 high, centred on the face; the neck reaches down to y = 62. */
export function drawHead(pen: Pen, look: Look, face: Expression): void {
  const { skin, hair } = look;
  const shade = mix(skin, 0x7a3b2a, 0.28);
  if (look.style === 'bob') {
    pen.blob(
      [-33, -8, -27, -36, 0, -45, 27, -36, 33, -8, 35, 26, 27, 40, 0, 34, -27, 40, -35, 26],
      darker(hair, 0.25),
    );
  } else if (look.style === 'bun') {
    pen.circle(3, -47, 15, darker(hair, 0.12));
    pen.curve([-6, -50, 4, -55, 13, -47], 2, lighter(hair, 0.16));
  } else if (look.style === 'curls') {
    for (let i = 0; i < 11; i++) {
      const angle = Math.PI * (0.86 + (1.28 * i) / 10);
      pen.circle(32 * Math.cos(angle), 36 * Math.sin(angle) + 3, 13, darker(hair, 0.2));
    }
  }
  pen.roundRect(-13, 18, 26, 46, 10, linear(0, 26, 0, 56, shade, skin));
  for (const side of [-1, 1]) {
    pen.ellipse(side * 30, 3, 7, 10, skin);
    pen.ellipse(side * 30.5, 3, 3.5, 6, shade);
  }
  pen.blob(
    [-30, -10, -22, -34, 0, -40, 22, -34, 30, -10, 27, 16, 15, 34, 0, 39, -15, 34, -27, 16],
    radial(-8, -10, 62, lighter(skin, 0.18), mix(skin, shade, 0.55)),
  );
  pen.circle(-17, 13, 10, glow(-17, 13, 10, 0xe0705a, 0.28));
  pen.circle(17, 13, 10, glow(17, 13, 10, 0xe0705a, 0.28));
  if (look.beard) {
    pen.blob(
      [-30, 0, -26, 18, -14, 35, 0, 42, 14, 35, 26, 18, 30, 0, 24, 10, 12, 14, 0, 12, -12, 14, -24, 10],
      mix(hair, skin, 0.12),
    );
  }
  drawMouth(pen, look, face);
  pen.curve([-1, -3, -5, 8, 1, 10], 2.6, shade, 2);
  drawEyes(pen, look, face);
  drawFringe(pen, look);
}

function drawMouth(pen: Pen, look: Look, face: Expression): void {
  const y = 22;
  const half = 8 + 5 * face.wide;
  if (face.open < 0.06) {
    pen.curve([-half, y - 1, 0, y + 3, half, y - 1], 2.8, mix(look.skin, 0x8a2f2f, 0.7));
    return;
  }
  const drop = 2 + 10 * face.open;
  const lip = mix(look.skin, 0xa8443f, 0.65);
  pen.blob(
    [
      -half - 2,
      y - 1,
      -half * 0.5,
      y - 5,
      half * 0.5,
      y - 5,
      half + 2,
      y - 1,
      half * 0.7,
      y + drop * 0.8 + 2,
      0,
      y + drop + 3,
      -half * 0.7,
      y + drop * 0.8 + 2,
    ],
    lip,
  );
  pen.blob(
    [
      -half,
      y - 1,
      -half * 0.5,
      y - 3,
      half * 0.5,
      y - 3,
      half,
      y - 1,
      half * 0.7,
      y + drop * 0.75,
      0,
      y + drop,
      -half * 0.7,
      y + drop * 0.75,
    ],
    0x5a1a20,
  );
  if (face.open > 0.3) pen.ellipse(0, y + drop * 0.75, half * 0.55, drop * 0.24, 0xc8625f);
  pen.roundRect(-half * 0.62, y - 3, half * 1.24, Math.min(3.6, drop * 0.5), 1.5, 0xfbf5ec);
}

function drawEyes(pen: Pen, look: Look, face: Expression): void {
  const shut = blinking(look.seed, face.timeS);
  const brow = mix(look.hair, look.skin, 0.15);
  const lift = 2.5 * face.open;
  for (const side of [-1, 1]) {
    const x = side * 12.5;
    if (shut) pen.curve([x - 6, -7, x, -5, x + 6, -7], 2.2, darker(look.skin, 0.6));
    else {
      pen.ellipse(x, -7, 6.6, 5.2, 0xfdfaf4);
      pen.circle(x + 2 * face.gazeX, -7 + 1.2 * face.gazeY, 3.6, look.eyes);
      pen.circle(x + 2 * face.gazeX, -7 + 1.2 * face.gazeY, 1.9, 0x1c1618);
      pen.circle(x + 2 * face.gazeX + 1.2, -8.4 + 1.2 * face.gazeY, 0.9, 0xffffff);
      pen.curve([x - 6.8, -8, x, -12.4, x + 6.8, -8], 1.8, darker(look.skin, 0.62));
    }
    pen.curve(
      [x - 8 * side, -18 - lift, x + side, -20.5 - lift, x + 8.5 * side, -15.5 - lift],
      2.6,
      brow,
      1.6,
    );
    if (look.glasses) pen.ring(x, -6, 9.5, 1.8, 0x3a3032);
  }
  if (look.glasses) pen.line([-3, -7, 3, -7], 1.8, 0x3a3032);
}

function drawFringe(pen: Pen, look: Look): void {
  const { hair } = look;
  const shine = lighter(hair, 0.14);
  if (look.style === 'bald') {
    pen.ellipse(-9, -30, 7, 3.5, translucent(0xffffff, 0.25), -0.5);
    return;
  }
  if (look.style === 'curls') {
    for (let i = 0; i < 7; i++) {
      const angle = Math.PI * (1.08 + (0.84 * i) / 6);
      pen.circle(
        26 * Math.cos(angle),
        31 * Math.sin(angle) - 4,
        10.5,
        i % 2 === 0 ? hair : mix(hair, shine, 0.5),
      );
    }
    return;
  }
  pen.blob(
    [-32, -6, -32, -28, -14, -45, 12, -45, 31, -29, 32, -6, 27, -18, 15, -27, -4, -24, -22, -24, -27, -16],
    hair,
  );
  pen.curve([-18, -36, -2, -41, 14, -38], 3, shine, 1);
  if (look.style === 'bob') {
    pen.curve([-30, -16, -33, 8, -29, 32], 11, hair, 7);
    pen.curve([30, -16, 33, 8, 29, 32], 11, hair, 7);
  }
}

/** Upper and lower piece of equal `reach` from (x0, y0) to (x1, y1); `bend` > 0 turns the joint to the right of the way. */
export function drawLimb(
  pen: Pen,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  reach: number,
  bend: number,
  width: number,
  upper: Color,
  lower: Color = upper,
): void {
  const dx = x1 - x0;
  const dy = y1 - y0;
  const distance = Math.min(Math.hypot(dx, dy), 2 * reach - 0.01) || 1;
  const out = bend * Math.sqrt(reach * reach - (distance / 2) ** 2);
  const jointX = x0 + dx / 2 - (dy / distance) * out;
  const jointY = y0 + dy / 2 + (dx / distance) * out;
  pen.curve([jointX, jointY, x1, y1], width * 0.92, lower, width * 0.62);
  pen.curve([x0, y0, jointX, jointY], width, upper, width * 0.94);
}

/** A mitten of a hand; `angle` is the direction of the fingers. */
export function drawHand(pen: Pen, x: number, y: number, size: number, skin: Color, angle: number): void {
  pen.within(
    x,
    y,
    () => {
      pen.ellipse(0.25 * size, 0, 0.95 * size, 0.72 * size, skin);
      pen.curve([-0.1 * size, 0.4 * size, 0.5 * size, 0.95 * size], 0.5 * size, skin, 0.4 * size);
      for (let finger = -1; finger <= 1; finger++) {
        pen.curve(
          [0.7 * size, finger * 0.38 * size, 1.45 * size, finger * 0.42 * size],
          0.42 * size,
          skin,
          0.32 * size,
        );
        pen.line(
          [0.9 * size, (finger + 0.5) * 0.38 * size, 1.25 * size, (finger + 0.5) * 0.4 * size],
          0.09 * size,
          darker(skin, 0.28),
        );
      }
    },
    angle,
  );
}
