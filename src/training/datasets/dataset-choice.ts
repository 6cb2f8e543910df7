/** Which data set, where it lies, and which of its annotations count: what the command line and configurations say. */

import { dirname, extname } from 'node:path';
import { z } from 'zod';
import { EarsightError } from '../../pipeline/errors.ts';

export const DATASET_KINDS = [
  'flickr',
  'audioset-instrument',
  'ave',
  'music-solo',
  'music-duet',
  'dsol-synthetic',
  'vggsound',
  'vggss',
  'vggsound-instruments',
  'vggsound-instruments-pairs',
  'vggsound-duet',
  'is3',
  'avsbench-s4',
  'avsbench-ms3',
  'avss',
  'jsonl',
] as const;

export type DatasetKind = (typeof DATASET_KINDS)[number];

/** `docs/datasets.md` says which kinds know which fields and which files and folders each kind looks for. */
export const datasetChoiceSchema = z.strictObject({
  kind: z.enum(DATASET_KINDS),
  /** Folder of the pictures, clips and recordings; or a manifest `.jsonl`, which lies in that folder. */
  folder: z.string().min(1),
  /** Folder (or the one file) of the annotations; the media's own folder unless told. */
  annotations: z.string().min(1).optional(),
  /** A list of entries: only these, in the list's order; SLAVC's extended lists add their negatives. */
  subset: z.string().min(1).optional(),
  split: z.enum(['train', 'val', 'test']).optional(),
  /**
   * Whose boxes. AudioSet-instrument: `authors` (normav.json) or `dsol` (audioset_box.json). MUSIC: `dsol`,
   * `avgn-xywh` (what AVGN's file holds) or `avgn-xyxy` (what AVGN's loader takes it for), `none` (labels only).
   */
  boxes: z.enum(['authors', 'dsol', 'avgn-xywh', 'avgn-xyxy', 'none']).optional(),
  /**
   * Pairs of clips whose sounds are mixed: each clip's picture for itself (`source-wise`: two examples a pair, the
   * other source off screen), or both pictures in one (`side-by-side`: one example a pair).
   */
  pairing: z.enum(['source-wise', 'side-by-side']).optional(),
  /** Moments taken from a clip of which only the class is known, evenly spread. */
  momentsPerClip: z.int().min(1).max(1000).optional(),
});

/** Structured-cloneable. */
export type DatasetChoice = z.infer<typeof datasetChoiceSchema>;

/**
 * A manifest that stands in place of the folder becomes the annotations of the folder that it lies in, since its paths
 * are below that.
 * @throws EarsightError `bad-config` naming the field.
 */
export function parseDatasetChoice(value: unknown): DatasetChoice {
  const parsed = datasetChoiceSchema.safeParse(value);
  if (parsed.success) return besideManifest(parsed.data);
  const text = parsed.error.issues
    .map(({ path, message }) => `${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`)
    .join('; ');
  throw new EarsightError('bad-config', `This is no data set that can be read: ${text}.`);
}

function besideManifest(choice: DatasetChoice): DatasetChoice {
  const { kind, folder } = choice;
  if (kind !== 'jsonl' || extname(folder) !== '.jsonl') return choice;
  return { annotations: folder, ...choice, folder: dirname(folder) };
}

/** Refuses fields that a kind has no use for, since they would be left unheeded. */
export function refuseUnused(
  choice: DatasetChoice,
  used: readonly ('subset' | 'split' | 'boxes' | 'pairing' | 'momentsPerClip')[],
): void {
  for (const field of ['subset', 'split', 'boxes', 'pairing', 'momentsPerClip'] as const) {
    if (choice[field] === undefined || used.includes(field)) continue;
    throw new EarsightError(
      'bad-config',
      `The data set ${choice.kind} has no use for "${field}". Leave it out; docs/datasets.md lists what each kind knows.`,
      { details: { kind: choice.kind, field } },
    );
  }
}
