/**
 * What one link has sent and not seen acked: last sequence number and time of sending of each message, oldest first.
 *
 * Owns two growing rings of numbers; a board at 1 Hz needs eight places, so ten thousand links cost next to nothing.
 */
export class SentLedger {
  count = 0;
  private seqs = new Float64Array(8);
  private sentMs = new Float64Array(8);
  private head = 0;

  push(seq: number, nowMs: number): void {
    if (this.count === this.seqs.length) this.grow();
    const at = (this.head + this.count) & (this.seqs.length - 1);
    this.seqs[at] = seq;
    this.sentMs[at] = nowMs;
    this.count += 1;
  }

  /** Takes out every message up to `seq`, telling the time each was sent. */
  takeThrough(seq: number, tell: (sentMs: number) => void): void {
    while (this.count > 0 && this.seqs[this.head]! <= seq) {
      tell(this.sentMs[this.head]!);
      this.head = (this.head + 1) & (this.seqs.length - 1);
      this.count -= 1;
    }
  }

  clear(): void {
    this.head = 0;
    this.count = 0;
  }

  private grow(): void {
    const size = this.seqs.length;
    const seqs = new Float64Array(size * 2);
    const sentMs = new Float64Array(size * 2);
    for (let i = 0; i < this.count; i++) {
      seqs[i] = this.seqs[(this.head + i) & (size - 1)]!;
      sentMs[i] = this.sentMs[(this.head + i) & (size - 1)]!;
    }
    this.seqs = seqs;
    this.sentMs = sentMs;
    this.head = 0;
  }
}
