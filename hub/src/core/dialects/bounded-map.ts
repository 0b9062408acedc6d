/**
 * A map that never holds more than its bound: what was used longest ago makes room.
 *
 * Readers keep all they must remember in such maps, so that a sender of endless new topics costs a fixed amount of memory and
 * pushes out nobody who speaks now and then.
 */
export class BoundedMap<Key, Value> {
  readonly #entriesMax: number;
  readonly #entries = new Map<Key, Value>();

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  /** The value, which is now the one used last. */
  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** Returns what had to make room. */
  set(key: Key, value: Value): Value | undefined {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#entriesMax) return undefined;
    for (const [oldest, old] of this.#entries) {
      this.#entries.delete(oldest);
      return old;
    }
    return undefined;
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }

  /** The value of `key`, made when there is none. */
  open(key: Key, make: () => Value): Value {
    const known = this.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.set(key, made);
    return made;
  }

  values(): IterableIterator<Value> {
    return this.#entries.values();
  }

  entries(): IterableIterator<[Key, Value]> {
    return this.#entries.entries();
  }
}
