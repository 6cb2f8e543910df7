/** What a subscriber wants of a stream, with defaults filled in and classes as model indices. */

import type { ClassInfo, SubscriptionSettings } from '../../protocol/messages.ts';

export interface Settings {
  /** Model indices, ascending; null for all. */
  readonly classes: readonly number[] | null;
  readonly maxRateHz: number | null;
  readonly preview: boolean;
  /** Classes heard with less are left out, 0..1. */
  readonly minimumProbability: number;
  /** Equal for settings that give equal bytes (the rate does not matter). */
  readonly variant: string;
}

/** Class names that the model does not have. */
export function unknownClasses(asked: SubscriptionSettings, known: readonly ClassInfo[]): string[] {
  return (asked.classes ?? []).filter((name) => !known.some((one) => one.name === name));
}

/** `asked` over `base`; a field left out keeps the base's value, or the default without a base. */
export function resolveSettings(
  asked: SubscriptionSettings,
  known: readonly ClassInfo[],
  base: Settings | null,
): Settings {
  const classes =
    asked.classes === undefined
      ? (base?.classes ?? null)
      : asked.classes && known.filter(({ name }) => asked.classes?.includes(name)).map(({ index }) => index);
  const maxRateHz = asked.maxRateHz === undefined ? (base?.maxRateHz ?? null) : asked.maxRateHz;
  const preview = asked.preview === undefined ? (base?.preview ?? false) : asked.preview === 'jpeg';
  const minimumProbability = asked.minimumProbability ?? base?.minimumProbability ?? 0;
  const variant = `${classes?.join(',') ?? '*'}|${preview ? 'jpeg' : 'none'}|${minimumProbability}`;
  return { classes, maxRateHz, preview, minimumProbability, variant };
}
