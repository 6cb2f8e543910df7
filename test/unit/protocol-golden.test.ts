/** docs/protocol.md, section "Golden vectors": the code, the golden file and the document say the same. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeBinary, encodeBinary } from '../../src/protocol/binary.ts';
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
