/**
 * Which charts a device page has: made from its metric list, with no configuration.
 *
 * Owns no state. Invariant: every numeric metric but an uptime (a tile is enough) is in exactly one chart, every bool in one strip, every text in one row; and
 * because metric lists only grow, a metric never changes its chart or colour.
 */
import type { MetricDeclaration } from '@lapwing/protocol';
import { isUptime, readNameStem, trimStem } from './metric-family.ts';

export interface ChartSeries {
  /** Index into the device's metric list. */
  readonly metric: number;
  readonly label: string;
  /** 1…8: which of the series colours. */
  readonly colour: number;
}

export interface ChartGroup {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** Counters are drawn as what they grow by per second. */
  readonly isRate: boolean;
  readonly series: readonly ChartSeries[];
}

export interface PageLayout {
  readonly charts: readonly ChartGroup[];
  /** Metric indices of the bools and of the texts. */
  readonly strips: readonly number[];
  readonly texts: readonly number[];
}

export const seriesPerChartMax = 8;

export function planCharts(metrics: readonly MetricDeclaration[]): PageLayout {
  const groups = new Map<string, number[]>();
  const strips: number[] = [];
  const texts: number[] = [];
  metrics.forEach((metric, index) => {
    if (metric.kind === 'bool') strips.push(index);
    else if (metric.kind === 'text') texts.push(index);
    else if (isUptime(metric)) return;
    else putInGroup(groups, metric, index);
  });
  const charts: ChartGroup[] = [];
  for (const [id, members] of groups) charts.push(makeGroup(id, members, metrics));
  return { charts, strips, texts };
}

function putInGroup(groups: Map<string, number[]>, metric: MetricDeclaration, index: number): void {
  // A unit says that two can be compared; without one only their names can: `load.1m` and `load.5m`, not gateways and a data rate.
  const alike = metric.unit === '' ? metric.name.replace(/\d+/g, '0') : readNameStem(metric.name);
  const base = `${alike}|${metric.unit}|${metric.kind}`;
  for (let part = 0; ; part++) {
    const id = part === 0 ? base : `${base}|${part}`;
    const members = groups.get(id);
    if (members === undefined) {
      groups.set(id, [index]);
      return;
    }
    if (members.length < seriesPerChartMax) {
      members.push(index);
      return;
    }
  }
}

function makeGroup(id: string, members: readonly number[], metrics: readonly MetricDeclaration[]): ChartGroup {
  const lead = metrics[members[0]!]!;
  const stem = readNameStem(lead.name);
  const isRate = lead.kind === 'counter';
  const isAlone = members.length === 1;
  const labels = shortenLabels(members.map((metric) => trimStem(metrics[metric]!.name, stem)));
  return {
    id,
    title: isAlone ? lead.name : stem,
    unit: isRate ? makeRateUnit(lead.unit) : lead.unit,
    isRate,
    series: members.map((metric, place) => ({
      metric,
      label: isAlone ? '' : labels[place]!,
      colour: (place % 8) + 1,
    })),
  };
}

/** "usage, core.0.usage, core.1.usage" says one word three times: then "usage, core.0, core.1". */
function shortenLabels(labels: readonly string[]): readonly string[] {
  const last = /[._/:][^._/:]+$/.exec(labels.at(-1) ?? '')?.[0];
  if (last === undefined || !labels.every((label) => label.endsWith(last) || label === last.slice(1))) return labels;
  const short = labels.map((label) => (label.endsWith(last) ? label.slice(0, -last.length) : label));
  return new Set(short).size === labels.length && !short.includes('') ? short : labels;
}

/** What grows by an hour's worth has a name for how fast: nobody reads kWh per second. */
const hourly: ReadonlyMap<string, string> = new Map([
  ['Wh', 'W'],
  ['kWh', 'kW'],
  ['MWh', 'MW'],
  ['VAh', 'VA'],
  ['kVAh', 'kVA'],
  ['varh', 'var'],
  ['kvarh', 'kvar'],
  ['Ah', 'A'],
  ['mAh', 'mA'],
  ['m³', 'm³/h'],
]);

export function makeRateUnit(unit: string): string {
  return unit === '' ? '1/s' : (hourly.get(unit) ?? `${unit}/s`);
}

/** Over how many seconds a rate in this unit (of `makeRateUnit`) tells the growth. */
export function rateSecondsOf(rateUnit: string): number {
  for (const rate of hourly.values()) if (rate === rateUnit) return 3_600;
  return 1;
}
