/** Prometheus: everything the server counts, under the prefix `earsight_`, in base units. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { CLOCK_FAULTS, type ClockFault } from '../../pipeline/clock-faults.ts';
import type { PipelineObserver } from '../../pipeline/observer.ts';
import { type HeatmapMessage, STREAM_STATES, type StreamInfo } from '../../protocol/messages.ts';
import type { LimitReason } from '../access/limit-reason.ts';
import type { FanOutObserver } from '../fan-out/observer.ts';
import type { StreamListener } from '../streams/ports.ts';
import { addServerGauges, type ServerFigures } from './server-gauges.ts';
import { SourceLabels } from './source-labels.ts';

const LATENCY_BUCKETS_S = [0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5, 0.8, 1.2, 2, 5];
const STAGE_BUCKETS_S = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
/** A window that lacks more than a quarter is not used. */
const FILL_BUCKETS = [0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999];
const BATCH_BUCKETS = [1, 2, 3, 4, 6, 8, 12, 16, 32, 64];

/** The stages without a histogram of their own. */
const STAGES = [
  ['decode', 'decodeUs'],
  ['align', 'alignUs'],
  ['heat', 'heatUs'],
] as const;

/**
 * One registry of its own, so that several servers (tests, benches) can live in a process. The label `source` is a
 * stream's id, never a URL; its series go when the stream is removed.
 */
export class Metrics implements PipelineObserver, StreamListener {
  readonly #registry = new Registry();
  readonly #perSource: { forget(source: string): void }[] = [];

  readonly #frames = this.#sourceCounter('frames_received_total', 'Pictures decoded.');
  readonly #frameBytes = this.#sourceCounter('frame_bytes_received_total', 'Bytes of decoded pictures.');
  readonly #samples = this.#sourceCounter(
    'audio_samples_received_total',
    'Audio samples decoded, at the rate of the model.',
  );
  readonly #drops = this.#sourceCounter(
    'frames_dropped_total',
    'Pictures without a result, by reason.',
    'reason',
  );
  readonly #packetsLost = this.#sourceCounter(
    'rtp_packets_lost_total',
    'RTP packets of sound and picture that never came, retransmissions counted as come.',
  );
  readonly #results = this.#sourceCounter('results_total', 'Results published, by alignment.', 'alignment');
  readonly #restarts = this.#sourceCounter(
    'source_restarts_total',
    'Connections made anew, by reason.',
    'reason',
  );
  readonly #messagesDropped = this.#sourceCounter(
    'messages_dropped_total',
    'Results that one subscriber was not sent, by reason.',
    'reason',
  );
  readonly #previewFailures = this.#sourceCounter(
    'previews_failed_total',
    'Results sent without the picture asked for.',
  );
  readonly #encodingFailures = this.#sourceCounter(
    'encodings_failed_total',
    'Results that could not be encoded.',
  );

  readonly #skew = this.#sourceGauge('av_skew_seconds', 'Sound minus picture, as estimated.');
  readonly #reportAge = this.#sourceGauge(
    'sender_report_age_seconds',
    'Since the newest RTCP sender report.',
  );
  readonly #clockFault = this.#sourceGauge(
    'clock_fault',
    '1 while arrival times take the place of a clock of the source that is missing or cannot be true.',
    'fault',
  );
  readonly #up = this.#sourceGauge('source_up', '1 while the source delivers pictures or sound.');
  readonly #state = this.#sourceGauge(
    'source_state',
    '1 for the state the source is in, 0 for the others.',
    'state',
  );

  readonly #windowFill = new Histogram({
    name: 'earsight_window_fill_ratio',
    help: "Share of the samples of a picture's window of sound that were there.",
    labelNames: ['source'],
    buckets: FILL_BUCKETS,
    registers: [this.#registry],
  });
  readonly #windowFillLabels = this.#labels(this.#windowFill, null);
  readonly #latency = new Histogram({
    name: 'earsight_capture_to_send_seconds',
    help: 'From the capture of a picture (or its arrival, where capture is unknown) to the publication of its result.',
    labelNames: ['source'],
    buckets: LATENCY_BUCKETS_S,
    registers: [this.#registry],
  });
  readonly #latencyLabels = this.#labels(this.#latency, null);
  readonly #stage = new Histogram({
    name: 'earsight_stage_duration_seconds',
    help: 'Time of each other stage on the way of a picture: decode, align (the wait for its sound), heat.',
    labelNames: ['stage'],
    buckets: STAGE_BUCKETS_S,
    registers: [this.#registry],
  });
  readonly #queueWait = new Histogram({
    name: 'earsight_queue_wait_seconds',
    help: 'How long a picture with its sound waited for the model.',
    buckets: STAGE_BUCKETS_S,
    registers: [this.#registry],
  });
  readonly #inference = new Histogram({
    name: 'earsight_inference_duration_seconds',
    help: 'How long the run of the model took that a picture was in.',
    buckets: STAGE_BUCKETS_S,
    registers: [this.#registry],
  });
  readonly #engineRestarts = new Counter({
    name: 'earsight_engine_restarts_total',
    help: 'Workers of the model that were lost and replaced.',
    registers: [this.#registry],
  });
  readonly #refusedBatches = new Counter({
    name: 'earsight_engine_refused_batches_total',
    help: 'Batches that the model failed at, and whose worker went on.',
    registers: [this.#registry],
  });
  readonly #batch = new Histogram({
    name: 'earsight_batch_size',
    help: 'Pictures in one run of the model.',
    buckets: BATCH_BUCKETS,
    registers: [this.#registry],
  });
  readonly #subscribers = new Gauge({
    name: 'earsight_subscribers',
    help: 'Open WebSocket connections.',
    registers: [this.#registry],
  });
  readonly #messages = new Counter({
    name: 'earsight_messages_sent_total',
    help: 'Messages handed to subscribers, by kind.',
    labelNames: ['kind'],
    registers: [this.#registry],
  });
  readonly #bytes = new Counter({
    name: 'earsight_sent_bytes_total',
    help: 'Bytes handed to subscribers, by kind of message.',
    labelNames: ['kind'],
    registers: [this.#registry],
  });

  readonly #limited = new Counter({
    name: 'earsight_requests_limited_total',
    help: 'Requests answered 429, by reason.',
    labelNames: ['reason'],
    registers: [this.#registry],
  });

  readonly #configurations = new Counter({
    name: 'earsight_config_reloads_total',
    help: 'Times that the configuration was read anew, by what came of it.',
    labelNames: ['result'],
    registers: [this.#registry],
  });
  readonly #configurationTaken = new Gauge({
    name: 'earsight_config_last_reload_successful',
    help: '1 while the configuration in force is the one that was read last.',
    registers: [this.#registry],
  });

  get contentType(): string {
    return this.#registry.contentType;
  }

  requestLimited(reason: LimitReason): void {
    this.#limited.inc({ reason });
  }

  configurationRead(taken: boolean): void {
    this.#configurations.inc({ result: taken ? 'taken' : 'refused' });
    this.#configurationTaken.set(taken ? 1 : 0);
  }

  /** The process's own figures too (memory, event loop lag, handles), under their customary names. */
  collectProcess(): void {
    this.#configurationTaken.set(1);
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Call once: what the server itself knows, looked at with every scrape. */
  collectServer(figures: ServerFigures): void {
    addServerGauges(this.#registry, figures);
  }

  engineRestarted(): void {
    this.#engineRestarts.inc();
  }

  batchRefused(): void {
    this.#refusedBatches.inc();
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  frameReceived(sourceId: string, bytes: number): void {
    this.#frames.metric.inc(this.#frames.labels.of(sourceId));
    this.#frameBytes.metric.inc(this.#frameBytes.labels.of(sourceId), bytes);
  }

  audioReceived(sourceId: string, samples: number): void {
    this.#samples.metric.inc(this.#samples.labels.of(sourceId), samples);
  }

  dropped(sourceId: string, reason: string, count: number): void {
    this.#drops.metric.inc(this.#drops.labels.of(sourceId, reason), count);
  }

  batch(size: number): void {
    this.#batch.observe(size);
  }

  result(message: HeatmapMessage): void {
    this.#results.metric.inc(this.#results.labels.of(message.stream, message.alignment));
    const seconds = Math.max(0, message.sendWallMs - message.captureWallMs) / 1000;
    this.#latency.observe(this.#latencyLabels.of(message.stream), seconds);
    this.#queueWait.observe(message.stages.queueUs / 1e6);
    this.#inference.observe(message.stages.inferenceUs / 1e6);
    for (const [stage, key] of STAGES) this.#stage.observe({ stage }, message.stages[key] / 1e6);
  }

  windowFilled(sourceId: string, ratio: number): void {
    this.#windowFill.observe(this.#windowFillLabels.of(sourceId), ratio);
  }

  packetsLost(sourceId: string, count: number): void {
    this.#packetsLost.metric.inc(this.#packetsLost.labels.of(sourceId), count);
  }

  restarted(sourceId: string, reason: string): void {
    this.#restarts.metric.inc(this.#restarts.labels.of(sourceId, reason));
  }

  clock(
    sourceId: string,
    skewUs: number | null,
    senderReportAgeMs: number | null,
    faults: readonly ClockFault[],
  ): void {
    setOrForget(this.#skew, sourceId, skewUs === null ? null : skewUs / 1e6);
    setOrForget(this.#reportAge, sourceId, senderReportAgeMs === null ? null : senderReportAgeMs / 1e3);
    for (const fault of CLOCK_FAULTS)
      this.#clockFault.metric.set(
        this.#clockFault.labels.of(sourceId, fault),
        faults.includes(fault) ? 1 : 0,
      );
  }

  /** What the fan-out reports; apart, because both ports have a `dropped` of their own. */
  readonly fanOut: FanOutObserver = {
    subscribers: (count) => this.#subscribers.set(count),
    sent: (kind, bytes) => {
      this.#messages.inc({ kind });
      this.#bytes.inc({ kind }, bytes);
    },
    dropped: (streamId, reason, count) =>
      this.#messagesDropped.metric.inc(this.#messagesDropped.labels.of(streamId, reason), count),
    previewFailed: (streamId) => this.#previewFailures.metric.inc(this.#previewFailures.labels.of(streamId)),
    encodingFailed: (streamId) =>
      this.#encodingFailures.metric.inc(this.#encodingFailures.labels.of(streamId)),
  };

  streamChanged(info: StreamInfo): void {
    this.#up.metric.set(
      this.#up.labels.of(info.id),
      info.state === 'live' || info.state === 'degraded' ? 1 : 0,
    );
    for (const state of STREAM_STATES) {
      this.#state.metric.set(this.#state.labels.of(info.id, state), info.state === state ? 1 : 0);
    }
  }

  streamRemoved(streamId: string): void {
    for (const labels of this.#perSource) labels.forget(streamId);
  }

  #sourceCounter(name: string, help: string, second: string | null = null) {
    const metric = new Counter({
      name: `earsight_${name}`,
      help,
      labelNames: second === null ? ['source'] : ['source', second],
      registers: [this.#registry],
    });
    return { metric, labels: this.#labels(metric, second) };
  }

  #sourceGauge(name: string, help: string, second: string | null = null) {
    const metric = new Gauge({
      name: `earsight_${name}`,
      help,
      labelNames: second === null ? ['source'] : ['source', second],
      registers: [this.#registry],
    });
    return { metric, labels: this.#labels(metric, second) };
  }

  #labels(metric: { remove(labels: Record<string, string>): void }, second: string | null): SourceLabels {
    const labels = new SourceLabels(metric, second);
    this.#perSource.push(labels);
    return labels;
  }
}

/** An unknown value has no series, rather than a stale or a made-up one. */
function setOrForget(
  gauge: { metric: Gauge; labels: SourceLabels },
  source: string,
  value: number | null,
): void {
  if (value === null) gauge.labels.forget(source);
  else gauge.metric.set(gauge.labels.of(source), value);
}
