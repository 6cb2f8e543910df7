/** Which photos there are to compose pictures of. */

import type { PhotoEntry } from './media-bank.ts';
import type { SceneSpec } from './spec.ts';

/** The photos of one split, by what they show. */
export interface Album {
  byClass: PhotoEntry[][];
  clutter: PhotoEntry[];
  backgrounds: PhotoEntry[];
  classOf: Map<string, number>;
}

export function albumOf(spec: SceneSpec): Album {
  const classOf = new Map<string, number>();
  spec.classes.forEach(({ photos }, i) => {
    for (const category of photos) classOf.set(category, i);
  });
  const byClass: PhotoEntry[][] = spec.classes.map(() => []);
  const clutter: PhotoEntry[] = [];
  const backgrounds: PhotoEntry[] = [];
  for (const photo of spec.bank?.photos ?? []) {
    if (photo.split !== spec.split) continue;
    const classIndex = classOf.get(photo.category);
    if (photo.role === 'background') backgrounds.push(photo);
    else if (classIndex === undefined) clutter.push(photo);
    else byClass[classIndex]!.push(photo);
  }
  return { byClass, clutter, backgrounds, classOf };
}
