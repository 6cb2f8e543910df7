/** Why a request was answered 429: the label of a metric. */

/**
 * `wrong-tokens` the address tried too many; `passphrases` too many are being checked at a time; the others are
 * {@link PublishingLimits}, by what was asked and whose measure was full.
 */
export type LimitReason =
  | 'wrong-tokens'
  | 'passphrases'
  | 'whip-post-address'
  | 'whip-post-token'
  | 'whip-patch-address'
  | 'whip-patch-token';
