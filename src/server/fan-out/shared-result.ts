/** One result, encoded at most once for each variant that some subscriber wants. */

import { encodeBinary } from '../../protocol/binary.ts';
import type { HeatmapMessage } from '../../protocol/messages.ts';
import { type Payload, textPayload } from './payload.ts';
import type { Settings } from './settings.ts';

export type Encoding = 'binary' | 'json';

export class SharedResult {
  /** Rises with every publication, over all streams; tells a late preview from a newer result. */
  readonly order: number;
  readonly #message: HeatmapMessage;
  readonly #payloads = new Map<string, Payload>();

  /** @param message - all classes, with the preview where there is one. Not changed. */
  constructor(order: number, message: HeatmapMessage) {
    this.order = order;
    this.#message = message;
  }

  encode(encoding: Encoding, settings: Settings): Payload {
    const key = `${encoding}|${settings.variant}`;
    let payload = this.#payloads.get(key);
    if (payload === undefined) {
      const message = tailored(this.#message, settings);
      payload = encoding === 'json' ? textPayload(message) : { data: encodeBinary(message), binary: true };
      this.#payloads.set(key, payload);
    }
    return payload;
  }
}

/** The message with only what the settings ask for. */
function tailored(message: HeatmapMessage, settings: Settings): HeatmapMessage {
  const { classes, minimumProbability, preview } = settings;
  return {
    ...message,
    classes: message.classes.filter(
      (one) => one.heard >= minimumProbability && (classes === null || classes.includes(one.index)),
    ),
    preview: preview ? message.preview : null,
  };
}
