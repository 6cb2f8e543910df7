/** Composed scenes as a stage's data: of a folder of photos and recordings, or of the drawn cast alone. */

import { QIAN_LOG_MEL } from '../../../pipeline/prep/log-mel-parameters.ts';
import type { SampleSource } from '../../sample.ts';
import { type ClassList, classListOf, readClassList } from '../../scenes/class-list.ts';
import { loadBank } from '../../scenes/load-bank.ts';
import type { MediaBank, SkippedFile } from '../../scenes/media-bank.ts';
import { openScenes } from '../../scenes/open-scenes.ts';
import { SampleProducer } from '../../scenes/sample-producer.ts';
import {
  drawnClasses,
  type SceneClass,
  type SceneParts,
  type ScenePurpose,
  type SceneSpec,
  withCast,
} from '../../scenes/spec.ts';
import type { SampleFeed } from '../sample-feed.ts';
import { STEPS_AHEAD } from '../stage-run.ts';
import { InterleavedSource } from './interleaved-source.ts';
import type { ScenesSettings } from './settings.ts';
import type { StageData, StageRequest } from './stage-data.ts';

/** Decoded media, kept for all stages that use the same folder. */
export class MediaBanks {
  readonly #opened = new Map<string, Promise<{ list: ClassList; bank: MediaBank }>>();
  readonly #onProgress: ((done: number, total: number) => void) | undefined;

  constructor(onProgress?: (done: number, total: number) => void) {
    this.#onProgress = onProgress;
  }

  /** @throws EarsightError `bad-dataset`, `bad-config` for the class list */
  open(
    folder: string,
    classes: string | null,
    maxSide: number,
  ): Promise<{ list: ClassList; bank: MediaBank }> {
    const key = JSON.stringify([folder, classes, maxSide]);
    const known = this.#opened.get(key);
    if (known !== undefined) return known;
    const opening = (async () => {
      const list = classes === null ? classListOf(folder) : readClassList(classes);
      const onProgress = this.#onProgress;
      const bank = await loadBank({
        root: folder,
        list,
        rateHz: QIAN_LOG_MEL.rateHz,
        maxSide,
        ...(onProgress === undefined ? {} : { onProgress }),
      });
      return { list, bank };
    })();
    this.#opened.set(key, opening);
    return opening;
  }
}

export class SceneData implements StageData {
  readonly classes: readonly string[];
  readonly #settings: ScenesSettings;
  readonly #sceneClasses: SceneClass[];
  readonly #bank: MediaBank | null;
  readonly #producers: number;
  readonly #stepThreads: number;

  private constructor(
    settings: ScenesSettings,
    sceneClasses: SceneClass[],
    bank: MediaBank | null,
    threads: { producers: number; steps: number },
  ) {
    this.classes = sceneClasses.map(({ name }) => name);
    this.#settings = settings;
    this.#sceneClasses = sceneClasses;
    this.#bank = bank;
    this.#producers = threads.producers;
    this.#stepThreads = threads.steps;
  }

  /** @param threads that compose, and that take batches */
  static async open(
    settings: ScenesSettings,
    banks: MediaBanks,
    threads: { producers: number; steps: number },
  ): Promise<SceneData> {
    const { folder, classes, photoSide, purpose } = settings;
    if (folder === null) return new SceneData(settings, drawnClasses(), null, threads);
    const { list, bank } = await banks.open(folder, classes, photoSide);
    const listed = withCast(list.classes);
    return new SceneData(settings, [...listed, ...others(purpose, listed, bank)], bank, threads);
  }

  /** Files that could not be used, and why. */
  get skipped(): readonly SkippedFile[] {
    return this.#bank?.skipped ?? [];
  }

  openFeed(request: StageRequest, first: number, batchSize: number): Promise<SampleFeed> {
    const { purpose } = this.#settings;
    return Promise.resolve(
      new SampleProducer({
        // Half of the work of a scene is its sound, which the eye alone does not hear.
        spec: { ...this.#spec(request, 'train', { kind: purpose }), parts: partsFor(request.kind) },
        batchSize,
        threads: this.#producers,
        startIndex: first,
        // Those of the steps under way, and as many made ahead.
        batches: 2 * STEPS_AHEAD * this.#stepThreads,
        background: true,
      }),
    );
  }

  /** All that a judge of the finished model asks for, in turns: levels, silence, sounds off screen, of photos and drawn. */
  async openValidation(request: StageRequest): Promise<SampleSource> {
    const spec = (purpose: ScenePurpose): SceneSpec => this.#spec(request, 'validation', purpose);
    const { purpose } = this.#settings;
    if (purpose !== 'training') return await openScenes(spec({ kind: purpose }));
    const levels = [1, 2, 3, 'none', 'off-screen'] as const;
    const purposes: ScenePurpose[] = [];
    if (this.#bank !== null) {
      for (const level of levels) purposes.push({ kind: 'evaluation', level, style: 'photo' });
    }
    const hasDrawn = this.#sceneClasses.some(({ drawn }) => drawn !== null);
    if (hasDrawn && (this.#bank === null || this.#settings.drawnShare > 0)) {
      const drawn = this.#bank === null ? levels : ([1, 2] as const);
      for (const level of drawn) purposes.push({ kind: 'evaluation', level, style: 'drawn' });
    }
    return new InterleavedSource(await Promise.all(purposes.map((purpose) => openScenes(spec(purpose)))));
  }

  #spec({ shape, seed }: StageRequest, split: SceneSpec['split'], purpose: ScenePurpose): SceneSpec {
    const { drawnShare } = this.#settings;
    return {
      kind: 'scenes',
      seed,
      split,
      shape,
      purpose,
      classes: this.#sceneClasses,
      bank: this.#bank,
      drawnShare: this.#bank === null ? 1 : drawnShare,
    };
  }
}

function partsFor(kind: StageRequest['kind']): SceneParts {
  return kind === 'visual' ? 'picture' : kind === 'audio' ? 'sound' : 'both';
}

/** Where the eye or the ear is taught alone: a class of its own for every folder that belongs to none of the list. */
function others(
  purpose: ScenesSettings['purpose'],
  listed: readonly SceneClass[],
  { photos, sounds }: MediaBank,
): SceneClass[] {
  const strangers = (files: readonly { category: string }[], taken: readonly string[]): string[] => [
    ...new Set(files.map(({ category }) => category).filter((category) => !taken.includes(category))),
  ];
  const named = (category: string, media: { photos: string[]; sounds: string[] }): SceneClass => ({
    name: `other ${category}`,
    ...media,
    drawn: null,
  });
  switch (purpose) {
    case 'things': {
      const taken = listed.flatMap((entry) => entry.photos);
      return strangers(
        photos.filter(({ role }) => role === 'thing'),
        taken,
      ).map((category) => named(category, { photos: [category], sounds: [] }));
    }
    case 'sounds': {
      const taken = listed.flatMap((entry) => entry.sounds);
      return strangers(sounds, taken).map((category) => named(category, { photos: [], sounds: [category] }));
    }
    case 'training':
      return [];
  }
}
