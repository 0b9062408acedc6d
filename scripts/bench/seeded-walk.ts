/**
 * The readings of one board, the same for everyone: per metric a walk on a 0.1 grid that moves about every fourth time. Owns the
 * state of its own generator (xorshift32), so that a seed gives the same walk anywhere.
 */
const moveShare = 0.27;

export class SeededWalk {
  /** Tenths. */
  readonly tenths: Int32Array;
  private state: number;

  constructor(seed: number, metrics: number) {
    this.state = Math.imul(seed + 1, 0x9e37_79b1) | 1;
    this.tenths = new Int32Array(metrics).map(() => 200 + Math.floor(this.draw() * 100));
  }

  step(): void {
    for (let m = 0; m < this.tenths.length; m++) {
      const drawn = this.draw();
      if (drawn < moveShare) this.tenths[m]! += drawn < moveShare / 2 ? -1 : 1;
    }
  }

  /** 0 ≤ x < 1. */
  private draw(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return (x >>> 0) / 2 ** 32;
  }
}
