/** OpenTelemetry, where the operator has installed it; the server runs as well without. */

import type { Context, Span, Tracer } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { version } from '../installation.ts';

/** What making spans needs of OpenTelemetry. */
export interface Tracing {
  tracer: Tracer;
  /** A context in which new spans are children of this one. */
  within: (span: Span) => Context;
}

/**
 * The API alone: which SDK gets the spans is decided by whoever loads one before the server (`node --import`).
 * @returns null when @opentelemetry/api is not installed
 */
export async function loadTracing(version: string): Promise<Tracing | null> {
  try {
    const { context, trace } = await import('@opentelemetry/api');
    return {
      tracer: trace.getTracer('earsight', version),
      within: (span) => trace.setSpan(context.active(), span),
    };
  } catch {
    return null;
  }
}

/** What is asked for and can be had; null where nothing is traced. */
export async function openTracing({ sampleRatio }: Config['tracing'], log: Logger): Promise<Tracing | null> {
  if (sampleRatio === 0) return null;
  const loaded = await loadTracing(version);
  if (loaded === null) {
    log.warn(
      'tracing.sampleRatio is set, but @opentelemetry/api is not installed: nothing is traced. docs/operations.md says what to install.',
    );
  }
  return loaded;
}
