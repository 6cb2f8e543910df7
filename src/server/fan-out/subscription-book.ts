/** What one connection has asked for: streams by name, `*` for all, and what it took out of `*` again. */

import type { ClassInfo, ClientMessage } from '../../protocol/messages.ts';
import { resolveSettings, type Settings } from './settings.ts';

export const EVERY_STREAM = '*';

export class SubscriptionBook {
  readonly #classes: readonly ClassInfo[];
  readonly #named = new Map<string, Settings>();
  readonly #excluded = new Set<string>();
  #every: Settings | null = null;

  constructor(classes: readonly ClassInfo[]) {
    this.#classes = classes;
  }

  /** Settings that hold for the stream, whether or not it exists; null when it is not subscribed. */
  settingsOf(streamId: string): Settings | null {
    return this.#named.get(streamId) ?? (this.#excluded.has(streamId) ? null : this.#every);
  }

  /** How many names the book would hold after `message`: the bound on what a client can make the server keep. */
  sizeAfter(message: ClientMessage): number {
    const names = new Set([...this.#named.keys(), ...this.#excluded, ...(message.streams ?? [])]);
    names.delete(EVERY_STREAM);
    return names.size;
  }

  /** Names in `message` that are not subscribed, which `configure` cannot change. */
  unsubscribedIn(message: ClientMessage): string[] {
    return (message.streams ?? []).filter((id) =>
      id === EVERY_STREAM ? this.#every === null : this.settingsOf(id) === null,
    );
  }

  apply(message: ClientMessage): void {
    switch (message.type) {
      case 'subscribe':
        for (const id of message.streams) this.#set(id, resolveSettings(message, this.#classes, null));
        return;
      case 'unsubscribe':
        for (const id of message.streams) this.#delete(id);
        return;
      case 'configure':
        for (const id of message.streams ?? this.#all()) {
          const base = id === EVERY_STREAM ? this.#every : this.settingsOf(id);
          if (base !== null) this.#set(id, resolveSettings(message, this.#classes, base));
        }
    }
  }

  #all(): string[] {
    return [...this.#named.keys(), ...(this.#every === null ? [] : [EVERY_STREAM])];
  }

  #set(id: string, settings: Settings): void {
    if (id === EVERY_STREAM) {
      this.#every = settings;
    } else {
      this.#named.set(id, settings);
      this.#excluded.delete(id);
    }
  }

  #delete(id: string): void {
    if (id === EVERY_STREAM) {
      this.#every = null;
      this.#named.clear();
      this.#excluded.clear();
    } else {
      this.#named.delete(id);
      if (this.#every !== null) this.#excluded.add(id);
    }
  }
}
