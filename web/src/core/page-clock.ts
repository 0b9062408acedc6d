/**
 * The page's now: the hub's time while live, one instant while paused, and an instant of the past that may play on while rewound.
 * Every chart, status and age asks it.
 *
 * Owns the mode. Invariants: the page's now is never after the hub's; playing that reaches the hub's now is live again.
 * `paused` holds the charts still and nothing else: statuses and newest values stay the present's. `rewound` is the whole page:
 * statuses and newest values are then those of `nowMs()`, out of history. Refuses to read a clock: the hub's time is an argument.
 */
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals-core';

export type ClockMode = 'live' | 'paused' | 'rewound';

export type ClockState =
  | { readonly mode: 'live' }
  | { readonly mode: 'paused'; readonly atMs: number }
  | {
      readonly mode: 'rewound';
      /** The page's now when the hub's was `sinceMs`. */
      readonly atMs: number;
      readonly sinceMs: number;
      /** Seconds of the page per second of the hub; 0 stands still. */
      readonly speed: number;
    };

const live: ClockState = { mode: 'live' };

export class PageClock {
  /** Changes with what somebody did, never with time passing. */
  readonly state: Signal<ClockState> = signal<ClockState>(live);
  readonly mode: ReadonlySignal<ClockMode> = computed(() => this.state.value.mode);
  private readonly nowHubMs: () => number;

  constructor(nowHubMs: () => number) {
    this.nowHubMs = nowHubMs;
  }

  /** Hub time, in milliseconds with a fraction. Cheap: asked in every frame. */
  nowMs(): number {
    const state = this.state.peek();
    const hubMs = this.nowHubMs();
    if (state.mode === 'live') return hubMs;
    if (state.mode === 'paused') return Math.min(state.atMs, hubMs);
    return Math.min(hubMs, state.atMs + Math.max(0, hubMs - state.sinceMs) * state.speed);
  }

  /** What statuses and ages go by: the past while rewound, else the present, whether charts are held or not. */
  presentMs(): number {
    return this.state.peek().mode === 'rewound' ? this.nowMs() : this.nowHubMs();
  }

  goLive(): void {
    if (this.state.peek().mode !== 'live') this.state.value = live;
  }

  pause(atMs: number): void {
    this.state.value = { mode: 'paused', atMs };
  }

  /** Sets the whole page to `atMs`, to stand still there or to play on from it. */
  rewind(atMs: number, speed = 0): void {
    const sinceMs = this.nowHubMs();
    this.state.value = { mode: 'rewound', atMs: Math.min(atMs, sinceMs), sinceMs, speed: Math.max(0, speed) };
  }

  /** Plays on, or stands still, from where the page is; only while rewound. */
  setSpeed(speed: number): void {
    if (this.state.peek().mode === 'rewound') this.rewind(this.nowMs(), speed);
  }

  /** Call now and then: what has played up to the present is live again. */
  settle(): void {
    const state = this.state.peek();
    if (state.mode === 'rewound' && state.speed > 0 && this.nowMs() >= this.nowHubMs()) this.goLive();
  }
}
