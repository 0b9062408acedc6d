/**
 * Which devices the fleet table shows, and in which order: the worst first, then by name.
 *
 * Owns no state. Invariant: a total order, so that equal devices never swap places between two looks.
 */
import type { PresenceState } from '@lapwing/protocol';
import type { PresenceFilter } from './app-route.ts';
import type { DeviceRecord } from './feed-state.ts';

/** Unknown is no alarm: a hub that has just started knows nobody, and those asleep then have not gone missing. */
const needOfAttention: Record<PresenceState, number> = { offline: 0, late: 1, online: 2, unknown: 3, asleep: 4 };

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/**
 * Gives each device its place among all names ("pi-2" before "pi-10"). Comparing ten thousand names costs a long frame, so it
 * is done when devices appear, and ordering by presence then compares whole numbers.
 */
export function rankNames(devices: Iterable<DeviceRecord>): void {
  const byName = [...devices].sort((a, b) => collator.compare(a.id, b.id) || (a.id < b.id ? -1 : 1));
  byName.forEach((device, rank) => {
    device.nameRank = rank;
  });
}

export function compareDevices(a: DeviceRecord, b: DeviceRecord): number {
  return needOfAttention[a.presence] - needOfAttention[b.presence] || a.nameRank - b.nameRank;
}

export interface FleetQuery {
  readonly filter: PresenceFilter;
  /** Words that must all occur in id, model or firmware; case does not matter. */
  readonly text: string;
}

export function listFleet(devices: Iterable<DeviceRecord>, query: FleetQuery): DeviceRecord[] {
  const words = query.text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const found: DeviceRecord[] = [];
  for (const device of devices) {
    if (query.filter !== 'all' && device.presence !== query.filter) continue;
    if (words.length > 0 && !hasWords(device, words)) continue;
    found.push(device);
  }
  return found.sort(compareDevices);
}

function hasWords(device: DeviceRecord, words: readonly string[]): boolean {
  const text = `${device.id} ${device.model} ${device.firmware}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Rows first…last (exclusive) of a list that are in sight, with a few more on both sides for scrolling. */
export function findVisibleRows(
  scrollTop: number,
  height: number,
  list: { readonly rows: number; readonly rowHeight: number },
): { first: number; last: number } {
  const spare = 8;
  const first = Math.max(0, Math.floor(scrollTop / list.rowHeight) - spare);
  const last = Math.min(list.rows, Math.ceil((scrollTop + height) / list.rowHeight) + spare);
  return { first: Math.min(first, last), last };
}
