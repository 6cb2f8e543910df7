/** docs/protocol.md, section "Golden vectors": the code, the golden file and the document say the same. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeBinary, encodeBinary } from '../../src/protocol/binary.ts';
import { HEADER, HEADER_BYTES, RECORD, RECORD_BYTES } from '../../src/protocol/binary-layout.ts';
import { decodeJson, encodeJson } from '../../src/protocol/json.ts';
import { GOLDEN_MESSAGES } from '../golden/protocol-messages.ts';

interface GoldenVector {
  json: string;
  /** Lower-case hex; heatmaps only. */
  binary?: string;
}

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const vectors = JSON.parse(read('../golden/protocol.json')) as Record<string, GoldenVector>;

test('every message has a vector', () => {
  expect(Object.keys(vectors)).toEqual(Object.keys(GOLDEN_MESSAGES));
});

test.each(Object.entries(GOLDEN_MESSAGES))('[G1] JSON of %s', (name, message) => {
  expect(encodeJson(message)).toBe(vectors[name]!.json);
  expect(decodeJson(vectors[name]!.json)).toEqual(message);
});

const heatmaps = Object.entries(GOLDEN_MESSAGES).flatMap(([name, message]) =>
  message.type === 'heatmap' ? [[name, message] as const] : [],
);

test.each(heatmaps)('[G1] bytes of %s', (name, message) => {
  const golden = Buffer.from(vectors[name]!.binary!, 'hex');
  expect(Buffer.from(encodeBinary(message)).toString('hex')).toBe(golden.toString('hex'));
  expect(decodeBinary(new Uint8Array(golden))).toEqual(message);
});

describe('[G1] docs/protocol.md', () => {
  const document = read('../../docs/protocol.md');

  test.each(Object.entries(vectors))('quotes %s', (name, vector) => {
    const section = document.split(`\n### ${name}\n`)[1]?.split('\n### ')[0] ?? '';
    const block = (kind: string) => section.split(`\`\`\`${kind}\n`)[1]?.split('```')[0];
    expect(block('json')?.trimEnd()).toBe(vector.json);
    expect(block('hex')?.replaceAll('\n', '')).toBe(vector.binary);
  });

  const tableAfter = (rule: string): string[][] =>
    document
      .split(`- **${rule}**`)[1]!
      .split(/\n- \*\*|\n## /)[0]!
      .split('\n')
      .flatMap((line) =>
        [...line.matchAll(/^ {2}\| (\d+) \| (.+?) \| (.+?) \|$/g)].map((match) => match.slice(1)),
      );

  test.each([
    ['B2', HEADER, HEADER_BYTES],
    ['B3', RECORD, RECORD_BYTES],
  ] as const)('[%s] its table has the offsets of the code, and no gap', (rule, layout, totalBytes) => {
    const rows = tableAfter(rule).filter(([, , meaning]) => meaning !== '0');
    expect(rows.map(([offset]) => Number(offset))).toEqual(Object.values(layout));
    const bytes = (type: string) => (type === 'u8[4]' ? 4 : Number(type.slice(1)) / 8);
    let next = 0;
    for (const [offset, type] of tableAfter(rule)) {
      expect(Number(offset)).toBe(next);
      next += bytes(type!);
    }
    expect(next).toBe(totalBytes);
  });

  test('cites every rule that a test carries', () => {
    const tests = [
      './protocol-golden.test.ts',
      './protocol-roundtrip.test.ts',
      './fan-out-outbox.test.ts',
      './fan-out-subscriptions.test.ts',
      '../integration/subscriber-fan-out.test.ts',
      '../integration/subscriber-client.test.ts',
    ].map(read);
    const cited = new Set(
      tests.flatMap((text) => [...text.matchAll(/\[([A-Z]\d)\]/g)].map((match) => match[1]!)),
    );
    expect(cited.size).toBeGreaterThan(25);
    for (const rule of cited) expect(document, rule).toContain(`- **${rule}** `);
  });
});
