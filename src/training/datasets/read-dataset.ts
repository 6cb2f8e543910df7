/** From a choice to the moments of its annotation files. */

import type { DatasetChoice, DatasetKind } from './dataset-choice.ts';
import type { Reading } from './moment.ts';
import { readAudioSetInstrument } from './readers/audioset-instrument.ts';
import { readAve } from './readers/ave.ts';
import { readAvss, readMs3, readS4 } from './readers/avsbench.ts';
import { readDsolSynthetic } from './readers/dsol-synthetic.ts';
import { readFlickr } from './readers/flickr.ts';
import { readIs3 } from './readers/is3.ts';
import { readJsonl } from './readers/jsonl.ts';
import { readMusicDuet, readMusicSolo } from './readers/music.ts';
import { readVggSound, readVggSsDataset } from './readers/vggsound.ts';
import {
  readVggSoundDuet,
  readVggSoundInstrumentPairs,
  readVggSoundInstruments,
} from './readers/vggsound-pairs.ts';

const READERS: Readonly<Record<DatasetKind, (choice: DatasetChoice) => Reading>> = {
  flickr: readFlickr,
  'audioset-instrument': readAudioSetInstrument,
  ave: readAve,
  'music-solo': readMusicSolo,
  'music-duet': readMusicDuet,
  'dsol-synthetic': readDsolSynthetic,
  vggsound: readVggSound,
  vggss: readVggSsDataset,
  'vggsound-instruments': readVggSoundInstruments,
  'vggsound-instruments-pairs': readVggSoundInstrumentPairs,
  'vggsound-duet': readVggSoundDuet,
  is3: readIs3,
  'avsbench-s4': readS4,
  'avsbench-ms3': readMs3,
  avss: readAvss,
  jsonl: readJsonl,
};

/**
 * Reads and checks the annotation files; media are not looked at.
 * @throws EarsightError `bad-dataset` naming file, line or entry, and the mend; `bad-config` for fields of no use.
 */
export function readDataset(choice: DatasetChoice): Reading {
  return READERS[choice.kind](choice);
}
