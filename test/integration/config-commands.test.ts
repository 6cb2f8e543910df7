/** `earsight check-config` and `earsight schema`, from outside. */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishedSchema } from '../../src/server/config/published-schema.ts';
import { run } from '../support/server-process.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'earsight-commands-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe('earsight check-config', () => {
  it('names every problem of a file that parses, with its place, and ends with 2', async () => {
    const file = write(
      'deep.yaml',
      [
        'model: { path: nowhere }',
        'server:',
        '  page: no-page',
        'streams:',
        '  - { id: a, kind: url, url: "file:///etc/passwd" }',
        '  - id: b',
        '    kind: url',
        '    url: gopher://u:hunter2@h/',
        '',
      ].join('\n'),
    );
    const { code, stdout, stderr } = await run(['check-config', file]);
    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(`${folder}/`, ''));
    expect([code, stdout]).toEqual([2, '']);
    expect(lines.map((line) => /^\S+: \S+/.exec(line)?.[0])).toEqual([
      'deep.yaml:1:10: model.path:',
      'deep.yaml:3:3: server.page',
      'deep.yaml:5:25: streams[0]',
      'deep.yaml:8:5: streams[1]',
    ]);
    expect(stderr).not.toContain('hunter2');
  });

  it('says so when nothing is wrong', async () => {
    const { code, stdout, stderr } = await run([
      'check-config',
      write('good.yaml', 'log: { level: debug }\n'),
    ]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/good\.yaml: nothing is wrong\. Model models\/studio-10, streams: demo\.\n$/);
  });
});

describe('earsight schema', () => {
  it('prints it', async () => {
    const { code, stdout } = await run(['schema']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(publishedSchema())));
  });

  it('gives a pipe all of it, which takes 64 KiB at a time', async () => {
    const program = join(import.meta.dirname, '../../src/server/main.ts');
    const { stdout } = await promisify(execFile)('sh', [
      '-c',
      '"$0" "$1" schema | cat',
      process.execPath,
      program,
    ]);
    expect(stdout).toBe(`${JSON.stringify(publishedSchema(), null, 2)}\n`);
  });
});
