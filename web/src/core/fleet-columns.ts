/**
 * The columns of the fleet table: facts of a device, and metrics, each with its key in the address, its heading and its width.
 *
 * Owns no state. Keys: a fact's name; `f:cpu` a family of metrics (metric-family.ts); `m:door.open` a metric by its name; `own:1` the
 * first of what a device has besides the headed ones. Invariant: widths come from the column alone, never from what stands in it, so
 * that no number moves another.
 */
import type { DeviceRecord } from './feed-state.ts';
import { assignCells, chooseColumns, type FleetColumn, findFamilyMetric, nameFamily } from './metric-family.ts';

export type FactKey = 'seen' | 'complete' | 'model' | 'firmware' | 'clock' | 'interval' | 'contact' | 'id';

export interface TableColumn {
  readonly key: string;
  readonly label: string;
  readonly kind: 'fact' | 'metric';
  /** Pixels at least; `share` of what is left. */
  readonly widthMin: number;
  readonly share: number;
  /** Numbers and ages stand at the right; so does their heading. */
  readonly isNumeric: boolean;
  /** Said on hover and by screen readers. */
  readonly hint: string;
}

interface Fact extends Omit<TableColumn, 'kind' | 'key'> {
  readonly key: FactKey;
}

const facts: readonly Fact[] = [
  {
    key: 'seen',
    label: 'Fresh',
    widthMin: 84,
    share: 0,
    isNumeric: true,
    hint: 'Age of the newest reading, in the hub’s time; below it the last contact where that is much newer',
  },
  {
    key: 'complete',
    label: 'Complete',
    widthMin: 76,
    share: 0,
    isNumeric: true,
    hint: 'Readings received of those expected, over the last 24 hours',
  },
  { key: 'model', label: 'Model', widthMin: 130, share: 0.8, isNumeric: false, hint: 'Model, as the device says' },
  {
    key: 'firmware',
    label: 'Firmware',
    widthMin: 96,
    share: 0.3,
    isNumeric: false,
    hint: 'Firmware, as the device says',
  },
  {
    key: 'contact',
    label: 'Contact',
    widthMin: 76,
    share: 0,
    isNumeric: true,
    hint: 'Time since the last message of any kind',
  },
  {
    key: 'interval',
    label: 'Every',
    widthMin: 72,
    share: 0,
    isNumeric: true,
    hint: 'Learned time between its batches',
  },
  { key: 'clock', label: 'Clock', widthMin: 84, share: 0, isNumeric: true, hint: 'Device clock minus hub clock' },
  { key: 'id', label: 'Id', widthMin: 130, share: 0.6, isNumeric: false, hint: 'The name it has on the wire' },
];

export const factKeys: readonly FactKey[] = facts.map(({ key }) => key);

export function makeColumn(key: string): TableColumn | null {
  const fact = facts.find((one) => one.key === key);
  if (fact !== undefined) return { ...fact, kind: 'fact' };
  const metric = { key, kind: 'metric', widthMin: 156, share: 1, isNumeric: false } as const;
  if (key.startsWith('f:')) {
    const label = nameFamily(key.slice(2));
    return label === null ? null : { ...metric, label, hint: `${label}: the plainest metric of that kind` };
  }
  if (key.startsWith('m:') && key.length > 2) {
    return { ...metric, label: key.slice(2), hint: `Metric ${key.slice(2)}` };
  }
  if (/^own:[1-9]$/.test(key)) {
    const hint = 'What a device measures besides the headed metrics, each with its own name';
    return { ...metric, label: key === 'own:1' ? 'Own metrics' : '', hint };
  }
  return null;
}

/** What the table shows unless somebody chose: freshness, the metrics that most devices have, completeness. */
export function chooseTableColumns(
  families: readonly FleetColumn[],
  room: { cells: number; isWide: boolean },
): TableColumn[] {
  const keys = ['seen'];
  for (const { id } of families.slice(0, room.cells)) keys.push(`f:${id}`);
  for (let own = 1; keys.length <= room.cells; own++) keys.push(`own:${own}`);
  keys.push('complete');
  if (room.isWide) keys.push('model');
  return makeColumns(keys);
}

/** Unknown keys and doubles are left out. */
export function makeColumns(keys: readonly string[]): TableColumn[] {
  const columns: TableColumn[] = [];
  for (const key of new Set(keys)) {
    const column = makeColumn(key);
    if (column !== null) columns.push(column);
  }
  return columns;
}

/** CSS grid tracks of a row: check box, status, name, the columns, and the menu. */
export function writeTracks(columns: readonly TableColumn[]): string {
  const tracks = columns.map(({ widthMin, share }) =>
    share === 0 ? `${widthMin}px` : `minmax(${widthMin}px, ${share}fr)`,
  );
  return `var(--lead-tracks) ${tracks.join(' ')} 28px`;
}

/** Least width of the columns with the gaps before them: what a narrow screen scrolls. */
export function sumWidths(columns: readonly TableColumn[], gap: number): number {
  return columns.reduce((sum, { widthMin }) => sum + widthMin + gap, 0);
}

/** Which metric of a device each metric column shows, in their order; −1 for none. */
export function assignMetrics(metrics: DeviceRecord['metrics'], columns: readonly TableColumn[]): number[] {
  const keys = columns.filter(({ kind }) => kind === 'metric').map(({ key }) => key);
  const headed = keys.map((key) => findHeaded(metrics, key));
  const owns = keys.filter((key) => key.startsWith('own:')).length;
  if (owns === 0) return headed;
  const spare = assignCells(metrics, [], owns + headed.length).filter(
    (metric) => metric >= 0 && !headed.includes(metric),
  );
  return keys.map((key, c) => (key.startsWith('own:') ? (spare[Number(key.slice(4)) - 1] ?? -1) : headed[c]!));
}

function findHeaded(metrics: DeviceRecord['metrics'], key: string): number {
  if (key.startsWith('f:')) return findFamilyMetric(metrics, key.slice(2));
  if (key.startsWith('m:')) return metrics.findIndex((metric) => metric?.name === key.slice(2));
  return -1;
}

/** The metric families that head columns for those columns that have them: what `nameMetric` need not say again. */
export function headedFamilies(columns: readonly TableColumn[]): FleetColumn[] {
  return columns.filter(({ key }) => key.startsWith('f:')).map(({ key, label }) => ({ id: key.slice(2), label }));
}

const columnsSampleMax = 2000;

export function chooseFamilies(fleet: Iterable<DeviceRecord>, cells: number): FleetColumn[] {
  const tables = [];
  for (const device of fleet) {
    if (device.metrics.length > 0 && tables.push(device.metrics) >= columnsSampleMax) break;
  }
  return chooseColumns(tables, cells);
}

export interface OfferedMetric {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  readonly devices: number;
}

const offeredMax = 400;

/** Every metric name of the fleet, the most common first: what the picker offers beside families and facts. */
export function listMetrics(fleet: Iterable<DeviceRecord>): OfferedMetric[] {
  const found = new Map<string, { unit: string; devices: number }>();
  for (const { metrics } of fleet) {
    for (const metric of metrics) {
      if (metric === undefined) continue;
      const before = found.get(metric.name);
      if (before !== undefined) before.devices++;
      else found.set(metric.name, { unit: metric.unit, devices: 1 });
    }
  }
  return Array.from(found, ([name, { unit, devices }]) => ({ key: `m:${name}`, label: name, unit, devices }))
    .sort((a, b) => b.devices - a.devices || (a.label < b.label ? -1 : 1))
    .slice(0, offeredMax);
}
