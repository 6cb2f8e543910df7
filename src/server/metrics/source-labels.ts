/** The label sets one metric has for each source, so that they can be removed with it. */

/** The part of a prom-client metric that removes a series. */
interface Removable {
  remove(labels: Record<string, string>): void;
}

/**
 * Hands out the label set for a source and one more label's value, always the same object: no garbage per frame.
 * @param second name of the other label; null when `source` is the only one
 */
export class SourceLabels {
  readonly #metric: Removable;
  readonly #second: string | null;
  readonly #sources = new Map<string, Map<string, Record<string, string>>>();

  constructor(metric: Removable, second: string | null) {
    this.#metric = metric;
    this.#second = second;
  }

  of(source: string, value = ''): Record<string, string> {
    let sets = this.#sources.get(source);
    if (sets === undefined) this.#sources.set(source, (sets = new Map<string, Record<string, string>>()));
    let labels = sets.get(value);
    if (labels === undefined) {
      labels = this.#second === null ? { source } : { source, [this.#second]: value };
      sets.set(value, labels);
    }
    return labels;
  }

  /** Removes every series of the source. */
  forget(source: string): void {
    for (const labels of this.#sources.get(source)?.values() ?? []) {
      this.#metric.remove(labels);
    }
    this.#sources.delete(source);
  }
}
