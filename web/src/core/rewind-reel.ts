/**
 * The past as the hub told it, laid into the feed's state instant by instant, as the live feed would have brought it.
 *
 * Owns the films at hand (a film: the whole fleet at its first instant, then what changed at each one behind it) and how far they
 * are shown. Invariants: nothing later than the page's now is in the state; going back, or to where no film reaches, the state is
 * emptied and filled in one step, so that no two instants are mixed. While `state.isPast` nothing of the present gets in (feed-state.ts,
 * feed-reader.ts). Refuses to fetch: it says what it needs, and is given the answer.
 */
import type { PresenceState } from '@lapwing/protocol';
import { type DeviceRecord, type FeedState, setPast } from './feed-state.ts';
import { learnNumber } from './number-format.ts';

/** As GET /api/v1/fleet/at tells it, in columns. */
export interface Film {
  readonly devices: readonly string[];
  readonly instants: readonly {
    readonly atMs: number;
    /** Rows of the columns up to here are known at this instant. */
    readonly rowEnd: number;
    readonly presence: readonly (readonly [device: number, state: PresenceState])[];
  }[];
  readonly device: ArrayLike<number>;
  readonly metric: ArrayLike<number>;
  readonly timeMs: ArrayLike<number>;
  readonly value: ArrayLike<number>;
  /** By row. */
  readonly texts: Readonly<Record<string, string>>;
}
export interface FilmRequest {
  readonly fromMs: number;
  readonly steps: number;
  readonly stepMs: number;
  readonly roughMs: number;
}

export interface ReelNow {
  /** The page's now, and the hub's. */
  readonly nowMs: number;
  readonly hubMs: number;
  readonly speed: number;
  /** How many are watched. */
  readonly metrics: number;
}

/** Sparklines want readings, too. */
export type ReadingObserver = (
  device: DeviceRecord,
  metric: number,
  reading: { timeMs: number; value: number },
) => void;

/** So many readings a second of the page's time are as many as eyes and screens take. */
const readingsPerSecond = 10_000;
const updatesPerSecond = 8;
const settleMs = 1_000;
/** Films reach so many seconds of the page's time ahead, and the next is asked for with half of it left. */
const aheadSeconds = 12;
const niceSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

export class RewindReel {
  private readonly state: FeedState;
  private films: Film[] = [];
  private instant = 0;
  private row = 0;
  /** Set when what is at hand does not reach: the film that begins here is waited for. */
  private awaitedMs = Number.NaN;
  /** The instant that the state shows; NaN for none. */
  shownMs = Number.NaN;

  constructor(state: FeedState) {
    this.state = state;
  }

  /** Films reach to here; NaN for none. */
  get reachMs(): number {
    return this.films.at(-1)?.instants.at(-1)?.atMs ?? Number.NaN;
  }
  /** The page stands where nothing has been told yet. */
  get isWaiting(): boolean {
    return !Number.isNaN(this.awaitedMs);
  }

  /** Somebody set another instant. */
  seek(atMs: number): void {
    if (!this.isWaiting && atMs >= this.shownMs && atMs <= this.reachMs) return;
    this.forget(atMs);
  }

  /** Other devices are watched: what is at hand says nothing of them. */
  forget(atMs: number): void {
    this.films = [];
    this.awaitedMs = Math.floor(atMs);
  }

  /** What to ask for next; null while nothing is needed. */
  plan({ nowMs, hubMs, speed, metrics }: ReelNow): FilmRequest | null {
    if (this.isWaiting) return { fromMs: this.awaitedMs, steps: 0, stepMs: 1000, roughMs: 0 };
    if (speed === 0 || Number.isNaN(this.reachMs)) return null;
    if (this.reachMs - nowMs > (aheadSeconds / 2) * 1000 * speed) return null;
    // What comes in at the very moment is not all there yet.
    const leftMs = hubMs - settleMs - this.reachMs;
    // The last step is as short as what is left: a whole one of a fast play would have to be waited for.
    const stepMs = Math.min(chooseStep(speed, metrics), Math.max(1000, Math.floor(leftMs / 1000) * 1000));
    const steps = Math.min(Math.ceil((aheadSeconds * 1000 * speed) / stepMs), Math.floor(leftMs / stepMs));
    if (steps < 1) return null;
    return { fromMs: this.reachMs, steps, stepMs, roughMs: stepMs >= 15_000 ? stepMs : 0 };
  }

  /** An answer to what `plan` asked; one that was asked before somebody went elsewhere is dropped. */
  add(film: Film): void {
    const fromMs = film.instants[0]!.atMs;
    if (this.isWaiting) {
      if (fromMs !== this.awaitedMs) return;
      this.awaitedMs = Number.NaN;
      this.films = [film];
      this.instant = 0;
      this.row = 0;
      this.shownMs = Number.NaN;
    } else if (fromMs === this.reachMs) this.films.push(film);
  }

  /** Lays what is due into the state; true when anything changed. */
  advance(nowMs: number, observe: ReadingObserver): boolean {
    let changed = false;
    for (;;) {
      if (this.films.length > 1 && this.instant === this.films[0]!.instants.length) {
        this.films.shift();
        this.instant = 0;
        this.row = 0;
      }
      const film = this.films[0];
      const instant = film?.instants[this.instant];
      if (film === undefined || instant === undefined || instant.atMs > nowMs) break;
      if (Number.isNaN(this.shownMs)) this.empty(film);
      this.show(film, instant, observe);
      changed = true;
      this.shownMs = instant.atMs;
      this.instant++;
    }
    return changed;
  }

  /** Back to the present: the state keeps what it has until the feed brings what is newer. */
  end(): void {
    this.films = [];
    this.shownMs = Number.NaN;
    this.awaitedMs = Number.NaN;
    setPast(this.state, false);
    for (const device of this.state.devices.values()) device.hasFeedPresence = false;
  }

  private empty(film: Film): void {
    const { state } = this;
    setPast(state, true);
    const told = new Set(film.devices);
    for (const device of state.devices.values()) {
      if (!told.has(device.id)) continue;
      device.presence = 'unknown';
      device.lastSeenMs = Number.NaN;
      for (const metric of device.metrics) {
        if (metric === undefined) continue;
        metric.latestMs = Number.NaN;
        metric.latest = Number.NaN;
      }
      state.dirty.add(device);
    }
    state.structureVersion++;
  }

  private show(film: Film, instant: Film['instants'][number], observe: ReadingObserver): void {
    const { state } = this;
    for (; this.row < instant.rowEnd; this.row++) {
      const device = state.devices.get(film.devices[film.device[this.row]!]!);
      const metric = device?.metrics[film.metric[this.row]!];
      if (device === undefined || metric === undefined) continue;
      const timeMs = film.timeMs[this.row]!;
      // A film begins with what the one before it ended with.
      if (metric.latestMs > timeMs) continue;
      const value = metric.kind === 'text' ? (film.texts[this.row] ?? '') : film.value[this.row]!;
      metric.latestMs = timeMs;
      metric.latest = value;
      if (typeof value === 'number') {
        learnNumber(metric.shape, value);
        observe(device, metric.index, { timeMs, value });
      }
      const seenMs = timeMs - (Number.isNaN(device.clockOffsetMs) ? 0 : device.clockOffsetMs);
      if (!(device.lastSeenMs > seenMs)) device.lastSeenMs = seenMs;
      state.dirty.add(device);
    }
    for (const [place, presence] of instant.presence) {
      const device = state.devices.get(film.devices[place]!);
      if (device === undefined || device.presence === presence) continue;
      device.presence = presence;
      state.dirty.add(device);
      state.structureVersion++;
    }
  }
}

/** Whole seconds that people know, the finest that the eye and the network take. */
export function chooseStep(speed: number, metrics: number): number {
  const seconds = Math.max(speed / updatesPerSecond, (speed * metrics) / readingsPerSecond);
  return 1000 * (niceSteps.find((step) => step >= seconds) ?? niceSteps.at(-1)!);
}
