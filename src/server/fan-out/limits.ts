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
   * Most bytes of results held for one subscriber, the socket's own buffer included; and of other messages again. 1 MiB is 700 heatmaps of ten classes
   * or 20 with a preview, so a brief stall of one busy stream costs nothing.
   */
  maxQueuedBytes: number;
  /** An `alive` message each; and a ping at least as often, however little is sent. */
  aliveIntervalMs: number;
  /**
   * How often each subscriber is looked at: whether it reads (a ping, while results are sent), and what it missed
   * (`dropped` messages).
   */
  lookIntervalMs: number;
  /** A ping unanswered for this long: results wait, the newest of each stream, until the answer comes. */
  unreadHoldMs: number;
  /** A ping unanswered for this long: cut off. Longer than a minute, which a reader may well be busy with itself. */
  unreadCutMs: number;
  /** No byte taken for this long although some wait: closed with 1013, pongs or not. */
  stallMs: number;
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
  aliveIntervalMs: 15_000,
  lookIntervalMs: 1_000,
  unreadHoldMs: 2_000,
  unreadCutMs: 90_000,
  stallMs: 90_000,
  maxMalformed: 100,
  malformedWindowMs: 60_000,
  maxClientMessages: 300,
  clientMessageWindowMs: 10_000,
  snapshotMaxAgeMs: 2_000,
  closeGraceMs: 2_000,
};
