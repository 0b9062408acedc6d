/**
 * How a device stands, as the fleet says it: one status each, and the warnings that facts alone justify.
 *
 * Owns no state. Invariants: every device has exactly one status, so the counters of statuses add up to all; warnings lie across
 * them and are counted apart. Nothing here is a threshold somebody chose for their plant: those will be alert rules.
 */
import type { DeviceRecord } from './feed-state.ts';
import { formatOffset, formatSpan } from './number-format.ts';

export type FleetStatus = 'online' | 'late' | 'offline' | 'asleep' | 'imported' | 'unknown';

/** In the order of the counters; the worst first is `needOfAttention`. */
export const fleetStatuses: readonly FleetStatus[] = ['online', 'late', 'offline', 'asleep', 'imported', 'unknown'];

export const statusWords: Record<FleetStatus, string> = {
  online: 'Online',
  late: 'Late',
  offline: 'Offline',
  asleep: 'Asleep',
  imported: 'Imported',
  unknown: 'Unknown',
};

/** Unknown is no alarm: a hub that has just started knows nobody, and those asleep then have not gone missing. */
export const needOfAttention: Record<FleetStatus, number> = {
  offline: 0,
  late: 1,
  online: 3,
  unknown: 4,
  asleep: 5,
  imported: 6,
};
/** An online device with a warning comes behind those that are late. */
const needOfWarned = 2;

/** What only files brought has never had a link, so it has not lost one. */
export function judgeStatus(device: Pick<DeviceRecord, 'presence' | 'notes'>): FleetStatus {
  const { presence, notes } = device;
  const isHere = presence === 'online' || presence === 'late' || presence === 'asleep';
  return notes.source === 'import' && !isHere ? 'imported' : presence;
}

export function rankAttention(status: FleetStatus, isWarned: boolean): number {
  const need = needOfAttention[status];
  return isWarned ? Math.min(need, needOfWarned) : need;
}

/** Below this share of the expected readings of 24 hours something is being lost. */
export const completeLeast = 99;
export const clockErrorMsMax = 60_000;
const errorAgeMsMax = 3_600_000;

export interface FleetWarning {
  readonly code: 'incomplete' | 'clock' | 'error';
  /** Short, as in a row's second line. */
  readonly text: string;
}

/** The most telling first. */
export function listWarnings(device: DeviceRecord, nowMs: number): FleetWarning[] {
  const { notes, clockOffsetMs } = device;
  const found: FleetWarning[] = [];
  const { lastError } = notes;
  if (lastError !== null && lastError.atMs <= nowMs + 1000 && nowMs - lastError.atMs < errorAgeMsMax)
    found.push({ code: 'error', text: `error ${lastError.code}` });
  if (Math.abs(clockOffsetMs) > clockErrorMsMax) found.push({ code: 'clock', text: describeClock(clockOffsetMs) });
  if (notes.completeness < completeLeast) {
    found.push({ code: 'incomplete', text: `${formatPercent(100 - notes.completeness)} missing in 24 h` });
  }
  return found;
}

/** As `listWarnings(…).length > 0`, without making texts of ten thousand devices. */
export function isWarned({ notes, clockOffsetMs }: DeviceRecord, nowMs: number): boolean {
  const { lastError } = notes;
  return (
    notes.completeness < completeLeast ||
    Math.abs(clockOffsetMs) > clockErrorMsMax ||
    (lastError !== null && lastError.atMs <= nowMs + 1000 && nowMs - lastError.atMs < errorAgeMsMax)
  );
}

function describeClock(offsetMs: number): string {
  return `clock ${formatSpan(Math.abs(offsetMs))} ${offsetMs > 0 ? 'ahead' : 'behind'}`;
}

/** "99.98 %", "100 %", "0.4 %": never rounded up to whole. */
export function formatPercent(percent: number): string {
  if (Number.isNaN(percent)) return '–';
  if (percent >= 100) return '100\u2009%';
  const decimals = percent >= 10 ? 2 : percent >= 1 ? 1 : 2;
  const scale = 10 ** decimals;
  return `${(Math.floor(percent * scale + 1e-9) / scale).toFixed(decimals)}\u2009%`;
}

export type StatusCounts = Record<FleetStatus, number> & { all: number; warning: number };

export function countStatuses(devices: Iterable<DeviceRecord>, nowMs: number): StatusCounts {
  const counts: StatusCounts = {
    all: 0,
    online: 0,
    late: 0,
    offline: 0,
    asleep: 0,
    imported: 0,
    unknown: 0,
    warning: 0,
  };
  for (const device of devices) {
    counts.all++;
    counts[judgeStatus(device)]++;
    if (isWarned(device, nowMs)) counts.warning++;
  }
  return counts;
}

export function describeOffset(offsetMs: number): string {
  return Number.isNaN(offsetMs) ? '–' : formatOffset(offsetMs);
}
