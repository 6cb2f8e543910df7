/** IS3: synthetic pictures of two objects, each with the sound of either: the same picture, another truth. */

import { z } from 'zod';
import { AnnotationFolder } from '../annotations/annotation-folder.ts';
import { readJson } from '../annotations/json.ts';
import { type DatasetChoice, refuseUnused } from '../dataset-choice.ts';
import { MIDDLE, type Reading, type Region } from '../moment.ts';
import { fromPixels } from './boxes.ts';
import { finish, momentOf, nameOf, sortedNames, stemOf } from './layout.ts';

/** Boxes are in pixels of pictures of this side. */
const SIDE = 224;

const boxForm = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const form = z.array(
  z.object({
    image: z.string(),
    audio: z.string(),
    /** Corners, or in the `_seg` file the mask's path. */
    gt_box: z.union([boxForm, z.string()]),
  }),
);

/**
 * `synthetic3240_bbox.json`, or `synthetic3240_seg.json` where `annotations` names that file. The sounding object is
 * the last word of the name; what comes before it names the picture, whose other object is there and silent.
 */
export function readIs3(choice: DatasetChoice): Reading {
  refuseUnused(choice, []);
  const file = new AnnotationFolder(choice).need('synthetic3240_bbox.json', 'synthetic3240_seg.json');
  const entries = readJson(file, form).map(({ image, audio, gt_box: truth }) => {
    const id = stemOf(image);
    const cut = id.lastIndexOf('_');
    return { id, image, audio, truth, name: id.slice(cut + 1), group: id.slice(0, Math.max(0, cut)) };
  });
  const scenes = Map.groupBy(entries, ({ group }) => group);
  const moments = entries.map(({ id, image, audio, name, group }) => {
    const scene = scenes.get(group) ?? [];
    return momentOf({
      id,
      pictures: [{ candidates: [`visual_frames/${nameOf(image)}`, `frames/${nameOf(image)}`], at: MIDDLE }],
      sounds: [{ candidates: [`audio_wav/${nameOf(audio)}`, `audio/${nameOf(audio)}`], at: MIDDLE }],
      heard: [name],
      seen: sortedNames(scene.map((entry) => entry.name)),
      regions: scene.map(
        (entry): Region => ({
          name: entry.name,
          sounding: entry.id === id,
          ...(typeof entry.truth === 'string'
            ? { mask: { candidates: [`gt_masks/${nameOf(entry.truth)}`, `masks/${nameOf(entry.truth)}`] } }
            : { box: fromPixels(entry.truth, SIDE) }),
        }),
      ),
      located: true,
      split: 'test',
      note: `IS3: ${id}`,
      group,
    });
  });
  return finish({ classes: sortedNames(entries.map(({ name }) => name)), moments, remarks: [] });
}
