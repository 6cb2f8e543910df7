/** The room that the demo scene plays in: everything that never moves. */

import { darker, glow, lighter, linear, radial, translucent } from './paint.ts';
import type { Pen } from './pen.ts';
import { createRandom } from './random.ts';

/** The stage that is always visible; the room is painted beyond it for other picture shapes. */
export const stage = { width: 640, height: 480 } as const;

/** The window's glass: the only place where the sky is seen. */
export const windowPane = { x: 318, y: 46, width: 196, height: 132 } as const;

/** The middle of the crate's top, where one can perch. */
export const crateTop = { x: 300, y: 314 } as const;

const FLOOR_Y = 322;
const WALL_TOP = -700;
const LEFT = -900;
const RIGHT = 1540;

export function drawRoom(pen: Pen, seed: number): void {
  const random = createRandom(seed ^ 0x0f00d);
  const wall = random.pick([0xe9d9bb, 0xdcdac0, 0xe8d2ba, 0xd8dccb]);
  drawWall(pen, wall);
  drawWindow(pen, wall);
  drawFloor(pen);
  drawFurniture(pen);
  pen.polygon([LEFT, WALL_TOP, RIGHT, WALL_TOP, RIGHT, 1200, LEFT, 1200], {
    ...radial(320, 210, 620, 0xfff2d8, 0x3a2018),
    fromAlpha: 0.06,
    toAlpha: 0.34,
  });
}

function drawWall(pen: Pen, wall: number): void {
  pen.polygon(
    [LEFT, WALL_TOP, RIGHT, WALL_TOP, RIGHT, FLOOR_Y, LEFT, FLOOR_Y],
    linear(0, -100, 0, FLOOR_Y, lighter(wall, 0.1), darker(wall, 0.1)),
  );
  for (let x = LEFT; x < RIGHT; x += 44) {
    pen.polygon([x, WALL_TOP, x + 22, WALL_TOP, x + 22, FLOOR_Y, x, FLOOR_Y], translucent(0xffffff, 0.07));
  }
  const panel = darker(wall, 0.14);
  pen.polygon(
    [LEFT, 246, RIGHT, 246, RIGHT, FLOOR_Y, LEFT, FLOOR_Y],
    linear(0, 246, 0, FLOOR_Y, panel, darker(panel, 0.12)),
  );
  for (let x = LEFT + 20; x < RIGHT; x += 96) {
    pen.roundRect(x, 260, 78, 44, 3, darker(panel, 0.12));
    pen.roundRect(x + 3, 263, 74, 40, 2, lighter(panel, 0.06));
  }
  pen.polygon([LEFT, 240, RIGHT, 240, RIGHT, 249, LEFT, 249], lighter(wall, 0.35));
  pen.polygon([LEFT, 249, RIGHT, 249, RIGHT, 252, LEFT, 252], darker(wall, 0.3));
  pen.polygon([LEFT, FLOOR_Y - 12, RIGHT, FLOOR_Y - 12, RIGHT, FLOOR_Y, LEFT, FLOOR_Y], lighter(wall, 0.25));
}

function drawWindow(pen: Pen, wall: number): void {
  const { x, y, width, height } = windowPane;
  pen.circle(
    x + width / 2,
    y + height / 2,
    glow(x + width / 2, y + height / 2, 190, 0xfffbe8, 0.55).radius,
    glow(x + width / 2, y + height / 2, 190, 0xfffbe8, 0.55),
  );
  pen.roundRect(x - 12, y - 12, width + 24, height + 24, 4, lighter(wall, 0.75));
  pen.roundRect(x - 3, y - 3, width + 6, height + 6, 2, darker(wall, 0.25));
  pen.clipped(x, y, width, height, () => {
    pen.polygon(
      [x, y, x + width, y, x + width, y + height, x, y + height],
      linear(x, y, x, y + height, 0x9cc4d6, 0xe2eee4),
    );
    for (const [cx, cy, r] of [
      [34, 24, 11],
      [48, 20, 15],
      [64, 25, 11],
      [150, 40, 9],
      [162, 37, 12],
      [176, 42, 8],
    ] as const) {
      pen.circle(x + cx, y + cy, r, translucent(0xffffff, 0.6));
    }
    pen.blob(
      [
        x - 20,
        y + 104,
        x + 30,
        y + 94,
        x + 80,
        y + 106,
        x + 140,
        y + 92,
        x + 220,
        y + 106,
        x + 220,
        y + 170,
        x - 20,
        y + 170,
      ],
      0xa9bf98,
    );
    pen.blob(
      [
        x - 20,
        y + 120,
        x + 60,
        y + 112,
        x + 120,
        y + 122,
        x + 220,
        y + 112,
        x + 220,
        y + 180,
        x - 20,
        y + 180,
      ],
      0x86a678,
    );
    for (const tree of [18, 33, 170]) pen.ellipse(x + tree, y + 108, 8, 13, 0x6d9068);
  });
  pen.roundRect(x - 20, y + height + 8, width + 40, 11, 3, lighter(wall, 0.6));
  pen.polygon(
    [
      x - 16,
      y + height + 19,
      x + width + 16,
      y + height + 19,
      x + width + 16,
      y + height + 24,
      x - 16,
      y + height + 24,
    ],
    translucent(0x2a1510, 0.18),
  );
  pen.line([x - 44, y - 24, x + width + 44, y - 24], 5, 0x7a5236);
  for (const side of [-1, 1]) {
    const edge = side < 0 ? x - 4 : x + width + 4;
    const cloth = 0xb8695a;
    pen.blob(
      [
        edge - side * 4,
        y - 22,
        edge + side * 36,
        y - 22,
        edge + side * 40,
        y + 60,
        edge + side * 34,
        y + height + 26,
        edge + side * 10,
        y + height + 26,
        edge + side * 4,
        y + 60,
      ],
      linear(edge - 30, 0, edge + 30, 0, lighter(cloth, 0.14), darker(cloth, 0.1)),
    );
    for (const fold of [8, 18, 28])
      pen.curve(
        [
          edge + side * fold,
          y - 18,
          edge + side * (fold + 3),
          y + 60,
          edge + side * (fold - 1),
          y + height + 20,
        ],
        2,
        translucent(0x6a2c28, 0.3),
      );
  }
}

function drawFloor(pen: Pen): void {
  pen.polygon(
    [LEFT, FLOOR_Y, RIGHT, FLOOR_Y, RIGHT, 1300, LEFT, 1300],
    linear(0, FLOOR_Y, 0, 480, 0xa87c54, 0xc09468),
  );
  for (let i = -30; i <= 30; i++) {
    pen.polygon(
      [320 + i * 46, FLOOR_Y, 320 + i * 46 + 1.5, FLOOR_Y, 320 + i * 110 + 3, 560, 320 + i * 110, 560],
      translucent(0x5a3820, 0.35),
    );
  }
  pen.ellipse(330, 428, 250, 50, 0x8a5148);
  pen.ellipse(330, 427, 240, 46, 0xd9c3a0);
  pen.ellipse(330, 427, 226, 42, 0x9c6156);
  pen.ellipse(330, 427, 150, 27, 0xb4786a);
}

function drawFurniture(pen: Pen): void {
  drawLamp(pen);
  pen.within(crateTop.x - 262, 0, () => drawCrate(pen));
  drawPlant(pen, 588, 322);
  drawPicture(pen, 575, 92);
}

function drawLamp(pen: Pen): void {
  pen.circle(52, 74, 130, glow(52, 74, 130, 0xfff0c0, 0.5));
  pen.line([52, 80, 52, 326], 5, 0x6a5140);
  pen.ellipse(52, 328, 26, 6, 0x59443a);
  pen.polygon([30, 42, 74, 42, 90, 92, 14, 92], linear(0, 42, 0, 92, 0xf6dfa8, 0xfff3d0));
  pen.line([14, 92, 90, 92], 3, 0xd8b878);
}

function drawCrate(pen: Pen): void {
  pen.ellipse(262, 382, 66, 8, translucent(0x2a1510, 0.25));
  pen.roundRect(206, 318, 112, 62, 3, 0x7e5836);
  for (const y of [320, 341, 362])
    pen.roundRect(206, y, 112, 17, 2, linear(206, 0, 318, 0, 0xc29863, 0xa97f4e));
  for (const x of [209, 303]) {
    pen.roundRect(x, 318, 12, 62, 2, 0x94693f);
    for (const y of [328, 349, 370]) pen.circle(x + 6, y, 1.6, 0x5a3f28);
  }
  pen.roundRect(202, 312, 120, 10, 3, 0xcda673);
}

function drawPlant(pen: Pen, x: number, floor: number): void {
  for (let i = 0; i < 9; i++) {
    const lean = (i - 4) * 15;
    pen.curve(
      [
        x,
        floor - 40,
        x + lean * 0.5,
        floor - 100 + Math.abs(lean) * 0.4,
        x + lean * 1.2,
        floor - 130 + Math.abs(lean),
      ],
      11,
      i % 2 === 0 ? 0x6f8f62 : 0x86a473,
      3,
    );
  }
  pen.polygon(
    [x - 26, floor - 44, x + 26, floor - 44, x + 20, floor + 4, x - 20, floor + 4],
    linear(x - 26, 0, x + 26, 0, 0xc4846a, 0x96583f),
  );
}

function drawPicture(pen: Pen, x: number, y: number): void {
  pen.roundRect(x - 40, y - 46, 80, 92, 3, 0x8a6444);
  pen.roundRect(x - 33, y - 39, 66, 78, 1, 0xf3ead6);
  pen.clipped(x - 26, y - 32, 52, 64, () => {
    pen.roundRect(x - 26, y - 32, 52, 64, 0, linear(0, y - 32, 0, y + 32, 0xe8c79a, 0xd99f7c));
    pen.circle(x + 8, y - 8, 9, 0xf4e6c0);
    pen.blob(
      [x - 40, y + 20, x - 10, y + 4, x + 10, y + 14, x + 40, y + 6, x + 40, y + 50, x - 40, y + 50],
      0x7d8f8a,
    );
  });
}
