/**
 * What the hub's dialects read of simulated publications of any past time: the demo's history of devices that do not keep one.
 *
 * Owns one set of readers for each connection, as a broker's source would.
 */
import { openDialects, readPublication } from '../src/core/dialects/all-dialects.ts';
import type { FoundReading } from '../src/core/dialects/dialect.ts';

export interface PastReading extends Pick<FoundReading, 'metric' | 'unit' | 'kind' | 'value'> {
  readonly dialect: string;
  /** What the device is called there, as in the id that the hub gives it. */
  readonly native: string;
}

interface Publication {
  readonly topic: string;
  readonly payload: string | Uint8Array;
}

/** A reader of one connection's publications; times go forward. */
export function openPast(sender: string): (publications: readonly Publication[], nowMs: number) => PastReading[] {
  const open = openDialects();
  return (publications, arrivedMs) =>
    publications.flatMap(({ topic, payload }) => {
      const bytes = typeof payload === 'string' ? new Uint8Array(Buffer.from(payload)) : payload;
      const read = readPublication(open, { topic, payload: bytes, isLastKnown: false, arrivedMs, sender });
      return (read?.findings ?? []).flatMap((finding) => {
        if (finding.type !== 'reading') return [];
        const { metric, unit, kind, value, device } = finding;
        return [{ dialect: read!.dialect.name, native: device, metric, unit, kind, value }];
      });
    });
}
