/** How the server is started: by npm, container image, compose file and systemd unit, as far as needs none of their engines. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { hashToken } from '../../src/server/access/token-hash.ts';
import { readConfig } from '../../src/server/config/load.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Instruction {
  name: string;
  text: string;
}

/** Instructions of a Dockerfile, continued lines joined, by the stage they belong to. */
function stagesOf(text: string): Map<string, Instruction[]> {
  const stages = new Map<string, Instruction[]>();
  let current: Instruction[] = [];
  const lines = text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  for (const line of lines.filter((one) => one.trim() !== '')) {
    const [, name = '', rest = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    expect(KNOWN, line).toContain(name);
    if (name === 'FROM') {
      const [, image = '', stage = ''] = /^(\S+) AS (\S+)$/.exec(rest) ?? [];
      current = [{ name, text: image }];
      stages.set(stage, current);
    } else current.push({ name, text: rest });
  }
  return stages;
}

const KNOWN = [
  ...['FROM', 'WORKDIR', 'COPY', 'RUN', 'LABEL', 'ENV', 'USER', 'VOLUME', 'EXPOSE', 'HEALTHCHECK'],
  ...['STOPSIGNAL', 'ENTRYPOINT', 'CMD'],
];

describe('npm start', () => {
  it('becomes the server, so that a signal to npm does not leave it behind', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: { start: string } };
    expect(scripts.start).toMatch(/ && exec node src\/server\/main\.ts serve$/);
  });
});

describe('Dockerfile', () => {
  const stages = stagesOf(read('Dockerfile'));
  const all = (stage: string, name: string): string[] =>
    (stages.get(stage) ?? []).filter((one) => one.name === name).map(({ text }) => text);

  it('builds from images of a stated version', () => {
    expect([...stages.keys()]).toEqual(['build', 'build-gpu', 'cpu', 'gpu']);
    for (const stage of stages.keys()) {
      const [image = ''] = all(stage, 'FROM');
      if (!stages.has(image)) expect(image).toMatch(/^[\w./-]+:\d+\.\d+[\w.-]*$/);
    }
  });

  it('copies what there is, the lock file before the rest', () => {
    const copies = all('build', 'COPY');
    expect(copies).toEqual(['package.json package-lock.json .npmrc ./', '. .']);
    for (const file of ['package.json', 'package-lock.json', '.npmrc']) {
      expect(existsSync(join(ROOT, file)), file).toBe(true);
    }
    const ignored = read('.dockerignore').split('\n');
    for (const name of ['node_modules', 'dist', '.git']) expect(ignored).toContain(name);
  });

  it.each(['cpu', 'gpu'])(
    'runs %s as a user without rights, with a health check and clean signals',
    (stage) => {
      const [user = ''] = all(stage, 'USER');
      expect(user).toMatch(/^[1-9]\d{3,}:[1-9]\d{3,}$/);
      const names = (stages.get(stage) ?? []).map(({ name }) => name);
      // What comes after USER has no rights to lose.
      expect(names.lastIndexOf('RUN')).toBeLessThan(names.indexOf('USER'));
      const [entry = ''] = all(stage, 'ENTRYPOINT');
      const [command = ''] = all(stage, 'CMD');
      const [health = ''] = all(stage, 'HEALTHCHECK');
      const program = JSON.parse(entry) as string[];
      expect(program).toEqual(['node', '/app/dist/lib/server/main.js']);
      expect(JSON.parse(command)).toEqual(['serve']);
      expect(JSON.parse(/CMD (.*)$/.exec(health)?.[1] ?? '')).toEqual([...program, 'healthy']);
      expect(health).toMatch(/--timeout=\d+s/);
      expect(all(stage, 'STOPSIGNAL')).toEqual(['SIGTERM']);
      // Where the build puts the program, and where it looks for its page and models.
      expect(JSON.parse(read('tsconfig.build.json'))).toMatchObject({
        compilerOptions: { outDir: 'dist/lib' },
      });
      for (const part of ['package.json', 'node_modules', 'models', 'dist']) {
        expect(all(stage, 'COPY').join('\n')).toContain(`/app/${part} ./`);
      }
    },
  );

  it.each(['cpu', 'gpu'])('sets in %s only what is a setting, and no secret', (stage) => {
    const pairs = all(stage, 'ENV').flatMap((text) => [...text.matchAll(/(\w+)=(\S+)/g)]);
    const environment = Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
    expect(Object.keys(environment).length).toBeGreaterThan(2);
    const tokens = `[{name: t, hash: "${hashToken('x')}", roles: [view]}]`;
    const { config } = readConfig({ environment, assignments: [`auth.tokens=${tokens}`] });
    expect(config.server.host).toBe('0.0.0.0');
    expect(all(stage, 'VOLUME')).toEqual([config.data.folder]);
    expect(config.engine.provider).toBe(stage === 'gpu' ? 'cuda' : 'cpu');
    expect(all(stage, 'EXPOSE')[0]).toContain(`${config.server.port}/tcp`);
  });
});

interface Service {
  user: string;
  read_only: boolean;
  privileged?: boolean;
  cap_drop: string[];
  cap_add?: string[];
  security_opt: string[];
  tmpfs: string[];
  volumes: string[];
  ports: string[];
  environment: Record<string, string>;
  secrets: string[];
  stop_grace_period: string;
  pids_limit: number;
  build: { context: string; target: string };
}

describe('deploy/docker/compose.yaml', () => {
  const compose = parse(read('deploy/docker/compose.yaml'), { merge: true }) as {
    services: Record<string, Service>;
    secrets: Record<string, unknown>;
    volumes: Record<string, unknown>;
  };
  const services = Object.entries(compose.services);

  it('gives every service no more than it needs', () => {
    expect(services.map(([name]) => name)).toEqual(['earsight', 'earsight-gpu']);
    for (const [name, service] of services) {
      expect(service.user, name).toMatch(/^[1-9]\d+:[1-9]\d+$/);
      expect(service.read_only, name).toBe(true);
      expect(service.privileged ?? false, name).toBe(false);
      expect(service.cap_drop, name).toEqual(['ALL']);
      expect(service.cap_add, name).toBeUndefined();
      expect(service.security_opt, name).toContain('no-new-privileges:true');
      expect(
        service.tmpfs.some((mount) => mount.startsWith('/tmp')),
        name,
      ).toBe(true);
      expect(service.pids_limit, name).toBeGreaterThan(100);
      expect(
        service.volumes.filter((mount) => !mount.endsWith(':ro')),
        name,
      ).toEqual(['data:/data']);
      expect(service.volumes.join(), name).not.toContain('docker.sock');
    }
  });

  it('builds stages there are, and uses secrets and volumes it declares', () => {
    const stages = stagesOf(read('Dockerfile'));
    for (const [name, { build, secrets }] of services) {
      expect(stages.has(build.target), name).toBe(true);
      expect(existsSync(join(ROOT, 'deploy/docker', build.context, 'Dockerfile')), name).toBe(true);
      for (const secret of secrets) expect(compose.secrets).toHaveProperty(secret);
    }
    expect(compose.volumes).toHaveProperty('data');
  });

  it('comes with a configuration that holds, ports and time to end included', () => {
    const folder = mkdtempSync(join(tmpdir(), 'earsight-compose-'));
    try {
      for (const [name, { environment, ports, stop_grace_period }] of services) {
        const hash = join(folder, 'hash');
        writeFileSync(hash, `${hashToken('x')}\n`);
        const { config } = readConfig({
          file: join(ROOT, 'deploy/docker/config/earsight.yaml'),
          environment: {
            EARSIGHT_SERVER__HOST: '0.0.0.0',
            LAN_ADDRESS: '192.0.2.7',
            ADMIN_TOKEN_HASH_FILE: hash,
          },
        });
        expect(environment['ADMIN_TOKEN_HASH_FILE'], name).toBe('/run/secrets/admin_token_hash');
        expect(config.webrtc.hosts).toEqual(['192.0.2.7']);
        const [port, last] = config.webrtc.portRange ?? [];
        expect(last, 'one port is enough').toBe(port);
        expect(ports).toEqual([`${config.server.port}:${config.server.port}/tcp`, `${port}:${port}/udp`]);
        expect(read('Dockerfile')).toContain(`${port}/udp`);
        expect(Number.parseInt(stop_grace_period, 10) * 1000).toBeGreaterThan(config.server.drainMs);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('deploy/systemd/earsight.service', () => {
  const text = read('deploy/systemd/earsight.service');
  const value = (key: string): string | undefined => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1];

  it('runs without rights, ends in time, and does not start a wrong configuration again and again', () => {
    expect(value('DynamicUser')).toBe('yes');
    expect(value('ProtectSystem')).toBe('strict');
    expect(value('CapabilityBoundingSet')).toBe('');
    expect(value('NoNewPrivileges')).toBe('yes');
    expect(value('StateDirectory')).toBe('earsight');
    expect(value('ExecReload')).toContain('-HUP $MAINPID');
    expect(value('RestartPreventExitStatus')).toBe('2');
    expect(Number.parseInt(value('TimeoutStopSec') ?? '', 10)).toBeGreaterThan(5);
    expect(value('MemoryDenyWriteExecute')).toBeUndefined();
  });

  const analyze = spawnSync('systemd-analyze', ['--version']);
  if (analyze.error !== undefined) console.warn('skipped: systemd-analyze is not installed');

  it.skipIf(analyze.error !== undefined)('is what systemd takes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'earsight-unit-'));
    try {
      const file = join(folder, 'earsight.service');
      writeFileSync(file, text.replace('/usr/bin/earsight', process.execPath));
      const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
      expect(stdout + stderr).not.toContain('earsight.service');
      expect(status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
