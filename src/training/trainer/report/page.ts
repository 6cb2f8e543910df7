/** The report of a run: one HTML file that needs nothing else, made anew from the log's records. Pure. */

import type { RunRecord, RunRecordOf, ValidationClass } from '../run-records.ts';
import { chartSvg, type Series, short } from './chart.ts';
import { escapeHtml } from './escape.ts';
import type { ExampleFigure } from './overlay.ts';

export interface ReportInput {
  /** The model's name. */
  title: string;
  records: readonly RunRecord[];
  examples: readonly ExampleFigure[];
  /** Why the run ended badly; null otherwise. */
  failure: string | null;
}

const REFRESH_SECONDS = 30;

/** @returns the whole page */
export function reportHtml({ title, records, examples, failure }: ReportInput): string {
  const of = <T extends RunRecord['type']>(type: T): RunRecordOf<T>[] =>
    records.filter((record): record is RunRecordOf<T> => record.type === type);
  const end = of('end').at(-1);
  const over = failure !== null || (end !== undefined && records.at(-1) === end);
  const timeline = new Timeline(of('stage'), of('interval'), of('validation'));
  const validation = of('validation').at(-1);
  const state = failure ?? (over ? `The run is ${end?.reason ?? 'over'}.` : 'The run goes on.');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}: training</title>
${over ? '' : `<meta http-equiv="refresh" content="${REFRESH_SECONDS}">`}
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${STYLE}</style></head><body>
<h1>${escapeHtml(title)}</h1>
<p class="${failure === null ? '' : 'failure'}">${escapeHtml(state)}</p>
${factsTable(of('run').at(-1), of('interval').at(-1), of('checkpoint').at(-1), of('resumed'))}
<h2>Curves</h2><div class="charts">${charts(timeline)}</div>
${validation === undefined ? '' : `<h2>Classes, validation at step ${validation.step} of ${escapeHtml(validation.stage)}</h2>${classTable(validation.result.classes)}`}
${examples.length === 0 ? '' : `<h2>Examples of that validation</h2><div class="examples">${examples.map(figure).join('')}</div>`}
<h2>Validations</h2>${validationTable(of('validation'))}
</body></html>
`;
}

/** Puts stages one after the other on one axis of examples seen. */
class Timeline {
  readonly intervals: readonly RunRecordOf<'interval'>[];
  readonly validations: readonly RunRecordOf<'validation'>[];
  readonly marks: { x: number; name: string }[] = [];
  readonly #starts = new Map<string, number>();

  constructor(
    stages: readonly RunRecordOf<'stage'>[],
    intervals: readonly RunRecordOf<'interval'>[],
    validations: readonly RunRecordOf<'validation'>[],
  ) {
    this.intervals = intervals;
    this.validations = validations;
    let start = 0;
    for (const { stage } of stages) {
      if (this.#starts.has(stage)) continue;
      this.#starts.set(stage, start);
      this.marks.push({ x: start, name: stage });
      start += intervals.filter((record) => record.stage === stage).at(-1)?.samples ?? 0;
    }
  }

  at({ stage, samples }: { stage: string; samples: number }): number {
    return (this.#starts.get(stage) ?? 0) + samples;
  }

  /** The value that `pick` finds in each record, where it finds one. */
  series<R extends { stage: string; samples: number }>(
    name: string,
    records: readonly R[],
    pick: (record: R) => number | null | undefined,
  ): Series {
    const points = records.flatMap((record) => {
      const y = pick(record);
      return y === null || y === undefined ? [] : [{ x: this.at(record), y }];
    });
    return { name, points };
  }
}

function charts(timeline: Timeline): string {
  const { intervals, validations, marks } = timeline;
  const common = { xName: 'examples', marks };
  const terms = [...new Set(intervals.flatMap((record) => Object.keys(record.terms)))];
  return [
    chartSvg({
      ...common,
      title: 'Loss',
      series: [timeline.series('training', intervals, ({ loss }) => loss)],
    }),
    chartSvg({
      ...common,
      title: 'Validation',
      include: [0, 1],
      series: [
        timeline.series('visual mAP', validations, ({ result }) => result.seenMap),
        timeline.series('audio mAP', validations, ({ result }) => result.heardMap),
        timeline.series('CAM pointing', validations, ({ result }) => result.camPointing),
        timeline.series('K pointing', validations, ({ result }) => result.similarityPointing),
      ],
    }),
    ...terms.map((term) =>
      chartSvg({
        ...common,
        title: `Term ${term}`,
        series: [
          timeline.series('training', intervals, (record) => record.terms[term]),
          timeline.series('validation', validations, ({ result }) => result.terms[term]),
        ],
      }),
    ),
    chartSvg({
      ...common,
      title: 'Gradient norm',
      logarithmic: true,
      series: [timeline.series('before clipping', intervals, ({ gradientNorm }) => gradientNorm)],
    }),
    chartSvg({
      ...common,
      title: 'Learning rate',
      include: [0],
      series: [timeline.series('rate', intervals, ({ rate }) => rate)],
    }),
    chartSvg({
      ...common,
      title: 'Examples a second',
      include: [0],
      series: [timeline.series('examples/s', intervals, ({ samplesPerSecond }) => samplesPerSecond)],
    }),
  ].join('');
}

function factsTable(
  run: RunRecordOf<'run'> | undefined,
  last: RunRecordOf<'interval'> | undefined,
  checkpoint: RunRecordOf<'checkpoint'> | undefined,
  resumed: readonly RunRecordOf<'resumed'>[],
): string {
  const rows: [string, string][] = [];
  if (run !== undefined) {
    rows.push(
      ['begun', run.at],
      ['engine', `${run.engine}, ${run.workers} workers`],
      ['seed', String(run.seed)],
    );
    rows.push(['stages', run.stages.join(', ')], ['about', run.description]);
  }
  for (const { at, stage, step, refused } of resumed) {
    const passed = refused.length === 0 ? '' : `, passing over ${refused.join('; ')}`;
    rows.push(['taken up again', `${at}, stage ${stage}, step ${step}${passed}`]);
  }
  if (last !== undefined) {
    const parts = Object.entries(last.time).map(([name, value]) => `${name} ${percent(value)}`);
    rows.push(
      [
        'last step',
        `${last.step} of stage ${last.stage}, ${(last.elapsedMs / 60_000).toFixed(1)} minutes in`,
      ],
      [
        'rate',
        `${last.samplesPerSecond.toFixed(1)} examples a second; time of the threads: ${parts.join(', ')}`,
      ],
    );
  }
  if (checkpoint !== undefined) rows.push(['last checkpoint', checkpoint.path]);
  return `<table>${rows.map(([name, value]) => `<tr><th>${name}</th><td>${escapeHtml(value)}</td></tr>`).join('')}</table>`;
}

function classTable(classes: readonly ValidationClass[]): string {
  const head = ['class', 'sounds in', 'audio AP', 'seen in', 'visual AP', 'CAM pointing', 'K pointing'];
  const rows = classes.map(
    ({ name, heard, seen, heardAp, seenAp, camPointing, similarityPointing }) =>
      `<tr><th>${escapeHtml(name)}</th>${[String(heard), percent(heardAp), String(seen), percent(seenAp), percent(camPointing), percent(similarityPointing)].map((cell) => `<td>${cell}</td>`).join('')}</tr>`,
  );
  return `<table class="numbers"><tr>${head.map((name) => `<th>${name}</th>`).join('')}</tr>${rows.join('')}</table>`;
}

function validationTable(validations: readonly RunRecordOf<'validation'>[]): string {
  const head = ['stage', 'step', 'visual mAP', 'audio mAP', 'CAM pointing', 'K pointing', 'decides'];
  const rows = validations.map(({ stage, step, result, headline, best }) => {
    const { seenMap, heardMap, camPointing, similarityPointing } = result;
    const cells = [
      String(step),
      percent(seenMap),
      percent(heardMap),
      percent(camPointing),
      percent(similarityPointing),
      `${escapeHtml(headline.metric)} ${short(headline.value)}${best ? ', best so far' : ''}`,
    ];
    return `<tr><th>${escapeHtml(stage)}</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  return `<table class="numbers"><tr>${head.map((name) => `<th>${name}</th>`).join('')}</tr>${rows.join('')}</table>`;
}

function figure({ caption, pictures }: ExampleFigure): string {
  const images = pictures.map(
    ({ title, uri }) =>
      `<div><img src="${uri}" alt="${escapeHtml(title)}"><small>${escapeHtml(title)}</small></div>`,
  );
  return `<figure><div class="row">${images.join('')}</div><figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}

function percent(value: number | null): string {
  return value === null ? '–' : `${(value * 100).toFixed(1)} %`;
}

const STYLE = `
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{max-width:1200px;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:0}h2{margin:2rem 0 .5rem}
.failure{color:#c0392b;font-weight:600;white-space:pre-wrap}
table{border-collapse:collapse;margin:.5rem 0}th{text-align:left;font-weight:600}
th,td{padding:.15rem .8rem .15rem 0;vertical-align:top}.numbers td{text-align:right;font-variant-numeric:tabular-nums}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(340px,1fr));gap:1rem}
.chart{margin:0}.chart svg{width:100%;height:auto}.chart .title{font-weight:600;font-size:13px;fill:currentColor}
.chart .tick{font-size:10px;fill:currentColor;opacity:.7}.chart .grid{stroke:currentColor;opacity:.15}
.chart .mark{stroke:currentColor;opacity:.5;stroke-dasharray:3 3}
.chart figcaption span{margin-right:1rem;font-size:13px}.chart i{display:inline-block;width:.8em;height:.8em;margin-right:.3em;border-radius:2px}
.examples{display:grid;grid-template-columns:repeat(auto-fit,minmax(360px,1fr));gap:1rem}
.examples figure{margin:0}.row{display:flex;gap:4px}.row div{flex:1}.row img{width:100%;image-rendering:auto}
.examples figcaption,small{font-size:12px;opacity:.8}
`;
