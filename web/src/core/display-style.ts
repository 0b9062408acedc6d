/**
 * How the page writes units and times: what one person chose, for every number, axis and clock on it.
 *
 * Owns that choice, and `displayVersion`, which rises with each change so that what is on the screen is written anew. Invariant: what
 * was not chosen is as the device and the browser say it.
 */
import { signal } from '@preact/signals-core';

/** shown = value · scale + offset */
export interface ShownUnit {
  readonly unit: string;
  readonly scale: number;
  readonly offset: number;
}

export interface DisplayStyle {
  /** Null: as the device spelt it. */
  readonly unitFor: (unit: string) => ShownUnit | null;
  readonly clock: '24' | '12';
  /** Of the time zone database; undefined: the browser's own. */
  readonly zone: string | undefined;
}

export const plainStyle: DisplayStyle = { unitFor: () => null, clock: '24', zone: undefined };

let style = plainStyle;
export const displayVersion = signal(0);

export function setDisplayStyle(next: DisplayStyle): void {
  style = next;
  offsets = null;
  displayVersion.value++;
}

export function findShownUnit(unit: string): ShownUnit | null {
  return style.unitFor(unit);
}

/** The unit that stands beside values of this one. */
export function showUnit(unit: string): string {
  return style.unitFor(unit)?.unit ?? unit;
}

export interface TimeFormat {
  format(timeMs: number): string;
}

/** As Intl.DateTimeFormat, in the clock and zone chosen; made anew when these change. */
export function makeTimeFormat(options: Intl.DateTimeFormatOptions): TimeFormat {
  let made: Intl.DateTimeFormat | null = null;
  let madeFor: DisplayStyle | null = null;
  return {
    format: (timeMs) => {
      if (made === null || madeFor !== style) {
        madeFor = style;
        const hours = options.hour === undefined ? {} : { hourCycle: style.clock === '12' ? 'h12' : 'h23' };
        const zone = style.zone === undefined ? {} : { timeZone: style.zone };
        made = new Intl.DateTimeFormat(undefined, { ...options, ...hours, ...zone } as Intl.DateTimeFormatOptions);
      }
      return made.format(timeMs);
    },
  };
}

let offsets: Intl.DateTimeFormat | null = null;

/** Local time minus UTC at an instant, in the zone chosen. */
export function readZoneOffset(timeMs: number): number {
  if (style.zone === undefined) return new Date(timeMs).getTimezoneOffset() * -60_000;
  offsets ??= new Intl.DateTimeFormat('en', {
    timeZone: style.zone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    hourCycle: 'h23',
  });
  const part = new Map(offsets.formatToParts(timeMs).map(({ type, value }) => [type, Number(value)]));
  const read = (name: Intl.DateTimeFormatPartTypes) => part.get(name) ?? 0;
  const local = Date.UTC(read('year'), read('month') - 1, read('day'), read('hour'), read('minute'), read('second'));
  return local - Math.floor(timeMs / 1000) * 1000;
}

/** As the time zone database calls the zone chosen. */
export function nameZone(): string {
  return style.zone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Which day it is there and then: equal for two instants of one day. */
export function readDay(timeMs: number): number {
  return Math.floor((timeMs + readZoneOffset(timeMs)) / 86_400_000);
}
