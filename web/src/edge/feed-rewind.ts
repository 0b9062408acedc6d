/**
 * Plays the past into the page while its clock is rewound: fetches films ahead, and holds the clock where none has come yet.
 *
 * Owns one request and the reel. Invariants: while the page is rewound the live feed is not watched, and what of it is still on its
 * way is dropped; coming back to live the feed is asked anew, which answers with everything as it stands, so there is no hole.
 */
import { effect } from '@preact/signals-core';
import type { AppModel } from '../core/app-model.ts';
import { setPast } from '../core/feed-state.ts';
import type { PageClock } from '../core/page-clock.ts';
import type { RewindControl } from '../core/rewind-control.ts';
import { RewindReel } from '../core/rewind-reel.ts';
import { sparkBucketMs } from '../core/spark-book.ts';
import type { HubClient } from './hub-client.ts';

export interface RewindParts {
  readonly model: AppModel;
  readonly hub: HubClient;
  readonly clock: PageClock;
  readonly control: RewindControl;
  readonly nowHubMs: () => number;
  readonly loadFleet: () => void;
  /** Stops or goes on watching the live feed. */
  readonly holdFeed: (isHeld: boolean) => void;
}

/** Fast play leaves sparklines too few readings: history fills them this often. */
const sparksEveryMs = 3_000;
const retryMs = 3_000;
/** Playing that came so near to the present is live again: two seconds, or what a tenth of a second plays. */
const presentMs = 2_000;
const presentPlayMs = 100;

export class FeedRewind {
  private readonly parts: RewindParts;
  private readonly reel: RewindReel;
  private request: AbortController | null = null;
  private watched: readonly string[] = [];
  private isRewound = false;
  private hasAskedFleet = false;
  private retryAtMs = 0;
  private sparksAtMs = 0;

  constructor(parts: RewindParts) {
    this.parts = parts;
    this.reel = new RewindReel(parts.model.feed);
    effect(() => {
      const state = parts.clock.state.value;
      if (state.mode === 'rewound') this.enter(state.atMs);
      else if (this.isRewound) this.leave();
    });
  }

  /** Devices whose past is wanted; empty: all. */
  watch(devices: readonly string[] | null): void {
    const wanted = devices ?? [];
    if (wanted.join() === this.watched.join()) return;
    this.watched = wanted;
    if (!this.isRewound) return;
    this.abort();
    this.reel.forget(this.parts.clock.nowMs());
  }

  /** Called in each frame. */
  frame(): void {
    if (!this.isRewound) return;
    const { clock, control } = this.parts;
    const speed = this.runningSpeed();
    const nowMs = clock.nowMs();
    const hubMs = this.parts.nowHubMs();
    if (speed > 0 && hubMs - nowMs < Math.max(presentMs, speed * presentPlayMs)) return control.backToLive();
    if (speed > 0 && (this.reel.isWaiting || nowMs > this.reel.reachMs)) this.hold();
    this.show(clock.nowMs(), speed);
    if (this.areDevicesKnown())
      this.fetchNext({ nowMs, hubMs, speed: control.playing.peek() ? control.speed.peek() : 0 });
  }

  private show(nowMs: number, speed: number): void {
    const { sparks } = this.parts.model;
    const isFast = speed * 1000 > sparkBucketMs;
    this.reel.advance(nowMs, (device, metric, reading) => {
      if (!isFast) sparks.addReading(device.id, metric, { ...reading, nowMs });
    });
    if (!isFast || performance.now() < this.sparksAtMs) return;
    this.sparksAtMs = performance.now() + sparksEveryMs;
    sparks.forgetHistory();
  }

  private runningSpeed(): number {
    const state = this.parts.clock.state.peek();
    return state.mode === 'rewound' ? state.speed : 0;
  }

  /** The past has values and no names: those come with the list. */
  private areDevicesKnown(): boolean {
    const { feed, fleetLoad } = this.parts.model;
    const isKnown =
      this.watched.length === 0
        ? fleetLoad.peek() === 'ready'
        : this.watched.every((id) => feed.devices.get(id)?.isDescribed === true);
    if (!isKnown && !this.hasAskedFleet) {
      this.hasAskedFleet = true;
      this.parts.loadFleet();
    }
    return isKnown || fleetLoad.peek() === 'ready';
  }

  private enter(atMs: number): void {
    if (!this.isRewound) {
      this.isRewound = true;
      this.hasAskedFleet = false;
      setPast(this.parts.model.feed, true);
      this.parts.holdFeed(true);
    }
    const before = this.reel.shownMs;
    this.reel.seek(atMs);
    if (!this.reel.isWaiting) return;
    this.abort();
    this.retryAtMs = 0;
    // Lines that go on from another time would be wrong.
    if (!(Math.abs(atMs - before) < sparkBucketMs)) this.parts.model.sparks.clear();
  }

  private leave(): void {
    this.isRewound = false;
    this.abort();
    this.reel.end();
    this.parts.model.sparks.clear();
    this.parts.control.load.value = { kind: 'ready' };
    this.parts.holdFeed(false);
  }

  /** The page stands still where the next film is waited for: it must not run ahead of what it shows. */
  private hold(): void {
    const { clock } = this.parts;
    if (this.reel.isWaiting) clock.setSpeed(0);
    else clock.rewind(this.reel.reachMs, 0);
  }

  private fetchNext(now: { nowMs: number; hubMs: number; speed: number }): void {
    if (this.request !== null || performance.now() < this.retryAtMs) return;
    const plan = this.reel.plan({ ...now, metrics: this.countMetrics() });
    if (plan === null) return;
    const request = new AbortController();
    this.request = request;
    if (plan.steps === 0 || this.runningSpeed() === 0) this.parts.control.load.value = { kind: 'loading' };
    this.parts.hub.readFleetAt({ ...plan, devices: this.watched }, request.signal).then(
      (film) => {
        if (this.request !== request) return;
        this.request = null;
        this.reel.add(film);
        this.parts.control.load.value = { kind: 'ready' };
        this.goOn();
      },
      (error: unknown) => {
        if (this.request !== request) return;
        this.request = null;
        this.retryAtMs = performance.now() + retryMs;
        this.parts.control.load.value = {
          kind: 'failed',
          message: error instanceof Error ? error.message : String(error),
        };
      },
    );
  }

  private goOn(): void {
    const { clock, control } = this.parts;
    if (!control.playing.peek() || this.runningSpeed() > 0 || !(this.reel.reachMs > clock.nowMs())) return;
    clock.setSpeed(control.speed.peek());
  }

  private countMetrics(): number {
    const { devices } = this.parts.model.feed;
    let count = 0;
    if (this.watched.length === 0) for (const device of devices.values()) count += device.metrics.length;
    else for (const id of this.watched) count += devices.get(id)?.metrics.length ?? 0;
    return count;
  }

  private abort(): void {
    this.request?.abort();
    this.request = null;
  }
}
