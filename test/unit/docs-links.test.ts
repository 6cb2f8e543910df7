/** Links of the documents, and the documents that the code names: each leads to a file, and its anchor to a heading. */

import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const DOCUMENTS = globSync(['README.md', 'CHANGELOG.md', 'docs/*.md', 'models/*/README.md'], { cwd: ROOT });

/** Without blocks and spans of code, in which nothing is a link. */
function proseOf(text: string): string {
  return text.replace(/^(\s*)(```+|~~~+)[^]*?^\s*\2.*$/gm, '').replace(/`[^`\n]+`/g, '');
}

/** Targets of links, pictures, definitions and of what is written as HTML; other sites' left out. */
function linksOf(text: string): string[] {
  const prose = proseOf(text);
  const found = [
    ...prose.matchAll(/\]\(\s*<?([^\s)>]+)/g),
    ...prose.matchAll(/^\s*\[[^\]]+\]:\s*<?([^\s>]+)/gm),
    ...prose.matchAll(/\b(?:href|src)="([^"]+)"/g),
  ];
  return found.map(([, target = '']) => target).filter((target) => !/^[a-z][a-z+.-]*:/i.test(target));
}

/** As GitHub names them: letters, digits, `-` and `_` of the heading in small letters; the second of a name gets `-1`. */
function anchorsOf(text: string): Set<string> {
  const times = new Map<string, number>();
  const anchors = new Set<string>();
  const outside = text.replace(/^(\s*)(```+|~~~+)[^]*?^\s*\2.*$/gm, '');
  for (const [, heading = ''] of outside.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const plain = heading.replace(/\]\([^)]*\)/g, ']').toLowerCase();
    const name = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    const before = times.get(name) ?? 0;
    times.set(name, before + 1);
    anchors.add(before === 0 ? name : `${name}-${before}`);
  }
  return anchors;
}

/** What is wrong with a link of `document`, or null. */
function faultOf(document: string, target: string, textOf: (path: string) => string): string | null {
  const [path = '', anchor] = target.split('#').map(decodeURIComponent);
  const file = path === '' ? document : join(dirname(document), path);
  if (!existsSync(join(ROOT, file))) return `${document}: ${target} leads to no file`;
  if (anchor === undefined || anchorsOf(textOf(file)).has(anchor)) return null;
  return `${document}: ${target} leads to no heading`;
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('links', () => {
  it('of every document lead to files and headings that are there', () => {
    const links = DOCUMENTS.flatMap((document) =>
      linksOf(read(document)).map((target) => ({ document, target })),
    );
    expect(links.length).toBeGreaterThan(20);
    expect(links.map(({ document, target }) => faultOf(document, target, read)).filter(Boolean)).toEqual([]);
  });

  it('are found in all their forms, outside of code, and judged', () => {
    const text = [
      '# One, `two`: three',
      '## Again',
      '## Again',
      '```sh',
      '# no heading [x](no-link.md)',
      '```',
      '`[y](nor-this.md)` [a](b.md#c) ![p](<d.png> "t") [web](https://example.org)',
      '<img src="e.png">',
      '[ref]: f.md',
    ].join('\n');
    expect(linksOf(text)).toEqual(['b.md#c', 'd.png', 'f.md', 'e.png']);
    expect([...anchorsOf(text)]).toEqual(['one-two-three', 'again', 'again-1']);
    const judged = (target: string): string | null => faultOf('docs/whip.md', target, () => text);
    expect([judged('#again-1'), judged('../README.md#again')]).toEqual([null, null]);
    expect(judged('none.md')).toMatch(/no file/);
    expect(judged('#again-2')).toMatch(/no heading/);
  });
});

describe('the code, the documents and the examples', () => {
  it('name only documents that exist', () => {
    const files = globSync(['src/**/*.{ts,tsx,css}', 'deploy/**/*.{md,y{a,}ml}', '*.yaml', ...DOCUMENTS], {
      cwd: ROOT,
    });
    const named = files.flatMap((file) =>
      [...read(file).matchAll(/(?<![\w/.-])(?:\.\.\/)*docs\/([\w-]+\.md)\b/g)].map(([, name = '']) => ({
        file,
        name,
      })),
    );
    expect(named.length).toBeGreaterThan(20);
    const missing = named.filter(({ name }) => !existsSync(join(ROOT, 'docs', name)));
    expect(missing.map(({ file, name }) => `${file} names docs/${name}`)).toEqual([]);
  });
});
