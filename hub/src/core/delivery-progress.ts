/**
 * How far one stream has come: which sequence numbers were received, committed and acked.
 *
 * Owns these three numbers and their invariant, **acked ≤ committed ≤ received**, asserted after every change in one place.
 * Held per stream, not per socket: a device that reconnects goes on where its stream stands.
 */

/** What to do with a sequenced message: take it, ack it again, or refuse it. */
export type Arrival = 'new' | 'duplicate' | 'gap';

export class DeliveryProgress {
  received: number;
  committed: number;
  acked: number;

  /** A stream starts from what the store holds of it (DL-3): all of that may be acked. */
  constructor(committedSeq: number) {
    this.received = committedSeq;
    this.committed = committedSeq;
    this.acked = committedSeq;
  }

  /** Judges the range fromSeq…toSeq (one number for a batch) without changing anything. */
  classify(fromSeq: number, toSeq: number): Arrival {
    if (toSeq <= this.received) return 'duplicate';
    return fromSeq > this.received + 1 ? 'gap' : 'new';
  }

  advanceReceived(seq: number): void {
    this.received = seq;
    this.assertInvariant();
  }

  advanceCommitted(seq: number): void {
    this.committed = seq;
    this.assertInvariant();
  }

  advanceAcked(seq: number): void {
    this.acked = seq;
    this.assertInvariant();
  }

  /** What was not committed is forgotten: the device will send it again. */
  abandonUncommitted(): void {
    this.received = this.committed;
    this.assertInvariant();
  }

  private assertInvariant(): void {
    if (this.acked <= this.committed && this.committed <= this.received) return;
    throw new Error(
      `delivery invariant broken: acked ${this.acked}, committed ${this.committed}, received ${this.received}`,
    );
  }
}
