/** DSOL's synthetic MUSIC: pictures of four players of whom some sound, boxes of those as `.npy`. */

import { AnnotationFolder } from '../annotations/annotation-folder.ts';
import { annotationFault } from '../annotations/fault.ts';
import { readNpy } from '../annotations/numpy.ts';
import { type DatasetChoice, refuseUnused } from '../dataset-choice.ts';
import { MIDDLE, type Moment, type Reading, type Region } from '../moment.ts';
import { fromXywh } from './boxes.ts';
import { finish, momentOf, sortedNames, stemOf } from './layout.ts';
import { dsolMusicName } from './music.ts';

/** DSOL's eleven classes; it boxed seven of them. */
const CLASSES = [
  'accordion',
  'acoustic_guitar',
  'cello',
  'clarinet',
  'erhu',
  'flute',
  'saxophone',
  'trumpet',
  'tuba',
  'violin',
  'xylophone',
];

/** `box/<name>.npy`: rows of x, y, width, height as shares and DSOL's category. */
export function readDsolSynthetic(choice: DatasetChoice): Reading {
  refuseUnused(choice, []);
  const files = new AnnotationFolder(choice);
  const found = files.all('.npy');
  if (found.length === 0) files.need('box/*.npy');
  const moments = found.map((file): Moment => {
    const { shape, values } = readNpy(file);
    const [rows = 0, columns = 0] = shape;
    if (shape.length !== 2 || columns !== 5) {
      throw annotationFault(
        file.path,
        null,
        `its shape is (${shape.join(', ')}) and not (boxes, 5)`,
        'Fetch it again',
      );
    }
    const regions = Array.from({ length: rows }, (_, row): Region => {
      const [x, y, width, height, category = -1] = values.subarray(row * 5, row * 5 + 5);
      const name = dsolMusicName(category);
      if (name === null) {
        throw annotationFault(
          file.path,
          { entry: `row ${row}` },
          `category ${category} is none that DSOL boxed`,
          'Fetch it again',
        );
      }
      return { name, sounding: true, box: fromXywh([x!, y!, width!, height!]) };
    });
    const heard = sortedNames(regions.map(({ name }) => name ?? ''));
    const id = stemOf(file.name);
    return momentOf({
      id,
      pictures: [{ candidates: [`video/${id}.jpg`, `video/${id}.png`], at: MIDDLE }],
      sounds: [{ candidates: [`audio/${id}.wav`, `audio/${id}.flac`], at: MIDDLE }],
      heard,
      seen: heard,
      regions,
      located: true,
      note: `MUSIC synthetic (DSOL): ${id}, ${heard.join(' + ')}`,
    });
  });
  return finish({ classes: CLASSES, moments, remarks: [] });
}
