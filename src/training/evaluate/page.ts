/** The report of an evaluation: one HTML file that needs nothing else. Pure. */

import { escapeHtml } from '../trainer/report/escape.ts';
import type { Figure } from './overlay.ts';
import type { EvaluationResult } from './results.ts';
import { confusionTable, type Table, tablesOf } from './tables.ts';

/** @param notes further facts beside the result's remarks */
export function pageOf(
  result: EvaluationResult,
  more: readonly Table[],
  figures: readonly Figure[],
  notes: readonly string[] = [],
): string {
  const { model, data, seed, samples, remarks } = result;
  const tables = [...tablesOf(result), ...more, confusionTable(result)];
  const facts = [`${samples} examples of ${data}`, `seed ${seed}`, ...remarks, ...notes];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(model)}: evaluation</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${STYLE}</style></head><body>
<h1>${escapeHtml(model)}: evaluation</h1>
<ul>${facts.map((fact) => `<li>${escapeHtml(fact)}</li>`).join('')}</ul>
${tables.map(tableHtml).join('\n')}
${figures.length === 0 ? '' : `<h2>Examples</h2><div class="examples">${figures.map(figureHtml).join('')}</div>`}
</body></html>
`;
}

function tableHtml({ title, note, head, rows }: Table): string {
  const cells = (row: readonly string[], tag: 'th' | 'td'): string =>
    row
      .map(
        (cell, column) => `<${column === 0 ? 'th' : tag}>${escapeHtml(cell)}</${column === 0 ? 'th' : tag}>`,
      )
      .join('');
  return `<h2>${escapeHtml(title)}</h2>${note === '' ? '' : `<p>${escapeHtml(note)}</p>`}
<div class="wide"><table><tr>${cells(head, 'th')}</tr>${rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('')}</table></div>`;
}

function figureHtml({ caption, pictures }: Figure): string {
  const images = pictures.map(
    ({ title, uri }) =>
      `<div><img src="${uri}" alt="${escapeHtml(title)}"><small>${escapeHtml(title)}</small></div>`,
  );
  return `<figure><div class="row">${images.join('')}</div><figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}

const STYLE = `
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{max-width:1100px;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:0}h2{margin:2rem 0 .25rem;font-size:1.1rem}p{margin:0 0 .5rem;max-width:46rem;opacity:.8}
.wide{overflow-x:auto}table{border-collapse:collapse}th{text-align:left;font-weight:600}
th,td{padding:.15rem .9rem .15rem 0;white-space:nowrap}td{text-align:right;font-variant-numeric:tabular-nums}
tr+tr{border-top:1px solid #8884}
.examples{display:grid;gap:1rem}.examples figure{margin:0}.row{display:flex;gap:4px}.row div{flex:1}
.row img{width:100%}figcaption,small{font-size:12px;opacity:.8}
`;
