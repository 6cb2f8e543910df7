/** What AVGN made of VGGSound: the instruments with masks, their pairs, and the duets of VGG-SS. */

import { type AnnotationFile, AnnotationFolder } from '../annotations/annotation-folder.ts';
import { readRows } from '../annotations/csv.ts';
import { annotationFault } from '../annotations/fault.ts';
import { type DatasetChoice, refuseUnused } from '../dataset-choice.ts';
import { MIDDLE, type Reading } from '../moment.ts';
import { finish, momentOf, pictureOf, sortedNames, soundOf } from './layout.ts';
import { type PairSource, pairMoments } from './pairs.ts';
import { readVggSs } from './vggsound.ts';

/** A mask for each clip: AVGN's pickled numpy array, or the same as `.npy` or picture. */
function instrument(id: string, name: string): PairSource {
  const candidates = ['pkl', 'npy', 'png'].flatMap((ending) => [
    `masks/${id}.${ending}`,
    `masks/${id}_mask.${ending}`,
  ]);
  return { id, name, regions: [{ name, sounding: true, mask: { candidates } }] };
}

export function readVggSoundInstruments(choice: DatasetChoice): Reading {
  refuseUnused(choice, []);
  const rows = readRows(new AnnotationFolder(choice).need('vgginstruments_test.csv'), { cells: 2 });
  const moments = rows.map(({ cells: [id = '', name = ''] }) =>
    momentOf({
      id,
      pictures: [pictureOf(id, MIDDLE)],
      sounds: [soundOf(id, MIDDLE)],
      heard: [name],
      seen: [name],
      regions: instrument(id, name).regions,
      located: true,
      split: 'test',
      note: `VGGSound-Instruments: ${id}, ${name}`,
    }),
  );
  return finish({ classes: sortedNames(rows.map(({ cells }) => cells[1] ?? '')), moments, remarks: [] });
}

export function readVggSoundInstrumentPairs(choice: DatasetChoice): Reading {
  refuseUnused(choice, ['pairing']);
  const pairs = readPairs(new AnnotationFolder(choice).need('vgginstruments_multi_test.csv'));
  const moments = pairs.flatMap(({ first, second }) =>
    pairMoments(
      'VGGSound-Instruments',
      [instrument(first.id, first.name), instrument(second.id, second.name)],
      choice.pairing,
    ),
  );
  return finish({ classes: classesOf(pairs), moments, remarks: [] });
}

export function readVggSoundDuet(choice: DatasetChoice): Reading {
  refuseUnused(choice, ['pairing']);
  const files = new AnnotationFolder(choice);
  const list = files.need('vggsound_duet_test.csv');
  const remarks: string[] = [];
  const boxes = new Map(readVggSs(files.need('vggss.json'), remarks).map((entry) => [entry.id, entry.boxes]));
  const pairs = readPairs(list);
  const sourceOf = ({ id, name }: PairRow['first'], line: number): PairSource => {
    const own = boxes.get(id);
    if (own === undefined) {
      throw annotationFault(
        list.path,
        { line },
        `vggss.json has no boxes of ${id}`,
        'Use the files of one release',
      );
    }
    return { id, name, regions: own.map((box) => ({ name, sounding: true, box })) };
  };
  const moments = pairs.flatMap(({ line, first, second }) =>
    pairMoments('VGGSound-Duet', [sourceOf(first, line), sourceOf(second, line)], choice.pairing),
  );
  return finish({ classes: classesOf(pairs), moments, remarks });
}

interface PairRow {
  line: number;
  first: { id: string; name: string };
  second: { id: string; name: string };
}

/** Rows of clip, class, other clip, its class. */
function readPairs(file: AnnotationFile): PairRow[] {
  return readRows(file, { cells: 4 }).map(
    ({ line, cells: [id = '', name = '', other = '', otherName = ''] }) => ({
      line,
      first: { id, name },
      second: { id: other, name: otherName },
    }),
  );
}

function classesOf(pairs: readonly PairRow[]): string[] {
  return sortedNames(pairs.flatMap(({ first, second }) => [first.name, second.name]));
}
