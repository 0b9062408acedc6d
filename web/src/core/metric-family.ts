/**
 * What a metric is about, judged by its name and unit: so that a fleet table and a device page need no configuration.
 *
 * Owns no state. Invariant: the answer depends on the metric's declaration alone, so a metric keeps its place and colour.
 */
import type { MetricDeclaration } from '@lapwing/protocol';

interface Family {
  readonly id: string;
  readonly label: string;
  readonly name: RegExp;
  /** Empty: any unit. */
  readonly units: readonly string[];
  /** How much an operator wants to see it in a fleet table. */
  readonly weight: number;
}

const percent = ['%', 'percent'];
const celsius = ['°C', 'C', 'Cel', 'degC', '℃', '°F', 'F', 'K'];

const families: readonly Family[] = [
  { id: 'cpu', label: 'CPU', name: /cpu|processor/i, units: percent, weight: 10 },
  { id: 'memory', label: 'Memory', name: /mem|ram\b/i, units: percent, weight: 9 },
  { id: 'temperature', label: 'Temp', name: /temp|therm/i, units: celsius, weight: 8 },
  { id: 'disk', label: 'Disk', name: /disk|storage|filesystem|\bfs\b/i, units: percent, weight: 6 },
  { id: 'signal', label: 'Signal', name: /rssi|signal|wifi/i, units: ['dBm', 'dB'], weight: 2.5 },
  { id: 'battery', label: 'Battery', name: /batt/i, units: [...percent, 'V', 'mV'], weight: 7 },
  { id: 'load', label: 'Load', name: /load/i, units: ['', ...percent], weight: 5 },
  { id: 'network', label: 'Network', name: /net|rx|tx|recv|sent/i, units: ['B/s', 'By/s', 'bit/s'], weight: 4 },
  { id: 'power', label: 'Power', name: /./, units: ['W', 'kW', 'mW'], weight: 5.5 },
  { id: 'humidity', label: 'Humidity', name: /hum/i, units: [...percent, '%RH'], weight: 4 },
  { id: 'pressure', label: 'Pressure', name: /press/i, units: ['hPa', 'Pa', 'kPa', 'mbar', 'bar'], weight: 3 },
  { id: 'voltage', label: 'Voltage', name: /./, units: ['V', 'mV'], weight: 2 },
];

/** One column of the fleet table. */
export interface FleetColumn {
  readonly id: string;
  readonly label: string;
}

export const familyIds: readonly string[] = families.map(({ id }) => id);

/** The heading of a family; null where there is no such one. */
export function nameFamily(id: string): string | null {
  return families.find((family) => family.id === id)?.label ?? null;
}

export function classifyMetric(metric: MetricDeclaration): string | null {
  if (metric.kind !== 'gauge') return null;
  const family = families.find((one) => one.units.includes(metric.unit) && one.name.test(metric.name));
  return family?.id ?? null;
}

/** Index of the metric of this family with the plainest name (`cpu` before `cpu.core3`), or −1. */
export function findFamilyMetric(metrics: readonly MetricDeclaration[], familyId: string): number {
  const family = families.find((one) => one.id === familyId);
  let best = -1;
  if (family === undefined) return best;
  let bestLength = Number.POSITIVE_INFINITY;
  metrics.forEach((metric, index) => {
    if (classifyMetric(metric) !== familyId) return;
    // `cpu.usage` is about the processor; `agent.cpu` and `pressure.cpu` are about something else's use of it.
    const isAside = metric.name.search(family.name) > 0 ? 50 : 0;
    const length = metric.name.length + isAside + (/core|\d/.test(metric.name) ? 100 : 0);
    if (length < bestLength) {
      bestLength = length;
      best = index;
    }
  });
  return best;
}

/** How many of the devices must have a family for it to head a column: a heading that most rows do not fill says little. */
const coverageLeast = 0.5;

/**
 * The families that head columns: those that most devices have, the most wanted first. Where all devices have all of them they take
 * all `columnsMax`; in a mixed fleet at least one column is left for what each device has of its own.
 */
export function chooseColumns(tables: Iterable<readonly MetricDeclaration[]>, columnsMax: number): FleetColumn[] {
  const devicesWith = new Map<string, number>();
  let devices = 0;
  for (const metrics of tables) {
    devices++;
    const seen = new Set<string>();
    for (const metric of metrics) {
      const id = classifyMetric(metric);
      if (id !== null) seen.add(id);
    }
    for (const id of seen) devicesWith.set(id, (devicesWith.get(id) ?? 0) + 1);
  }
  const covered = families
    .map((family) => ({ family, share: (devicesWith.get(family.id) ?? 0) / Math.max(1, devices) }))
    .filter(({ share }) => share >= coverageLeast && share > 0)
    .sort((a, b) => b.family.weight * b.share - a.family.weight * a.share)
    .slice(0, columnsMax);
  const isMixed = covered.some(({ share }) => share < 1);
  return (isMixed ? covered.slice(0, Math.max(1, columnsMax - 1)) : covered)
    .sort((a, b) => b.family.weight - a.family.weight)
    .map(({ family }) => ({ id: family.id, label: family.label }));
}

/**
 * Which metric of a device each cell shows, −1 for none. A cell under a heading shows that or nothing; the cells behind the headed
 * ones show the device's own other metrics, the most wanted first, so that a door switch in a fleet of computers shows its door.
 */
export function assignCells(
  metrics: readonly MetricDeclaration[],
  columns: readonly FleetColumn[],
  cells: number,
): number[] {
  const headed = columns.slice(0, cells).map((column) => findFamilyMetric(metrics, column.id));
  const own = metrics
    .map((metric, index) => ({ index, metric, rank: rankSpare(metric) }))
    .filter(({ index, metric }) => metric.kind !== 'text' && metric.kind !== 'counter' && !headed.includes(index))
    .sort((a, b) => b.rank - a.rank || a.index - b.index);
  const chosen: number[] = [];
  const families = new Set<string>();
  for (const { index, metric } of own) {
    // One of each kind first: three cores of one processor would push out the rest.
    const id = classifyMetric(metric);
    if (id !== null && families.has(id)) continue;
    if (id !== null) families.add(id);
    const plainest = id === null ? index : findFamilyMetric(metrics, id);
    chosen.push(headed.includes(plainest) ? index : plainest);
  }
  const rest = own.map(({ index }) => index).filter((index) => !chosen.includes(index));
  const spare = [...chosen, ...rest];
  return Array.from({ length: cells }, (_, c) => headed[c] ?? spare[c - headed.length] ?? -1);
}

/**
 * What a cell calls a metric that stands under no heading: the word of its family, else its own name, kept short. Beside a heading of
 * its own family only the whole name tells the two apart.
 */
export function nameMetric(metric: MetricDeclaration, columns: readonly FleetColumn[]): string {
  const id = classifyMetric(metric);
  if (columns.some((column) => column.id === id)) return metric.name;
  const family = families.find((one) => one.id === id);
  if (family !== undefined && !/\d/.test(metric.name)) return family.label;
  const short = metric.name.split(/[._/:]/).at(-1) ?? '';
  return metric.name.length <= 14 || short.length < 4 ? metric.name : short;
}

/** Seconds since a start: a straight line says nothing as a chart. */
export function isUptime(metric: MetricDeclaration): boolean {
  return /uptime/i.test(metric.name) && /^(s|min|h|d|ms)$/.test(metric.unit);
}

function rankSpare(metric: MetricDeclaration): number {
  // A door, a pump, a switch: behind what has a family, before what nobody has a word for.
  if (metric.kind === 'bool') return 1.5;
  const id = classifyMetric(metric);
  return id === null ? 1 : 1 + (families.find((family) => family.id === id)?.weight ?? 0);
}

/** The first word of a metric's name: `cpu` of `cpu.user`, `temp` of `temp_board`, `net` of `net/eth0/rx`. */
export function readNameStem(name: string): string {
  const stem = name.split(/[._/:\s-]/)[0] ?? name;
  return stem.replace(/\d+$/, '') || name;
}

/** What is left of a name when its group's stem is said once in the title. */
export function trimStem(name: string, stem: string): string {
  const rest = name.slice(stem.length).replace(/^[._/:\s-]+/, '');
  return name.startsWith(stem) && rest !== '' ? rest : name;
}
