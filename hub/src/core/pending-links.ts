/**
 * How many connections of one address have not said yet who they are.
 *
 * Owns the counts; an address without any costs nothing. It refuses the one too many, so that one machine without a credential cannot
 * take the places of all. Who has a credential is not counted.
 */
export class PendingLinks {
  private readonly counts = new Map<string, number>();
  private readonly perAddressMax: number;

  constructor(perAddressMax: number) {
    this.perAddressMax = perAddressMax;
  }

  /** Null: one too many. Else to be called when it is known or gone; more often does no harm. */
  enter(address: string): (() => void) | null {
    const count = this.counts.get(address) ?? 0;
    if (count >= this.perAddressMax) return null;
    this.counts.set(address, count + 1);
    let isHere = true;
    return () => {
      if (!isHere) return;
      isHere = false;
      const left = this.counts.get(address)! - 1;
      if (left === 0) this.counts.delete(address);
      else this.counts.set(address, left);
    };
  }

  get addresses(): number {
    return this.counts.size;
  }
}
