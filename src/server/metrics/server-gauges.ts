/** Figures that the server holds by itself and that are looked at when somebody scrapes. */

import { Gauge, type Registry } from 'prom-client';
import { memoryParts } from './memory-parts.ts';

/** Filled in by server.ts. Every method returns at once. */
export interface ServerFigures {
  version: string;
  model: string;
  engine: string;
  isReady(): boolean;
  workers(): { live: number; all: number };
  /** Bytes that wait for slow subscribers. */
  queuedBytes(): number;
  /** Whether the streams that the API added would survive a restart. */
  isKept(): boolean;
  /** When the certificate in use ends, in milliseconds since 1970; null for as long as the server lives: there is none. */
  certificateExpiryMs(): number | null;
  /** Settings of the configuration that are not in force yet. */
  waitsForRestart(): readonly string[];
}

export function addServerGauges(registry: Registry, figures: ServerFigures): void {
  const { version, model, engine } = figures;
  new Gauge({
    name: 'earsight_info',
    help: 'Always 1: what runs here.',
    labelNames: ['version', 'model', 'engine'],
    registers: [registry],
  }).set({ version, model, engine }, 1);

  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name: `earsight_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  };
  gauge('ready', '1 while the model is warm and the server takes work.', () => Number(figures.isReady()));
  gauge('subscriber_queue_bytes', 'Bytes that wait for slow subscribers.', () => figures.queuedBytes());
  gauge('stream_store_sound', '1 while the streams that the API added would survive a restart.', () =>
    Number(figures.isKept()),
  );
  if (figures.certificateExpiryMs() !== null) {
    gauge(
      'tls_certificate_expiry_timestamp_seconds',
      'When the certificate in use ends, in seconds since 1970.',
      () => (figures.certificateExpiryMs() ?? 0) / 1000,
    );
  }
  new Gauge({
    name: 'earsight_config_waits_for_restart',
    help: '1 for each setting of the configuration that is not in force before a restart.',
    labelNames: ['setting'],
    registers: [registry],
    collect() {
      this.reset();
      for (const setting of figures.waitsForRestart()) this.set({ setting }, 1);
    },
  });
  new Gauge({
    name: 'earsight_engine_workers',
    help: 'Workers of the model, by whether they are up or being replaced.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { live, all } = figures.workers();
      this.set({ state: 'live' }, live);
      this.set({ state: 'lost' }, all - live);
    },
  });
  new Gauge({
    name: 'earsight_memory_bytes',
    help: 'Memory by part; media_processes are the children that receive and decode.',
    labelNames: ['part'],
    registers: [registry],
    collect() {
      for (const [part, bytes] of Object.entries(memoryParts())) this.set({ part }, bytes);
    },
  });
}
