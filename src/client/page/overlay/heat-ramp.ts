/** How a heat value looks: colour and alpha of one class for each of 256 heat levels. Pure. */

/** How strongly heat covers the picture. */
export interface HeatLook {
  /** Heat below it is not shown, 0..1. */
  threshold: number;
  /** Alpha of the surest heat, 0..1. */
  opacity: number;
}

/** Share of white in the colour of the surest heat: a lit core reads as "here" on any background. */
const CORE_WHITENESS = 0.4;

/**
 * Alpha of a heat value: 0 up to the threshold, `opacity` at 1. It leaves the threshold without a rim, then
 * rises early, so that a quarter of the way up is already half covered: weak heat is what needs help to be seen.
 * Monotonic in heat.
 */
export function heatAlpha(heat: number, look: HeatLook): number {
  const span = 1 - look.threshold;
  if (heat <= look.threshold || span <= 0) return 0;
  const u = Math.min((heat - look.threshold) / span, 1);
  return look.opacity * (1 - (1 - u) ** 3) ** 1.3;
}

/** 256 RGBA entries (not premultiplied) for heat levels 0/255 .. 255/255. */
export function buildRamp(colour: string, look: HeatLook): Uint8ClampedArray<ArrayBuffer> {
  const [red, green, blue] = parseColour(colour);
  const ramp = new Uint8ClampedArray(256 * 4);
  for (let level = 0; level < 256; level++) {
    const heat = level / 255;
    const white = CORE_WHITENESS * heat ** 4;
    ramp[level * 4] = red + (255 - red) * white;
    ramp[level * 4 + 1] = green + (255 - green) * white;
    ramp[level * 4 + 2] = blue + (255 - blue) * white;
    ramp[level * 4 + 3] = 255 * heatAlpha(heat, look);
  }
  return ramp;
}

/** Bytes of `#rrggbb`; white for anything else, since a class without a colour must still be seen. */
export function parseColour(colour: string): [red: number, green: number, blue: number] {
  if (!/^#[0-9a-f]{6}$/iu.test(colour)) return [255, 255, 255];
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
