/**
 * Who waits to hear that what was delivered is committed: an entry for each delivery, answered in the order in which they came.
 *
 * Owns the entries. Invariant: each is answered once; `ok` only when all its frames are committed. It asks nobody and appends nothing.
 */
import type { StreamState } from './device-roster.ts';
import { type ForeignDone, type ForeignOutcome, otherContent, storedBefore } from './foreign-outcome.ts';
import type { OnceKey, OnceKeys } from './once-keys.ts';
import type { StreamKey } from './ports.ts';

export interface WaitingDelivery {
  readonly streams: readonly StreamState[];
  readonly seqs: readonly number[];
  readonly onces: readonly OnceKey[];
  readonly outcome: ForeignOutcome;
  readonly dones: ForeignDone[];
  isAbandoned: boolean;
}

export class ForeignAnswers {
  /** In order; `head` is the first that is not answered. */
  private waiting: WaitingDelivery[] = [];
  private head = 0;
  private answered = 0;
  /** Not committed yet, by their keys as numbers: of the first `indexed`. Nobody asks before somebody repeats himself. */
  private readonly inFlight = new Map<number, WaitingDelivery>();
  private indexed = 0;
  private readonly onceKeys: OnceKeys;
  private readonly makeRefusal: () => ForeignOutcome;

  constructor(onceKeys: OnceKeys, makeRefusal: () => ForeignOutcome) {
    this.onceKeys = onceKeys;
    this.makeRefusal = makeRefusal;
  }

  count(): number {
    return this.waiting.length - this.head;
  }

  /** How many there were so far, answered or not. */
  get added(): number {
    return this.answered + this.count();
  }

  /** Whether the first so many are answered. */
  areAnswered(first: number): boolean {
    return this.answered >= first;
  }

  add(entry: WaitingDelivery): void {
    this.waiting.push(entry);
  }

  /** True: it is stored, or being stored, already; and `done` is or will be told. `content` tells one that only has its name. */
  join(once: OnceKey, content: OnceKey | undefined, done: ForeignDone | null): boolean {
    this.index();
    const earlier = this.inFlight.get(numberOf(once));
    if (earlier !== undefined && !earlier.isAbandoned) {
      if (content !== undefined && !earlier.onces.some((one) => one.high === content.high && one.low === content.low)) {
        done?.(otherContent);
      } else if (done !== null) earlier.dones.push(done);
      return true;
    }
    if (!this.onceKeys.has(once)) return false;
    if (content !== undefined && !this.onceKeys.has(content)) {
      done?.(otherContent);
      return true;
    }
    done?.(storedBefore);
    return true;
  }

  /** What is queued of these streams will not be committed. */
  abandon(streams: readonly StreamKey[]): void {
    const dropped = new Set(streams);
    for (let i = this.head; i < this.waiting.length; i++) {
      const entry = this.waiting[i]!;
      // Each stands behind what its stream has committed, so what is dropped of a stream is dropped of all that waits for it.
      if (entry.streams.some((stream, k) => dropped.has(stream.key) && entry.seqs[k]! > stream.progress.committed)) {
        entry.isAbandoned = true;
      }
    }
  }

  settle(): void {
    while (this.head < this.waiting.length) {
      const entry = this.waiting[this.head]!;
      if (!entry.isAbandoned && !isCommitted(entry)) break;
      this.head += 1;
      this.answered += 1;
      this.answer(entry);
    }
    if (this.head === this.waiting.length) this.waiting = [];
    else if (this.head > 1_024 && this.head > this.waiting.length / 2) this.waiting = this.waiting.slice(this.head);
    else return;
    this.head = 0;
  }

  private index(): void {
    for (let i = this.head + Math.max(0, this.indexed - this.answered); i < this.waiting.length; i++) {
      const entry = this.waiting[i]!;
      for (const once of entry.onces) this.inFlight.set(numberOf(once), entry);
    }
    this.indexed = this.added;
  }

  private answer(entry: WaitingDelivery): void {
    for (const once of entry.onces) {
      if (this.inFlight.size > 0) {
        const number = numberOf(once);
        if (this.inFlight.get(number) === entry) this.inFlight.delete(number);
      }
      if (!entry.isAbandoned && entry.streams.length > 0) this.onceKeys.add(once);
    }
    for (const stream of entry.streams) {
      const { progress } = stream;
      if (progress.acked < progress.committed) progress.advanceAcked(progress.committed);
    }
    const outcome = entry.isAbandoned ? this.makeRefusal() : entry.outcome;
    for (const done of entry.dones) done(outcome);
  }
}

function isCommitted({ streams, seqs }: WaitingDelivery): boolean {
  for (let i = streams.length - 1; i >= 0; i--) if (streams[i]!.progress.committed < seqs[i]!) return false;
  return true;
}

/** 53 of its 64 bits: of what is in flight at one time no two are alike. */
function numberOf({ high, low }: OnceKey): number {
  return (high >>> 11) * 2 ** 32 + low;
}
