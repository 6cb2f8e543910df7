/** The alert rules and the dashboard ask for metrics that there are, with labels that they have. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Metrics } from '../../src/server/metrics/metrics.ts';
import { exampleResult } from '../support/server-fakes.ts';

const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));

/** What a busy server shows, as Prometheus's own names: label names by metric. */
async function exposed(): Promise<Map<string, Set<string>>> {
  const metrics = new Metrics();
  metrics.collectProcess();
  metrics.collectServer({
    version: '1',
    model: 'm',
    engine: 'cpu',
    isReady: () => true,
    workers: () => ({ live: 1, all: 1 }),
    queuedBytes: () => 0,
    isKept: () => true,
    certificateExpiryMs: () => 0,
    waitsForRestart: () => ['engine.workers'],
  });
  metrics.streamChanged({
    id: 'a',
    name: 'a',
    kind: 'demo',
    state: 'live',
    reason: null,
    detail: null,
    sinceWallMs: 0,
    tracks: { video: true, audio: true },
    picture: null,
  });
  metrics.frameReceived('a', 1);
  metrics.dropped('a', 'superseded', 1);
  metrics.result(exampleResult('a').message);
  metrics.packetsLost('a', 1);
  metrics.windowFilled('a', 1);
  metrics.requestLimited('wrong-tokens');
  metrics.restarted('a', 'stalled');
  metrics.clock('a', 1, 1, []);
  metrics.batch(1);
  metrics.engineRestarted();
  metrics.configurationRead(true);
  metrics.fanOut.subscribers(1);
  metrics.fanOut.sent('heatmap', 1);
  metrics.fanOut.dropped('a', 'slow-subscriber', 1);
  const names = new Map<string, Set<string>>();
  for (const line of (await metrics.text()).split('\n')) {
    const [, name, labels = ''] = /^([a-z_]\w*)(?:\{(.*)\})? /.exec(line) ?? [];
    if (name === undefined) continue;
    const known = names.get(name) ?? new Set(['instance', 'job']);
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label);
    names.set(name, known);
  }
  return names;
}

/** The metrics of an expression, with the labels that it selects by. */
function asked(expression: string): [metric: string, labels: string[]][] {
  return [...expression.matchAll(/\b((?:earsight|process|nodejs)_\w+|up)\b(?:\{([^}]*)\})?/g)].map(
    ([, metric = '', selector = '']) => [
      metric,
      [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
    ],
  );
}

async function expectAnswerable(expressions: readonly string[]): Promise<void> {
  const names = await exposed();
  names.set('up', new Set(['instance', 'job']));
  for (const expression of expressions) {
    const metrics = asked(expression);
    expect(metrics.length, expression).toBeGreaterThan(0);
    for (const [metric, labels] of metrics) {
      expect([...names.keys()], expression).toContain(metric);
      for (const label of labels) expect([...(names.get(metric) ?? [])], expression).toContain(label);
    }
  }
}

describe('deploy/prometheus', () => {
  interface Rule {
    alert: string;
    expr: string;
    annotations: Record<string, string>;
  }
  const text = readFileSync(join(DEPLOY, 'prometheus/earsight.rules.yml'), 'utf8');
  const rules = (parse(text) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);

  it('asks for what there is', async () => {
    expect(rules.length).toBeGreaterThan(10);
    await expectAnswerable(rules.map(({ expr }) => expr));
  });

  it('says of each alert what it means and what to do, also in the manual', () => {
    const manual = readFileSync(join(DEPLOY, '../docs/operations.md'), 'utf8');
    for (const { alert, annotations } of rules) {
      expect(Object.keys(annotations), alert).toEqual(['summary', 'description']);
      expect(manual, alert).toContain(`\`${alert}\``);
    }
  });
});

describe('deploy/grafana', () => {
  interface Panel {
    id: number;
    type: string;
    gridPos: { x: number; y: number; w: number; h: number };
    targets?: { expr: string }[];
  }
  const dashboard = JSON.parse(readFileSync(join(DEPLOY, 'grafana/earsight.json'), 'utf8')) as {
    panels: Panel[];
    templating: { list: { name: string }[] };
  };

  it('asks for what there is', async () => {
    const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(expressions.length).toBeGreaterThan(25);
    await expectAnswerable(expressions);
    const variables = new Set(dashboard.templating.list.map(({ name }) => name));
    for (const expression of expressions) {
      for (const [, name = ''] of expression.matchAll(/\$(\w+)/g)) expect(variables).toContain(name);
    }
  });

  it('has panels of their own that do not cover each other', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { gridPos } of panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x} ${y}`)).toBe(false);
          expect(x).toBeLessThan(24);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });
});
