/** `earsight probe <url>`: opens a source the way the server would, looks for some seconds, and tells what it saw. */

import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../pipeline/clock.ts';
import { EarsightError } from '../../pipeline/errors.ts';
import { UrlSource } from '../../pipeline/ingest/url/url-source.ts';
import { secretUrl } from '../../pipeline/secret.ts';
import type { ConnectionPhase } from '../../pipeline/types.ts';
import { EXIT_FAULT } from './failure.ts';
import { ProbeCollector, reportText } from './probe-report.ts';

export interface ProbeOptions {
  json?: true;
  seconds: string;
  transport: string;
}

/** @returns 0 when pictures came, else 1. @throws EarsightError `bad-config`, `bad-url` */
export async function probe(address: string, options: ProbeOptions): Promise<number> {
  const seconds = Number(options.seconds);
  if (!(seconds > 0 && seconds <= 600)) {
    throw new EarsightError(
      'bad-config',
      `--seconds must be a number above 0 up to 600, but is "${options.seconds}".`,
    );
  }
  const { transport } = options;
  if (transport !== 'tcp' && transport !== 'udp') {
    throw new EarsightError('bad-config', `--transport must be tcp or udp, but is "${transport}".`);
  }
  // A person at a terminal may read any file of theirs, also by its plain path.
  const url = secretUrl(existsSync(address) ? pathToFileURL(address).href : address);
  const source = new UrlSource('probe', { url, reading: { transport, openTimeoutMs: seconds * 1000 } });
  const collector = new ProbeCollector(systemClock.monotonicUs());
  try {
    await lookAt(source, collector, seconds * 1000);
  } finally {
    await source.close();
  }
  const report = collector.summary();
  process.stdout.write(
    options.json === true ? `${JSON.stringify(report, null, 2)}\n` : reportText(url.toString(), report),
  );
  return report.ok ? 0 : EXIT_FAULT;
}

/** Until the time is over, or the source can give no more. A source that is lost is not waited for again. */
function lookAt(source: UrlSource, collector: ProbeCollector, forMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, forMs);
    source.open({
      frame: (frame) => collector.frame(frame),
      audio: (chunk) => collector.audio(chunk),
      report: (report) => collector.report(report, systemClock.wallMs()),
      tracks: (info) => collector.tracks(info),
      drop: (drop) => collector.drop(drop),
      phase: (phase: ConnectionPhase) => {
        collector.phase(phase);
        if (phase.phase === 'connecting' || phase.phase === 'connected') return;
        clearTimeout(timer);
        resolve();
      },
    });
  });
}
