/**
 * What was stored of messages that their senders may send again: a key of 64 bits for each, the newest so many.
 *
 * Owns two generations of an open-addressing table; when the younger is full the older is forgotten. A key is only looked up where
 * the sender says that it repeats itself (MQTT's DUP, a request's Idempotency-Key), so forgetting one costs at worst a double, and
 * keeping one costs nothing. Invariant: of the last `keysMax / 2` keys added, none is missing. Not for secrets.
 */
export const onceKeysMax = 262_144;

/** Two 32-bit words. Never both 0: that is an empty place in the table. */
export interface OnceKey {
  readonly high: number;
  readonly low: number;
}

export class OnceKeys {
  private young = new KeyTable();
  private old = new KeyTable();
  private readonly generationMax: number;

  /** `stored`: pairs of words, oldest first. */
  constructor(stored: Uint32Array = new Uint32Array(0), keysMax = onceKeysMax) {
    this.generationMax = Math.max(1, Math.floor(keysMax / 2));
    for (let at = 0; at + 1 < stored.length; at += 2) this.add({ high: stored[at]!, low: stored[at + 1]! });
  }

  size(): number {
    return this.young.count + this.old.count;
  }

  has(key: OnceKey): boolean {
    return this.young.has(key) || this.old.has(key);
  }

  add(key: OnceKey): void {
    if (this.young.count >= this.generationMax) {
      if (this.young.has(key)) return;
      this.old = this.young;
      this.young = new KeyTable();
    }
    this.young.add(key);
  }
}

const placesAtFirst = 1_024;

/** Linear probing, at most half full. */
class KeyTable {
  count = 0;
  private words = new Uint32Array(2 * placesAtFirst);

  has(key: OnceKey): boolean {
    const place = this.find(key);
    return this.words[2 * place] !== 0 || this.words[2 * place + 1] !== 0;
  }

  add(key: OnceKey): void {
    if (4 * (this.count + 1) > this.words.length) this.grow();
    const place = this.find(key);
    const isKnown = this.words[2 * place] !== 0 || this.words[2 * place + 1] !== 0;
    if (isKnown) return;
    this.words[2 * place] = key.high;
    this.words[2 * place + 1] = key.low;
    this.count += 1;
  }

  /** The place of the key, or the empty one where it belongs. */
  private find({ high, low }: OnceKey): number {
    const { words } = this;
    const mask = words.length / 2 - 1;
    let place = (low ^ (high >>> 7)) & mask;
    while (words[2 * place] !== high || words[2 * place + 1] !== low) {
      if (words[2 * place] === 0 && words[2 * place + 1] === 0) return place;
      place = (place + 1) & mask;
    }
    return place;
  }

  private grow(): void {
    const before = this.words;
    this.words = new Uint32Array(2 * before.length);
    this.count = 0;
    for (let at = 0; at < before.length; at += 2) {
      if (before[at] !== 0 || before[at + 1] !== 0) this.add({ high: before[at]!, low: before[at + 1]! });
    }
  }
}

/** The key of a message: who sent it, under which number or name of the sender's own, and what it said. */
export function makeOnceKey(texts: readonly string[], payload: Uint8Array): OnceKey {
  const maker = new OnceKeyMaker();
  for (const text of texts) maker.addText(text);
  return maker.finish(payload, 0, payload.length);
}

/** The same for whoever makes many: `start` goes back to where `mark` was called. */
export class OnceKeyMaker {
  private high = 0x9e3779b9 | 0;
  private low = 0x85ebca6b | 0;
  private markedHigh = this.high;
  private markedLow = this.low;

  mark(): void {
    this.markedHigh = this.high;
    this.markedLow = this.low;
  }

  start(): void {
    this.high = this.markedHigh;
    this.low = this.markedLow;
  }

  addText(text: string): void {
    let { high, low } = this;
    for (let i = 0; i < text.length; i++) {
      const char = text.charCodeAt(i);
      high = Math.imul(high ^ char, 0x85ebca77);
      low = Math.imul(low ^ char, 0x27d4eb2f) ^ (low >>> 15);
    }
    this.high = high;
    this.low = low;
    this.endText();
  }

  /** As its decimal digits; not negative, and below 2³¹. */
  addNumber(value: number): void {
    let unit = 1;
    while (value >= unit * 10) unit *= 10;
    for (let rest = value; unit >= 1; unit /= 10) {
      const digit = (rest / unit) | 0;
      this.high = Math.imul(this.high ^ (0x30 + digit), 0x85ebca77);
      this.low = Math.imul(this.low ^ (0x30 + digit), 0x27d4eb2f) ^ (this.low >>> 15);
      rest -= digit * unit;
    }
    this.endText();
  }

  finish(bytes: Uint8Array, from: number, to: number): OnceKey {
    let { high, low } = this;
    for (let i = from; i < to; i++) {
      const byte = bytes[i]!;
      high = Math.imul(high ^ byte, 0x85ebca77);
      low = Math.imul(low ^ byte, 0x27d4eb2f) ^ (low >>> 15);
    }
    high = scatter(high ^ (low >>> 13));
    low = scatter(low ^ Math.imul(high, 0x2c1b3c6d));
    return { high, low: high === 0 && low === 0 ? 1 : low };
  }

  /** The end of each text counts: "ab" and then "c" is not "a" and then "bc". */
  private endText(): void {
    this.high = Math.imul(this.high ^ 0x10001, 0x85ebca77);
    this.low = Math.imul(this.low ^ 0x10001, 0x27d4eb2f) ^ (this.low >>> 15);
  }
}

function scatter(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
