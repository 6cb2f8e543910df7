/** Scenes to look at and listen to: one HTML file that needs nothing else. Pure. */

import { escapeHtml } from '../../trainer/report/escape.ts';

/** One scene, ready to be shown. */
export interface PreviewTile {
  /** Number of the example. */
  index: number;
  /** `data:` addresses. */
  picture: string;
  sound: string;
  /** What can be heard, seen and is off screen, by name; a sounding class is among both. */
  heard: string[];
  silent: string[];
  offScreen: string[];
  /** False: where the things are is not known, only that they are there. */
  located: boolean;
  /** What was put in. */
  note: string;
}

export interface PreviewFacts {
  title: string;
  /** Sentences. */
  facts: string[];
  /** Colour of each class's boxes, CSS. */
  legend: { name: string; colour: string }[];
}

export function previewPage({ title, facts, legend }: PreviewFacts, tiles: readonly PreviewTile[]): string {
  const swatches = legend.map(
    ({ name, colour }) => `<span><i style="background:${colour}"></i>${escapeHtml(name)}</span>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${STYLE}</style></head><body>
<h1>${escapeHtml(title)}</h1>
${facts.map((fact) => `<p>${escapeHtml(fact)}</p>`).join('\n')}
<p class="legend">${swatches.join(' ')}</p>
<div class="tiles">
${tiles.map(tileHtml).join('\n')}
</div>
</body></html>
`;
}

function tileHtml(tile: PreviewTile): string {
  const { index, picture, sound, heard, silent, offScreen, located, note } = tile;
  const lines = [
    heard.length === 0 ? 'nothing sounds' : `sounds: <b>${escapeHtml(heard.join(', '))}</b>`,
    ...(offScreen.length === 0 ? [] : [`off screen: ${escapeHtml(offScreen.join(', '))}`]),
    ...(silent.length === 0 ? [] : [`silent: ${escapeHtml(silent.join(', '))}`]),
    ...(located ? [] : ['where is not known']),
  ];
  const what = `Scene ${index}: ${[...heard, ...silent].join(', ') || 'empty'}`;
  return `<figure><img src="${picture}" alt="${escapeHtml(what)}"><audio controls preload="none" src="${sound}"></audio>
<figcaption>${lines.join('<br>')}<br><small>${index}, ${escapeHtml(note)}</small></figcaption></figure>`;
}

const STYLE = `
:root{color-scheme:light dark;font:14px/1.45 system-ui,sans-serif}
body{margin:1.5rem}h1{font-size:1.3rem;margin:0 0 .3rem}p{margin:.2rem 0;max-width:60rem}
.legend span{margin-right:.9rem;white-space:nowrap}.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.35em}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:1rem;margin-top:1rem}
figure{margin:0}img{width:100%;display:block}audio{width:100%;height:32px}small{opacity:.7;overflow-wrap:anywhere}
`;
