/** How this viewer likes the overlay; remembered in the browser where it lets us. */

import { effect, signal } from '@preact/signals';

export interface ViewSettings {
  /** Names of classes whose heat is not drawn. Names, not indices, outlive a change of model. */
  hiddenClasses: string[];
  /** Alpha of the surest heat, 0..1. */
  opacity: number;
  /** Heat below it is not drawn, 0..1. */
  threshold: number;
  /** Name and probability beside each peak. */
  labels: boolean;
  /** A thin line around each hot region. */
  outlines: boolean;
}

export const DEFAULT_SETTINGS: ViewSettings = {
  hiddenClasses: [],
  opacity: 0.85,
  threshold: 0.1,
  labels: true,
  outlines: true,
};

const STORAGE_KEY = 'earsight.view.v1';

export const settings = signal<ViewSettings>(parseSettings(read()));

/** Writes every change back; call once. */
export function rememberSettings(): void {
  effect(() => {
    write(JSON.stringify(settings.value));
  });
}

export function changeSettings(change: Partial<ViewSettings>): void {
  settings.value = { ...settings.peek(), ...change };
}

export function toggleClass(name: string): void {
  const { hiddenClasses } = settings.peek();
  changeSettings({
    hiddenClasses: hiddenClasses.includes(name)
      ? hiddenClasses.filter((hidden) => hidden !== name)
      : [...hiddenClasses, name],
  });
}

/** Takes what is usable of a stored text, field by field; anything else falls back to its default. */
export function parseSettings(text: string | null): ViewSettings {
  let stored: Partial<Record<keyof ViewSettings, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(text ?? '{}');
    if (typeof parsed === 'object' && parsed !== null) stored = parsed;
  } catch {
    // Not ours or cut short: the defaults stand.
  }
  const ratio = (value: unknown, otherwise: number): number =>
    typeof value === 'number' && value >= 0 && value <= 1 ? value : otherwise;
  const flag = (value: unknown, otherwise: boolean): boolean =>
    typeof value === 'boolean' ? value : otherwise;
  return {
    hiddenClasses: Array.isArray(stored.hiddenClasses)
      ? stored.hiddenClasses.filter((name) => typeof name === 'string')
      : DEFAULT_SETTINGS.hiddenClasses,
    opacity: ratio(stored.opacity, DEFAULT_SETTINGS.opacity),
    threshold: ratio(stored.threshold, DEFAULT_SETTINGS.threshold),
    labels: flag(stored.labels, DEFAULT_SETTINGS.labels),
    outlines: flag(stored.outlines, DEFAULT_SETTINGS.outlines),
  };
}

// Storage throws where the browser forbids it (private windows, blocked cookies); then nothing is remembered.
function read(): string | null {
  try {
    return globalThis.localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

function write(text: string): void {
  try {
    globalThis.localStorage.setItem(STORAGE_KEY, text);
  } catch {
    // As above.
  }
}
