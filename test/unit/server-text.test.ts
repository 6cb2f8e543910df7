/** What people read: log lines, the probe's advice, failures, and the credentials that are in none of them. */

import { describe, expect, it } from 'vitest';
import { EarsightError } from '../../src/pipeline/errors.ts';
import { Secret, secretUrl } from '../../src/pipeline/secret.ts';
import { failureOf } from '../../src/server/commands/failure.ts';
import { ProbeCollector, reportText, suggestionsFor } from '../../src/server/commands/probe-report.ts';
import { formatLine } from '../../src/server/log/line-format.ts';
import { createLogger, isForPeople } from '../../src/server/log/logger.ts';
import { StreamLog } from '../../src/server/log/stream-log.ts';
import { withCredentials } from '../../src/server/streams/source-factory.ts';

class Output {
  text = '';
  isTTY: boolean;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.text += text;
  }
}

const info = {
  id: 'door',
  name: 'Door',
  kind: 'url' as const,
  state: 'live' as const,
  reason: null,
  detail: null,
  sinceWallMs: 0,
  tracks: { video: true, audio: true },
  picture: null,
};

describe('the log', () => {
  it('is lines on a terminal and JSON elsewhere, unless told', () => {
    expect([true, false].map((isTTY) => isForPeople('auto', new Output(isTTY)))).toEqual([true, false]);
    expect([true, false].map((isTTY) => isForPeople('json', new Output(isTTY)))).toEqual([false, false]);
    expect([true, false].map((isTTY) => isForPeople('line', new Output(isTTY)))).toEqual([true, true]);
  });

  it('never holds a password, in whatever field it comes', () => {
    for (const format of ['line', 'json'] as const) {
      const output = new Output(false);
      const log = createLogger({ level: 'debug', format }, output);
      const url = 'rtsp://viewer:hunter2@camera/1?token=hunter3';
      log.error({ stream: 'door', url, err: new Error(`cannot open ${url}`) }, `failed: ${url}`);
      expect(output.text).toContain('camera');
      expect(output.text).not.toMatch(/hunter/);
    }
  });

  it('says a state once, and trouble as a warning', () => {
    const output = new Output(false);
    const log = new StreamLog(createLogger({ level: 'info', format: 'json' }, output));
    const lost = {
      ...info,
      state: 'reconnecting' as const,
      reason: 'source-lost',
      detail: 'The camera hung up.',
    };
    for (const change of [info, info, { ...info, picture: { width: 1, height: 1 } }, lost, lost, info])
      log.streamChanged(change);
    log.streamRemoved('door');
    const records = output.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records.map(({ level, msg, reason }) => [level, msg, reason])).toEqual([
      [30, 'live', undefined],
      [40, 'reconnecting: The camera hung up.', 'source-lost'],
      [30, 'live', undefined],
      [30, 'removed', undefined],
    ]);
  });

  it('formats records as lines, with colours only where asked', () => {
    const record = (fields: object): string => JSON.stringify({ level: 30, time: 0, ...fields });
    expect(formatLine(record({ stream: 'door', msg: 'live', worker: 1 }), false)).toMatch(
      /^\d\d:\d\d:\d\d door live worker=1\n$/,
    );
    expect(formatLine(record({ level: 50, msg: 'no' }), true)).toContain('\u001B[31mno\u001B[0m');
    expect(
      formatLine(record({ msg: 'x', err: { message: 'm', stack: 'Error: m\n    at y' } }), false),
    ).toMatch(/x\n {2}Error: m\n {6}at y\n$/);
    expect(formatLine('not json\n', false)).toBe('not json\n');
  });
});

describe('a failure', () => {
  it('is 2 for what people can mend and 1 for what is ours', () => {
    expect(failureOf(new EarsightError('model-missing', 'There is no model.'))).toEqual({
      exitCode: 2,
      text: 'There is no model.',
    });
    expect(failureOf(new EarsightError('engine-failed', 'x')).exitCode).toBe(1);
    expect(failureOf(Object.assign(new Error('write'), { code: 'ENOSPC' }))).toMatchObject({
      exitCode: 2,
      text: expect.stringMatching(/^The disk is full/),
    });
    const fault = failureOf(new Error('rtsp://u:hunter2@h failed'));
    expect([fault.exitCode, fault.text.includes('hunter2')]).toEqual([1, false]);
    expect(fault.text).toContain('server-text.test.ts');
  });
});

describe('credentials apart from the URL', () => {
  it('are percent-encoded and take the place of those in it', () => {
    expect(withCredentials({ url: secretUrl('rtsp://h:554/x?y=1') }).reveal()).toBe('rtsp://h:554/x?y=1');
    const url = withCredentials({
      url: secretUrl('rtsp://old:older@h:554/x?y=1'),
      username: 'a b',
      password: new Secret('p@ss/w:rd%41#'),
    }).reveal();
    expect(url).toBe('rtsp://a%20b:p%40ss%2Fw%3Ard%2541%23@h:554/x?y=1');
    expect(decodeURIComponent(new URL(url).password)).toBe('p@ss/w:rd%41#');
  });
});

describe('the probe', () => {
  /** Two seconds of 10 pictures a second and sound in tenths, the tracks' clocks apart as cameras' are. */
  function looked(options: { reports: boolean; soundLateUs?: number; level?: number }): ProbeCollector {
    const collector = new ProbeCollector(0);
    const videoOriginUs = 5_000_000;
    const audioOriginUs = 900_000;
    collector.tracks({
      sourceId: 'p',
      epoch: 0,
      video: { codec: 'h264', width: 640, height: 360, frameRate: 10 },
      audio: { codec: 'pcm_alaw', rateHz: 8000, channels: 1 },
      timing: 'sender-reports',
    });
    for (let i = 0; i <= 20; i++) {
      const wallUs = i * 100_000;
      const frame = { sourceId: 'p', epoch: 0, width: 640, height: 360, data: new Uint8Array() };
      collector.frame({
        ...frame,
        ptsUs: wallUs + videoOriginUs,
        arrivalUs: wallUs + 40_000,
        decodedUs: wallUs + 50_000,
      });
      collector.audio({
        sourceId: 'p',
        epoch: 0,
        ptsUs: wallUs + audioOriginUs,
        arrivalUs: wallUs + 100_000 + 40_000 + (options.soundLateUs ?? 0),
        rateHz: 22_050,
        samples: new Float32Array(2205).fill(options.level ?? 0.1),
      });
      if (options.reports && i % 10 === 5) {
        for (const [track, originUs] of [
          ['video', videoOriginUs],
          ['audio', audioOriginUs],
        ] as const) {
          collector.report(
            {
              sourceId: 'p',
              track,
              epoch: 0,
              ptsUs: wallUs + originUs,
              senderWallUs: 1e15 + wallUs,
              arrivalUs: wallUs,
            },
            1e12 + wallUs / 1000,
          );
        }
      }
    }
    collector.drop({ sourceId: 'p', what: 'frame', reason: 'decode-error', count: 2 });
    return collector;
  }

  it('measures rate, reports and skew', () => {
    const report = looked({ reports: true }).summary();
    expect(report).toMatchObject({
      ok: true,
      firstPictureMs: 50,
      video: { measuredRateHz: 10, declaredRateHz: 10, senderReports: 2 },
      audio: { codec: 'pcm_alaw', senderReports: 2 },
      skewMs: 4100,
      soundArrivesLaterMs: 0,
      drops: { 'decode-error': 2 },
    });
    expect(looked({ reports: true, soundLateUs: 70_000 }).summary().soundArrivesLaterMs).toBe(70);
    expect(looked({ reports: false }).summary()).toMatchObject({ skewMs: null, soundArrivesLaterMs: null });
    const text = reportText('rtsp://***@h/', report);
    expect(text).toContain('h264 640x360, 10.0/s measured, 10.0/s declared');
    expect(text).toContain('2 video, 2 audio');
    expect(text).toContain('decode-error 2');
  });

  it('tells a muted microphone from a quiet room', () => {
    const silent = looked({ reports: true, level: 0 }).summary();
    expect(silent.audio).toMatchObject({ isSilent: true });
    expect(silent.suggestions.join(' ')).toMatch(/digital silence.*muted/);
    expect(reportText('x', silent)).toContain('digital silence');
    const quiet = looked({ reports: true, level: 0.001 }).summary();
    expect(quiet.audio?.levelDbfs).toBeCloseTo(-60, 3);
    expect(reportText('x', quiet)).toContain('-60 dBFS');
    expect(quiet.suggestions.join(' ')).not.toContain('silence');
  });

  it('advises on each thing that is off', () => {
    const good = looked({ reports: true }).summary();
    const facts = {
      ...good,
      skewMs: 3,
      audio: { ...good.audio!, codec: 'aac', rateHz: 48_000, channels: 2 },
    };
    const advice = (changes: Partial<typeof good>): string =>
      suggestionsFor({ ...facts, ...changes }, 100).join(' ');
    expect(advice({})).toBe('');
    expect(advice({ audio: null })).toMatch(/no sound.*microphone/);
    expect(suggestionsFor(good, 100).join(' ')).toMatch(/8000 samples a second, so nothing above 4000 Hz/);
    expect(advice({ skewMs: null })).toMatch(/"unaligned".*--seconds.*avOffsetMs/);
    expect(advice({ skewMs: -200 })).toMatch(/200 ms apart/);
    expect(advice({ video: { ...good.video!, measuredRateHz: 2 } })).toMatch(/Only 2\.0 pictures/);
    expect(advice({ video: { ...good.video!, declaredRateHz: 25, measuredRateHz: 12 } })).toMatch(
      /announces 25 pictures a second and 12\.0 come/,
    );
    expect(advice({ audio: { ...facts.audio, levelDbfs: null } })).toMatch(/no sound came.*--seconds/);
    expect(advice({ clockOffMs: 3 * 3600e3 })).toMatch(/3 h ahead.*NTP/);
    expect(advice({ clockOffMs: -86_400e3 * 20_000 })).toMatch(/20000 days behind/);
    expect(advice({ clockOffMs: 900 })).toBe('');
    expect(advice({ drops: { 'packet-lost': 3, 'rate-cap': 90 } })).toMatch(/3 pictures or pieces.*tcp/);
    expect(advice({ drops: { 'packet-lost': 1, 'rate-cap': 90 } })).toBe('');
    expect(advice({ ok: false })).toMatch(/look longer/);
    const codes = [
      'source-auth',
      'source-refused',
      'source-not-found',
      'source-timeout',
      'source-unsupported',
      'other',
    ];
    const mends = codes.map((code) => advice({ ok: false, trouble: { code, detail: '' } }));
    expect(new Set(mends).size).toBe(codes.length);
  });
});
