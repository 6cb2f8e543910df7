/** Debian's Prometheus scrapes a running server, and its promtool accepts what we hand to operators. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEPLOY, hasPrometheus, PrometheusProcess, promtool } from '../support/prometheus.ts';
import { ServerProcess } from '../support/server-process.ts';

if (!hasPrometheus) console.warn('skipped: prometheus is not installed. Mend: apt-get install prometheus');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'earsight-prometheus-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!hasPrometheus)('promtool', () => {
  it('accepts the rules, and they alert when they should', () => {
    const rules = promtool(['check', 'rules', '--lint-fatal', join(DEPLOY, 'prometheus/earsight.rules.yml')]);
    expect(rules.said).toMatch(/SUCCESS: \d+ rules found/);
    expect(rules.status).toBe(0);
    const tests = promtool(['test', 'rules', join(DEPLOY, 'prometheus/earsight.rules.test.yml')]);
    expect(tests).toMatchObject({ status: 0 });
    expect(tests.said).toContain('SUCCESS');
  });

  it('accepts the configuration', () => {
    const checked = promtool(['check', 'config', join(DEPLOY, 'prometheus/prometheus.yml')]);
    expect(checked.status, checked.said).toBe(0);
  });
});

describe.skipIf(!hasPrometheus)('Prometheus', () => {
  it('scrapes a server: names and units as it wants them, and the rules find their series', async () => {
    await using server = await ServerProcess.serve([
      '--set',
      'session.maxRateHz=5',
      '--set',
      'session.stallMs=60000',
    ]);
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const lint = promtool(['check', 'metrics'], text);
    expect(lint.said.split('\n').filter((line) => line.includes('earsight_'))).toEqual([]);

    await using prometheus = await PrometheusProcess.start(folder, new URL(server.url).host);
    const value = async (query: string): Promise<number | null> => {
      const data = await prometheus.get<{ result: { value: [number, string] }[] }>(
        `query?query=${encodeURIComponent(query)}`,
      );
      const first = data?.result[0]?.value[1];
      return first === undefined ? null : Number(first);
    };
    await server.until(async () => (await value('up{job="earsight"}')) === 1, 'a scrape');
    await server.until(
      async () => ((await value('sum(earsight_results_total{source="demo"})')) ?? 0) > 0,
      'results in Prometheus',
    );
    expect(await value('earsight_source_up{source="demo"}')).toBe(1);
    expect(await value('earsight_ready')).toBe(1);
    expect(await value('sum(earsight_memory_bytes)')).toBeGreaterThan(50e6);
    expect(await value('sum(earsight_queue_wait_seconds_count)')).toBeGreaterThan(0);
    // The demo scene's sound is whole, but for that of the first second.
    expect(await value('sum(earsight_window_fill_ratio_count{source="demo"})')).toBeGreaterThan(0);
    expect(await value('earsight_tls_certificate_expiry_timestamp_seconds')).toBeNull();
    const data = await prometheus.get<{
      groups: { rules: { name: string; health: string; state: string }[] }[];
    }>('rules');
    const rules = data?.groups.flatMap((group) => group.rules) ?? [];
    expect(rules.length).toBeGreaterThan(10);
    expect(rules.filter(({ health }) => health === 'err')).toEqual([]);
    const silent = [
      'EarsightDown',
      'EarsightNotReady',
      'EarsightConfigurationRefused',
      'EarsightStreamsNotKept',
      'EarsightCertificateEnds',
    ];
    for (const name of silent) {
      expect(rules.find((rule) => rule.name === name)?.state, name).toBe('inactive');
    }
    expect((await server.stop()).code).toBe(0);
  });
});
