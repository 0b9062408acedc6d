/**
 * One value of this machine, and the port through which its files are seen.
 */
import type { MetricKind } from '@lapwing/protocol';

export interface HostFiles {
  /** Null when it cannot be read. */
  read(path: string): string | null;
  /** Names in a directory, sorted; none when it cannot be read. */
  list(path: string): readonly string[];
  /** Bytes of the file system that holds `path`; null when unknown. */
  disk(path: string): { readonly usedBytes: number; readonly availableBytes: number } | null;
}

export interface HostReading {
  readonly name: string;
  readonly unit: string;
  readonly kind: MetricKind;
  /** The reading is whole × 10^exponent; whole is NaN when there is none this time. */
  readonly exponent: number;
  readonly whole: number;
}

export function makeGauge(name: string, unit: string, reading: { value: number; exponent: number }): HostReading {
  const whole = Math.round(reading.value * 10 ** -reading.exponent);
  return { name, unit, kind: 'gauge', exponent: reading.exponent, whole };
}

/** A part of a metric name from whatever a driver calls itself. */
export function nameSafely(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40);
}
