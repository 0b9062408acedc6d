/**
 * What one device said in words, newest first: the stored events and those that come live.
 *
 * Owns the list. Invariant: an event is kept once, whether it was stored, came live, or both; at most `eventsMax`, the newest.
 */
import type { EventLevel } from '@lapwing/protocol';
import { type Signal, signal } from '@preact/signals-core';

export interface DeviceEventEntry {
  readonly atMs: number;
  readonly arrivedMs: number;
  readonly level: EventLevel;
  readonly code: string;
  readonly text: string;
}

export const eventsMax = 500;
export const eventLevels: readonly EventLevel[] = ['error', 'warning', 'info', 'debug'];

export class DeviceEvents {
  /** Null until the stored ones have been read. */
  readonly list: Signal<readonly DeviceEventEntry[] | null> = signal(null);
  readonly hasFailed: Signal<boolean> = signal(false);
  /** Levels that are not shown, neither in the log nor on the charts. */
  readonly hidden: Signal<ReadonlySet<EventLevel>> = signal(new Set<EventLevel>(['debug']));
  /** Rises with every change of what is shown. */
  version = 0;
  private shownList: readonly DeviceEventEntry[] = [];

  add(events: readonly DeviceEventEntry[]): void {
    const known = new Map<string, DeviceEventEntry>();
    for (const event of [...events, ...(this.list.peek() ?? [])]) {
      known.set(`${event.atMs} ${event.code} ${event.text}`, event);
    }
    this.list.value = [...known.values()].sort((a, b) => b.atMs - a.atMs).slice(0, eventsMax);
    this.settle();
  }

  toggle(level: EventLevel): void {
    const hidden = new Set(this.hidden.peek());
    if (!hidden.delete(level)) hidden.add(level);
    this.hidden.value = hidden;
    this.settle();
  }

  /** Those of the levels that are shown, newest first. */
  get shown(): readonly DeviceEventEntry[] {
    return this.shownList;
  }

  /** The event nearest to a time, in words; empty where none is within reach. */
  describeAt(timeMs: number, reachMs: number): string {
    let best: DeviceEventEntry | null = null;
    for (const event of this.shownList) {
      const distance = Math.abs(event.atMs - timeMs);
      if (distance <= reachMs && (best === null || distance < Math.abs(best.atMs - timeMs))) best = event;
    }
    if (best === null) return '';
    return best.text === '' ? best.code : `${best.code}: ${best.text}`;
  }

  private settle(): void {
    const hidden = this.hidden.peek();
    this.shownList = (this.list.peek() ?? []).filter((event) => !hidden.has(event.level));
    this.version++;
  }
}
