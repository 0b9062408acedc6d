/**
 * The lines of the fleet table, from top to bottom: groups, and the devices in those that are not folded up.
 *
 * Owns no state. Invariants: a device stands in exactly one group (of several values of one tag key, under the first by name), so the
 * groups' counts add up; every line's place is known without looking at the others, so that only those in sight are made.
 */
import type { DeviceRecord } from './feed-state.ts';
import { type FleetStatus, fleetStatuses, isWarned, judgeStatus, needOfAttention } from './fleet-status.ts';
import { compareTags, readTagKey, readTagValue } from './fleet-tags.ts';

export interface FleetGroup {
  /** '' for those that have none. */
  readonly name: string;
  readonly devices: readonly DeviceRecord[];
  readonly counts: Readonly<Record<FleetStatus, number>>;
  readonly warned: number;
  readonly worst: FleetStatus;
}

export type FleetLine =
  | { readonly kind: 'device'; readonly device: DeviceRecord; readonly top: number }
  | { readonly kind: 'group'; readonly group: FleetGroup; readonly isFolded: boolean; readonly top: number };

export interface FleetLines {
  readonly lines: readonly FleetLine[];
  readonly height: number;
  readonly groups: readonly FleetGroup[];
}

/** What a group is named after, in the order that its devices are given. */
export function groupFleet(devices: readonly DeviceRecord[], by: string, nowMs: number): FleetGroup[] {
  const nameOf = makeGroupName(by);
  const members = new Map<string, DeviceRecord[]>();
  for (const device of devices) {
    const name = nameOf(device);
    const list = members.get(name);
    if (list === undefined) members.set(name, [device]);
    else list.push(device);
  }
  const groups = Array.from(members, ([name, list]) => describeGroup(name, list, nowMs));
  if (by === 'status') return groups.sort((a, b) => needOfAttention[a.worst] - needOfAttention[b.worst]);
  return groups.sort((a, b) => (a.name === '' ? 1 : b.name === '' ? -1 : compareTags(a.name, b.name)));
}

function makeGroupName(by: string): (device: DeviceRecord) => string {
  if (by === 'model') return ({ model }) => model;
  if (by === 'firmware') return ({ firmware }) => firmware;
  if (by === 'status') return judgeStatus;
  const key = by.startsWith('tag:') ? by.slice(4) : by;
  // Plain words have no key: they group by themselves under `tag:`.
  return ({ notes }) => {
    const tag = notes.tags.find((one) => readTagKey(one) === key);
    return tag === undefined ? '' : readTagValue(tag);
  };
}

function describeGroup(name: string, devices: readonly DeviceRecord[], nowMs: number): FleetGroup {
  const counts: Record<FleetStatus, number> = { online: 0, late: 0, offline: 0, asleep: 0, imported: 0, unknown: 0 };
  let warned = 0;
  for (const device of devices) {
    counts[judgeStatus(device)]++;
    if (isWarned(device, nowMs)) warned++;
  }
  let worst: FleetStatus = 'imported';
  for (const status of fleetStatuses) {
    if (counts[status] > 0 && needOfAttention[status] < needOfAttention[worst]) worst = status;
  }
  return { name, devices, counts, warned, worst };
}

export function layLines(
  devices: readonly DeviceRecord[],
  by: { readonly group: string; readonly folded: readonly string[]; readonly nowMs: number },
  heights: { readonly row: number; readonly group: number },
): FleetLines {
  if (by.group === '') {
    const lines = devices.map((device, i): FleetLine => ({ kind: 'device', device, top: i * heights.row }));
    return { lines, height: devices.length * heights.row, groups: [] };
  }
  const groups = groupFleet(devices, by.group, by.nowMs);
  const lines: FleetLine[] = [];
  let top = 0;
  for (const group of groups) {
    const isFolded = by.folded.includes(group.name);
    lines.push({ kind: 'group', group, isFolded, top });
    top += heights.group;
    if (isFolded) continue;
    for (const device of group.devices) {
      lines.push({ kind: 'device', device, top });
      top += heights.row;
    }
  }
  return { lines, height: top, groups };
}

const spareLines = 8;

/** Lines first…last (exclusive) that are in sight, with a few more on both sides for scrolling. */
export function findVisibleLines(
  { lines, height }: Pick<FleetLines, 'lines' | 'height'>,
  scrollTop: number,
  viewHeight: number,
): { first: number; last: number } {
  if (lines.length === 0 || scrollTop >= height)
    return { first: Math.max(0, lines.length - spareLines), last: lines.length };
  const first = Math.max(0, findLineAt(lines, scrollTop) - spareLines);
  const last = Math.min(lines.length, findLineAt(lines, scrollTop + viewHeight) + 1 + spareLines);
  return { first, last };
}

/** The last line that begins at or above this height. */
export function findLineAt(lines: readonly FleetLine[], y: number): number {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (lines[middle]!.top <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The group that a line stands in; null without groups. */
export function findGroupOf(lines: readonly FleetLine[], index: number): Extract<FleetLine, { kind: 'group' }> | null {
  for (let i = Math.min(index, lines.length - 1); i >= 0; i--) {
    const line = lines[i]!;
    if (line.kind === 'group') return line;
  }
  return null;
}

export interface GroupChoice {
  readonly by: string;
  readonly label: string;
}

/** By what the fleet can be grouped: the tag keys it has, the most used first, and three facts. */
export function listGroupChoices(tags: readonly { readonly tag: string; readonly devices: number }[]): GroupChoice[] {
  const uses = new Map<string, number>();
  for (const { tag, devices } of tags) {
    const key = readTagKey(tag);
    uses.set(key, (uses.get(key) ?? 0) + devices);
  }
  const keys = Array.from(uses).sort((a, b) => Number(a[0] === '') - Number(b[0] === '') || b[1] - a[1]);
  return [
    ...keys.map(([key]) => ({ by: `tag:${key}`, label: key === '' ? 'plain tag' : key })),
    { by: 'status', label: 'status' },
    { by: 'model', label: 'model' },
    { by: 'firmware', label: 'firmware' },
  ];
}
