/**
 * Lets the hub sleep through a moment in which frames come one by one, and take them together, as a network card does with its
 * interrupts. Woken for every frame, the process spends as much on being woken as on the frame (`npm run bench -- live`).
 *
 * Owns the beat: its start, and the frames in it. *Invariant:* a beat is as long as the feed's own pause between two flushes, and the
 * flush comes before the rest: what waits in the kernel meanwhile is shown no later than if it had waited here. Never rests while
 * somebody waits for an answer (a request, an Ack that was asked for), while frames are few, or while there is more to do than time.
 */
import { type FeedPump, flushMsMin } from './feed-pump.ts';

/** Fewer in a beat are taken as they come: below 400 a second there is little to save. */
const framesMin = 3;
/** Who asked for something soon asks for more. */
const awakeMs = 100;

export interface RhythmParts {
  readonly pump: Pick<FeedPump, 'hold' | 'release'>;
  readonly nowMs: () => number;
  /** Blocks the thread. */
  readonly sleep: (ms: number) => void;
  /** Calls back when all that has come by now was read. */
  readonly defer: (callback: () => void) => void;
}

export class IntakeRhythm {
  private readonly parts: RhythmParts;
  private beatStartMs = Number.NEGATIVE_INFINITY;
  private frames = 0;
  private isTurnOpen = false;
  private hasRested = false;
  private awakeUntilMs = Number.NEGATIVE_INFINITY;

  constructor(parts: RhythmParts) {
    this.parts = parts;
  }

  /** Of this thread. */
  static ofThread(pump: FeedPump): IntakeRhythm {
    return new IntakeRhythm({ pump, nowMs: () => performance.now(), sleep: sleepThread, defer: setImmediate });
  }

  /** Somebody waits for an answer. */
  readonly stayAwake = (): void => {
    this.awakeUntilMs = this.parts.nowMs() + awakeMs;
  };

  /** Call with every frame of a device, before it is taken. */
  noteFrame(): void {
    this.frames += 1;
    if (this.isTurnOpen) return;
    const { pump, nowMs, defer } = this.parts;
    const now = nowMs();
    if (now - this.beatStartMs >= flushMsMin) {
      this.beatStartMs = now;
      this.frames = 1;
    }
    if ((this.frames < framesMin && !this.hasRested) || now < this.awakeUntilMs) return;
    this.isTurnOpen = true;
    pump.hold();
    defer(this.endTurn);
  }

  private readonly endTurn = (): void => {
    const { pump, nowMs, sleep } = this.parts;
    this.isTurnOpen = false;
    pump.release();
    const now = nowMs();
    const restMs = this.beatStartMs + flushMsMin - now;
    this.hasRested = this.frames >= framesMin && restMs >= 1 && now >= this.awakeUntilMs;
    if (this.hasRested) sleep(restMs);
  };
}

const neverChanges = new Int32Array(new SharedArrayBuffer(4));

function sleepThread(ms: number): void {
  Atomics.wait(neverChanges, 0, 0, ms);
}
