/** What a shape is filled with: plain colours, translucent ones, and two-stop gradients. */

/** `0xRRGGBB`. */
export type Color = number;

export interface Translucent {
  kind: 'flat';
  color: Color;
  /** 0..1. */
  alpha: number;
}

/** Colour runs from `from` at (x0, y0) to `to` at (x1, y1), in the pen's current units. */
export interface LinearGradient {
  kind: 'linear';
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  from: Color;
  to: Color;
  fromAlpha: number;
  toAlpha: number;
}

/** Colour runs from `from` at the centre to `to` at `radius`, in the pen's current units. */
export interface RadialGradient {
  kind: 'radial';
  x: number;
  y: number;
  radius: number;
  from: Color;
  to: Color;
  fromAlpha: number;
  toAlpha: number;
}

export type Paint = Color | Translucent | LinearGradient | RadialGradient;

export function translucent(color: Color, alpha: number): Translucent {
  return { kind: 'flat', color, alpha };
}

export function linear(
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  from: Color,
  to: Color,
): LinearGradient {
  return { kind: 'linear', x0, y0, x1, y1, from, to, fromAlpha: 1, toAlpha: 1 };
}

export function radial(x: number, y: number, radius: number, from: Color, to: Color): RadialGradient {
  return { kind: 'radial', x, y, radius, from, to, fromAlpha: 1, toAlpha: 1 };
}

/** A soft spot of one colour that fades to nothing at `radius`. */
export function glow(x: number, y: number, radius: number, color: Color, alpha: number): RadialGradient {
  return { kind: 'radial', x, y, radius, from: color, to: color, fromAlpha: alpha, toAlpha: 0 };
}

/** The colour `share` (0..1) of the way from `a` to `b`. */
export function mix(a: Color, b: Color, share: number): Color {
  const channel = (shift: number): number => {
    const from = (a >> shift) & 255;
    return Math.round(from + (((b >> shift) & 255) - from) * share) << shift;
  };
  return channel(16) | channel(8) | channel(0);
}

export const darker = (color: Color, share: number): Color => mix(color, 0x2a1a20, share);
export const lighter = (color: Color, share: number): Color => mix(color, 0xfff6e8, share);
