/** A colour for every class, as different from each other as their number allows. */

/** Bright on a darkened picture, and told apart with the common deficiencies of colour vision. */
const PALETTE = [
  '#ee7733',
  '#33bbee',
  '#ddcc33',
  '#ee3377',
  '#22ccaa',
  '#bb88ff',
  '#ff99bb',
  '#88cc44',
  '#cc3311',
  '#5577ff',
  '#ffddaa',
  '#aaddff',
];

/** Lower-case `#rrggbb`, the same for the same place in the list. */
export function classColour(index: number): string {
  return PALETTE[index] ?? hsl((index * 137.508) % 360, 0.75, 0.45 + 0.25 * ((index % 3) / 2));
}

/** @param hue - degrees. @param saturation - 0..1. @param lightness - 0..1. */
function hsl(hue: number, saturation: number, lightness: number): string {
  const chroma = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number): string => {
    const place = (offset + hue / 30) % 12;
    const value = lightness - chroma * Math.max(-1, Math.min(place - 3, 9 - place, 1));
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}
