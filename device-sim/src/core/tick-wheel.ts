/**
 * One hashed timer wheel for everything that waits: samples, back-off and heartbeats of ten thousand boards cost one timer.
 *
 * Owns, per id, at most one due time. Invariant: an id is in exactly the slot of its due time or in none. Refuses to read a
 * clock: `advanceTo` is told the time. Firing is late by at most one slot, never early.
 */
export interface TickWheelOptions {
  readonly slotMs: number;
  /** Ids are 0…idsMax − 1. */
  readonly idsMax: number;
  readonly nowMs: number;
}

const slotCount = 2048;
const none = -1;

export class TickWheel {
  readonly slotMs: number;
  private readonly heads = new Int32Array(slotCount).fill(none);
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly dueMs: Float64Array;
  private tick: number;
  private due: number[] = [];

  constructor(options: TickWheelOptions) {
    this.slotMs = options.slotMs;
    this.next = new Int32Array(options.idsMax).fill(none);
    this.previous = new Int32Array(options.idsMax).fill(none);
    this.dueMs = new Float64Array(options.idsMax).fill(Number.NaN);
    this.tick = Math.floor(options.nowMs / this.slotMs);
  }

  /** When `id` fires next; NaN when it does not. */
  dueOf(id: number): number {
    return this.dueMs[id]!;
  }

  schedule(id: number, atMs: number): void {
    this.cancel(id);
    this.dueMs[id] = atMs;
    const slot = this.slotOf(atMs);
    const head = this.heads[slot]!;
    this.next[id] = head;
    this.previous[id] = none;
    if (head !== none) this.previous[head] = id;
    this.heads[slot] = id;
  }

  cancel(id: number): void {
    const atMs = this.dueMs[id]!;
    if (Number.isNaN(atMs)) return;
    const before = this.previous[id]!;
    const after = this.next[id]!;
    if (before === none) this.heads[this.slotOf(atMs)] = after;
    else this.next[before] = after;
    if (after !== none) this.previous[after] = before;
    this.dueMs[id] = Number.NaN;
  }

  /** Fires every id that is due at `nowMs`, a slot at a time in order. An id may schedule itself and others while it fires. */
  advanceTo(nowMs: number, fire: (id: number, dueMs: number) => void): void {
    const target = Math.floor(nowMs / this.slotMs);
    // After a long stop (a laptop asleep) one turn of the wheel meets every slot.
    let tick = Math.max(this.tick, target - slotCount + 1);
    for (; tick <= target; tick++) {
      this.tick = tick;
      this.fireSlot(((tick % slotCount) + slotCount) % slotCount, nowMs, fire);
    }
  }

  /** A time not after the earliest due one, where to advance next; NaN when nothing waits. */
  nextDueMs(): number {
    let later = false;
    for (let step = 0; step < slotCount; step++) {
      const tick = this.tick + step;
      const head = this.heads[((tick % slotCount) + slotCount) % slotCount]!;
      if (head === none) continue;
      // The slot being looked at may hold what is overdue or due within it, but also what a later round brings.
      if (step > 0) return (tick + 1) * this.slotMs;
      const earliestMs = this.earliestFrom(head);
      if (earliestMs < (tick + 1) * this.slotMs) return earliestMs;
      later = true;
    }
    return later ? (this.tick + slotCount) * this.slotMs : Number.NaN;
  }

  private earliestFrom(head: number): number {
    let earliestMs = Number.POSITIVE_INFINITY;
    for (let id = head; id !== none; id = this.next[id]!) earliestMs = Math.min(earliestMs, this.dueMs[id]!);
    return earliestMs;
  }

  private slotOf(atMs: number): number {
    // What is overdue already goes into the slot that is looked at next.
    const tick = Math.max(Math.floor(atMs / this.slotMs), this.tick);
    return ((tick % slotCount) + slotCount) % slotCount;
  }

  private fireSlot(slot: number, nowMs: number, fire: (id: number, dueMs: number) => void): void {
    const due = this.due;
    due.length = 0;
    for (let id = this.heads[slot]!; id !== none; id = this.next[id]!) {
      if (this.dueMs[id]! <= nowMs) due.push(id);
    }
    if (due.length === 0) return;
    this.due = [];
    for (const id of due) {
      const atMs = this.dueMs[id]!;
      // An earlier one of this slot may have cancelled or moved it.
      if (!(atMs <= nowMs)) continue;
      this.cancel(id);
      fire(id, atMs);
    }
    this.due = due;
  }
}
