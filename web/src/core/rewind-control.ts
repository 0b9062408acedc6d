/**
 * What somebody can do with the page's past: go to an instant, play it, step, change the speed, come back to live.
 *
 * Owns the chosen speed, how long a stretch the scrubber spans, and how the fetching goes. The page's clock owns the instant itself.
 */
import { type Signal, signal } from '@preact/signals-core';
import type { PageClock } from './page-clock.ts';

export const rewindSpeeds = [1, 5, 10, 60] as const;
export const rewindSpans = [
  { label: '1 h', spoken: 'one hour', spanMs: 3_600_000 },
  { label: '24 h', spoken: 'one day', spanMs: 86_400_000 },
  { label: '7 d', spoken: 'seven days', spanMs: 7 * 86_400_000 },
  { label: '30 d', spoken: 'thirty days', spanMs: 30 * 86_400_000 },
] as const;

export type FilmLoad =
  | { readonly kind: 'ready' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly message: string };

/** Where the first press of the button goes: what just happened. */
const firstBackMs = 60_000;

export class RewindControl {
  readonly load: Signal<FilmLoad> = signal<FilmLoad>({ kind: 'ready' });
  readonly speed: Signal<number> = signal(1);
  /** Somebody wants it to play; the clock may stand still meanwhile, where the past is still on its way. */
  readonly playing: Signal<boolean> = signal(false);
  readonly spanMs: Signal<number> = signal<number>(rewindSpans[0].spanMs);
  private readonly clock: PageClock;
  private readonly nowHubMs: () => number;

  constructor(clock: PageClock, nowHubMs: () => number) {
    this.clock = clock;
    this.nowHubMs = nowHubMs;
  }

  get isRewound(): boolean {
    return this.clock.mode.peek() === 'rewound';
  }

  /** Into the past, a minute back; from charts that are held still, to where they end. */
  enter(): void {
    if (this.isRewound) return;
    const state = this.clock.state.peek();
    this.seek(state.mode === 'paused' ? state.atMs : this.nowHubMs() - firstBackMs);
  }
  backToLive(): void {
    this.playing.value = false;
    if (this.isRewound) this.clock.goLive();
  }

  /** Plays on from there if it was playing. */
  seek(atMs: number): void {
    const nowMs = this.nowHubMs();
    const to = Math.max(0, Math.min(atMs, nowMs));
    while (this.spanMs.peek() < nowMs - to && widen(this.spanMs));
    this.clock.rewind(to, this.playing.peek() ? this.speed.peek() : 0);
  }
  step(byMs: number): void {
    if (!this.isRewound) return;
    const to = this.clock.nowMs() + byMs;
    if (to >= this.nowHubMs()) this.backToLive();
    else this.seek(to);
  }
  togglePlay(): void {
    if (!this.isRewound) return;
    this.playing.value = !this.playing.peek();
    this.clock.setSpeed(this.playing.peek() ? this.speed.peek() : 0);
  }
  setSpeed(speed: number): void {
    this.speed.value = speed;
    if (this.playing.peek()) this.clock.setSpeed(speed);
  }
  /** One faster, or one slower. */
  shiftSpeed(by: number): void {
    const at = rewindSpeeds.indexOf(this.speed.peek() as (typeof rewindSpeeds)[number]);
    this.setSpeed(rewindSpeeds[Math.max(0, Math.min(rewindSpeeds.length - 1, at + by))]!);
  }
}

function widen(spanMs: Signal<number>): boolean {
  const next = rewindSpans.find((span) => span.spanMs > spanMs.peek());
  if (next !== undefined) spanMs.value = next.spanMs;
  return next !== undefined;
}
