/**
 * Which devices the fleet table shows, and in which order: the worst first, then by name; or by any column.
 *
 * Owns no state. Invariants: a total order, so that equal devices never swap places between two looks; and a held order keeps every row
 * where it is, whatever its numbers do.
 */
import type { FleetFilter } from './app-route.ts';
import type { DeviceRecord } from './feed-state.ts';
import { findSampleMs } from './fleet-age.ts';
import { assignMetrics, makeColumn } from './fleet-columns.ts';
import { matchesFilter, parseFilter } from './fleet-filter.ts';
import { isWarned, judgeStatus, rankAttention } from './fleet-status.ts';

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/**
 * Gives each device its place among all names ("pi-2" before "pi-10"). Comparing ten thousand names costs a long frame, so it
 * is done when devices appear or are renamed, and ordering then compares whole numbers.
 */
export function rankNames(devices: Iterable<DeviceRecord>): void {
  const byName = [...devices].sort((a, b) => collator.compare(nameOf(a), nameOf(b)) || (a.id < b.id ? -1 : 1));
  byName.forEach((device, rank) => {
    device.nameRank = rank;
  });
}

export function nameOf(device: DeviceRecord): string {
  return device.notes.label === '' ? device.id : device.notes.label;
}

/** Where only its id is at hand: the id, while nothing else is known. */
export function nameDevice(devices: ReadonlyMap<string, DeviceRecord>, id: string): string {
  const device = devices.get(id);
  return device === undefined ? id : nameOf(device);
}

export interface FleetQuery {
  readonly filter: FleetFilter;
  readonly text: string;
  /** Column key, '' for need of attention. */
  readonly sort: string;
  readonly isDescending: boolean;
}

export function listFleet(devices: Iterable<DeviceRecord>, query: FleetQuery, nowMs: number): DeviceRecord[] {
  const terms = parseFilter(query.text);
  const found: DeviceRecord[] = [];
  for (const device of devices) {
    if (matchesState(device, query.filter, nowMs) && matchesFilter(device, terms, nowMs)) found.push(device);
  }
  return sortFleet(found, query, nowMs);
}

function matchesState(device: DeviceRecord, filter: FleetFilter, nowMs: number): boolean {
  if (filter === 'all') return true;
  return filter === 'warning' ? isWarned(device, nowMs) : judgeStatus(device) === filter;
}

/** Keys are worked out once per device; those without one stand last, whichever way round. */
function sortFleet(devices: DeviceRecord[], query: FleetQuery, nowMs: number): DeviceRecord[] {
  const { sort, isDescending } = query;
  const keyOf = makeSortKey(sort, nowMs);
  const way = isDescending ? -1 : 1;
  const keyed = devices.map((device) => ({ device, key: keyOf(device) }));
  keyed.sort((a, b) => compareKeys(a.key, b.key, way) || a.device.nameRank - b.device.nameRank);
  return keyed.map(({ device }) => device);
}

function compareKeys(a: number | string, b: number | string, way: 1 | -1): number {
  if (typeof a === 'string' || typeof b === 'string') {
    if (a === b) return 0;
    if (a === '') return 1;
    if (b === '') return -1;
    return way * collator.compare(String(a), String(b));
  }
  if (a === b) return 0;
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  return Number.isNaN(b) ? -1 : way * (a - b);
}

function makeSortKey(sort: string, nowMs: number): (device: DeviceRecord) => number | string {
  switch (sort) {
    case 'name':
      return (device) => device.nameRank;
    case 'status':
      return (device) => rankAttention(judgeStatus(device), false);
    case 'seen':
      return (device) => nowMs - findSampleMs(device);
    case 'contact':
      return (device) => nowMs - device.lastSeenMs;
    case 'complete':
      return (device) => device.notes.completeness;
    case 'interval':
      return (device) => device.intervalMs;
    case 'clock':
      return (device) => Math.abs(device.clockOffsetMs);
    case 'model':
      return (device) => device.model;
    case 'firmware':
      return (device) => device.firmware;
    case 'id':
      return (device) => device.id;
    default:
      return makeMetricKey(sort) ?? ((device) => rankAttention(judgeStatus(device), isWarned(device, nowMs)));
  }
}

function makeMetricKey(sort: string): ((device: DeviceRecord) => number) | null {
  const column = makeColumn(sort);
  if (column === null || column.kind !== 'metric') return null;
  const columns = [column];
  return (device) => {
    const [metric = -1] = assignMetrics(device.metrics, columns);
    const latest = device.metrics[metric]?.latest;
    return typeof latest === 'number' ? latest : Number.NaN;
  };
}

/** True where the order goes by what ticks: then it is looked at now and then, not only when devices change. */
export function isLiveSort(sort: string): boolean {
  return !['', 'name', 'status', 'model', 'firmware', 'id', 'complete', 'clock', 'interval'].includes(sort);
}

/** The rows as they stood, without those that are gone, and newcomers behind them: what a pointer over the table may see happen. */
export function holdOrder(
  shown: readonly DeviceRecord[],
  wanted: readonly DeviceRecord[],
  fleet: ReadonlyMap<string, DeviceRecord>,
): DeviceRecord[] {
  const kept = shown.filter((device) => fleet.get(device.id) === device);
  const before = new Set(kept);
  return [...kept, ...wanted.filter((device) => !before.has(device))];
}

/** How many rows would stand elsewhere; counting stops at `most`. */
export function countMoved(shown: readonly DeviceRecord[], wanted: readonly DeviceRecord[], most = 99): number {
  let moved = Math.abs(shown.length - wanted.length);
  for (let i = 0; i < wanted.length && i < shown.length && moved < most; i++) if (shown[i] !== wanted[i]) moved++;
  return Math.min(moved, most);
}
