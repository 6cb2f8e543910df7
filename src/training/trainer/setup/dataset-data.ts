/** A published data set, or a manifest of one's own, as a stage's data. */

import { type DatasetChoice, parseDatasetChoice } from '../../datasets/dataset-choice.ts';
import { type DatasetReport, type DatasetSpec, openDataset } from '../../datasets/open-dataset.ts';
import { readDataset } from '../../datasets/read-dataset.ts';
import type { SampleSource } from '../../sample.ts';
import type { SampleFeed } from '../sample-feed.ts';
import { SourceFeed } from '../source-feed.ts';
import type { DatasetSettings } from './settings.ts';
import { ShuffledSource } from './shuffled-source.ts';
import type { StageData, StageRequest } from './stage-data.ts';

export class DatasetData implements StageData {
  readonly classes: readonly string[];
  readonly #settings: DatasetSettings;
  readonly #onReport: (folder: string, report: DatasetReport) => void;

  /** @param onReport told what was found, missing and unreadable. @throws EarsightError `bad-dataset`, `bad-config` */
  constructor(settings: DatasetSettings, onReport: (folder: string, report: DatasetReport) => void) {
    this.#settings = settings;
    this.#onReport = onReport;
    this.classes = settings.classes ?? readDataset(parseDatasetChoice(settings.train)).classes;
  }

  async openFeed(request: StageRequest, first: number, batchSize: number): Promise<SampleFeed> {
    const source = new ShuffledSource(await this.#open(this.#settings.train, request), request.seed);
    return new SourceFeed(source, first, batchSize);
  }

  openValidation(request: StageRequest): Promise<SampleSource> {
    return this.#open(this.#settings.validation, request);
  }

  async #open(dataset: DatasetChoice, { shape }: StageRequest): Promise<SampleSource> {
    const { classMap, classes } = this.#settings;
    const spec: DatasetSpec = {
      dataset,
      shape,
      ...(classMap === null ? {} : { classMap }),
      ...(classes === null ? {} : { otherClasses: 'leave-out' }),
    };
    const opened = await openDataset(spec);
    this.#onReport(dataset.folder, opened.report);
    return opened;
  }
}
