/** Variables and secrets of the configuration, and its published schema. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { EarsightError } from '../../src/pipeline/errors.ts';
import { type ConfigSources, readConfig } from '../../src/server/config/load.ts';
import { publishedSchema } from '../../src/server/config/published-schema.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'earsight-variables-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const read = (yaml: string, sources: ConfigSources = {}) =>
  readConfig({ file: write('c.yaml', yaml), ...sources });

function problemsOf(yaml: string, sources: ConfigSources = {}): string[] {
  try {
    read(yaml, sources);
  } catch (thrown) {
    if (!(thrown instanceof EarsightError)) throw thrown;
    return thrown.message.split('\n').map((line) => line.replaceAll(`${folder}/`, ''));
  }
  return [];
}

describe('variables', () => {
  it('are filled in as their place wants them', () => {
    const { config } = read(
      [
        'server: { port: "${PORT}", allowedHosts: "${HOSTS}" }',
        'log: { level: "${LEVEL:warn}" }',
        'session: { maxRateHz: "${RATE:null}" }',
        'streams:',
        '  - id: yard',
        '    kind: url',
        '    name: ${NUMBER}',
        '    url: rtsp://${HOST:camera.local:554}/x',
        "    username: 'a$${b}'",
        '    enabled: ${ON:false}',
      ].join('\n'),
      { environment: { PORT: '9000', HOSTS: '[a, b]', NUMBER: '7', LEVEL: '' } },
    );
    expect(config.server).toMatchObject({ port: 9000, allowedHosts: ['a', 'b'] });
    expect(config.log.level).toBe('warn');
    expect(config.session.maxRateHz).toBeNull();
    expect(config.streams[0]).toMatchObject({ name: '7', username: 'a${b}', enabled: false });
    expect(String((config.streams[0] as { url: unknown }).url)).toBe('rtsp://camera.local:554/x');
  });

  it('cannot bring in structure: a value with line ends and colons stays one value', () => {
    const { config } = read('streams:\n  - { id: a, kind: webcam, name: "${NAME}" }\n', {
      environment: { NAME: 'x\n  - { id: b, kind: webcam }' },
    });
    expect(config.streams).toHaveLength(1);
    expect(config.streams[0]?.name).toBe('x\n  - { id: b, kind: webcam }');
  });

  it('come from files of secrets, which are named for watching', () => {
    const secret = write('secret', 'hunter2\n');
    const credentials = mkdtempSync(join(folder, 'credentials-'));
    writeFileSync(join(credentials, 'turn-user'), 'anna');
    const { config, files } = read(
      'webrtc: { iceServers: [{ urls: ["turn:t"], username: "${turn-user}", credential: "${TURN}" }] }\n',
      {
        environment: {
          TURN_FILE: secret,
          CREDENTIALS_DIRECTORY: credentials,
          EARSIGHT_SERVER__PORT_FILE: write('port', '1234\n'),
        },
      },
    );
    const server = config.webrtc.iceServers[0];
    expect(server?.username).toBe('anna');
    expect(config.server.port).toBe(1234);
    expect(files).toEqual([
      join(folder, 'c.yaml'),
      join(credentials, 'turn-user'),
      secret,
      join(folder, 'port'),
    ]);
  });

  it('that are missing or broken are all named with their place, and once', () => {
    const problems = problemsOf(
      'server: { port: "${PORT}" }\nmodel: { path: "${x y}" }\nlog: { level: "${LEVEL}" }\n',
      { environment: { LEVEL_FILE: join(folder, 'none'), EARSIGHT_LIMITS__STREAMS_FILE: folder } },
    );
    expect(problems).toEqual([
      'c.yaml:1:11: server.port wants the variable PORT, which is not set. Set it or PORT_FILE, or give a default: ${PORT:default}.',
      'c.yaml:2:10: model.path holds "${" that begins no variable. Write ${NAME} or ${NAME:default}, or $${ for the two characters.',
      'c.yaml:3:8: log.level wants the variable LEVEL: the file none cannot be read (ENOENT). Name the file that holds the value.',
      `EARSIGHT_LIMITS__STREAMS_FILE: the file ${folder} cannot be read (EISDIR). Name the file that holds the value.`,
    ]);
  });

  it('are not repeated when their value is wrong, wherever they stand', () => {
    const problems = problemsOf('server: { port: "${P}" }\nstreams: [{ id: a, kind: "${P}" }]\n', {
      environment: { P: 'hunter2' },
    });
    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toContain('hunter2');
  });
});

describe('the published schema', () => {
  const schema = z.fromJSONSchema(publishedSchema());

  it('takes the example and variables in place of values', () => {
    const example = readFileSync(new URL('../../earsight.example.yaml', import.meta.url), 'utf8');
    expect(schema.safeParse(parse(example)).error?.issues ?? []).toEqual([]);
    const variables = { server: { port: '${PORT:8080}' }, streams: [{ id: '${ID}', kind: 'demo' }] };
    expect(schema.safeParse(variables).success).toBe(true);
  });

  it('refuses what the server refuses', () => {
    for (const wrong of [
      { server: { port: 'PORT' } },
      { server: { prot: 1 } },
      { log: { level: 'loud' } },
      { streams: [{ id: 'a', kind: 'rtsp' }] },
      { streams: [{ id: 'A', kind: 'demo' }] },
    ]) {
      expect(schema.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
    }
  });

  it('describes every setting', () => {
    const { properties } = publishedSchema();
    const sections = Object.entries(properties ?? {});
    expect(sections.length).toBeGreaterThan(8);
    for (const [name, section] of sections) {
      expect(section, name).toHaveProperty('description');
    }
  });
});
