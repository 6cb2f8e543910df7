/** Every bound of the heatmap WebSocket. The ones a client must know are also in `hello`. */

export interface FanOutLimits {
  /** Connections at once; one more is closed with 1013. */
  maxSubscribers: number;
  /** Connections at once of one holder of a token ({@link Sight.holder}); one more is closed with 1013. */
  maxPerHolder: number;
  /** Longest client message; a longer one closes the connection with 1009. */
  maxMessageBytes: number;
  /** Stream names one connection may hold, unknown ones included. */
  maxStreams: number;
  /** Most results a second of one stream that a subscriber is sent, however many it asks for. */
  maxRateHz: number;
  /**
   * Most bytes held for one subscriber, the socket's own buffer included. 1 MiB is 700 heatmaps of ten classes
   * or 20 with a preview, so a brief stall of one busy stream costs nothing.
   */
  maxQueuedBytes: number;
  /** A ping and an `alive` message each; who has not answered the last ping is cut off. */
  pingIntervalMs: number;
  /** No byte taken for this long although some wait: closed with 1013, pongs or not. */
  stallMs: number;
  /** `dropped` messages come no more often than this. */
  dropReportMs: number;
  /** Each malformed message is answered; the last of this many within the window closes with 1008. */
  maxMalformed: number;
  malformedWindowMs: number;
  /** More client messages than this within the window close with 1008. */
  maxClientMessages: number;
  clientMessageWindowMs: number;
  /** A new subscriber gets the last result at once if it is no older than this. */
  snapshotMaxAgeMs: number;
  /** How long `close` waits for the other side before it cuts the connection. */
  closeGraceMs: number;
}

export const DEFAULT_LIMITS: FanOutLimits = {
  maxSubscribers: 1000,
  maxPerHolder: 500,
  maxMessageBytes: 16 * 1024,
  maxStreams: 256,
  maxRateHz: 60,
  maxQueuedBytes: 1024 * 1024,
  pingIntervalMs: 15_000,
  stallMs: 60_000,
  dropReportMs: 1_000,
  maxMalformed: 100,
  malformedWindowMs: 60_000,
  maxClientMessages: 300,
  clientMessageWindowMs: 10_000,
  snapshotMaxAgeMs: 2_000,
  closeGraceMs: 2_000,
};
