/**
 * Which series share a chart, on which axis, and what each is called there.
 *
 * Owns no state. Invariants: a chart has at most two units, the left axis that of its first series; every series is in exactly one
 * chart; a series keeps its colour whatever the layout.
 */
import { makeRateUnit } from './chart-groups.ts';
import { isRateOf } from './explore-columns.ts';
import type { Aggregate, ExploreState, SeriesName } from './explore-state.ts';

export interface GroupedLine {
  /** In the list of series. */
  readonly place: number;
  readonly label: string;
  readonly axis: 'left' | 'right';
  readonly colour: number;
  readonly unit: string;
}
export interface LineGroup {
  readonly id: string;
  readonly lines: readonly GroupedLine[];
  readonly units: { readonly left: string; readonly right: string };
}

/** What is known of a series: before that, it stands by itself with no unit. */
export interface KnownSeries {
  readonly deviceName: string;
  readonly unit: string;
  readonly isCounter: boolean;
}

export function unitOf(known: Pick<KnownSeries, 'unit' | 'isCounter'> | undefined, aggregate: Aggregate): string {
  if (known === undefined) return '';
  return isRateOf(aggregate, known.isCounter) ? makeRateUnit(known.unit) : known.unit;
}

export function groupSeries(
  state: Pick<ExploreState, 'series' | 'layout' | 'aggregate'>,
  knownAt: (place: number) => KnownSeries | undefined,
): readonly LineGroup[] {
  const units = state.series.map((_, place) => unitOf(knownAt(place), state.aggregate));
  const labels = labelSeries(state.series, (place) => knownAt(place)?.deviceName);
  const makeLine = (place: number, left: string): GroupedLine => ({
    place,
    label: labels[place]!,
    axis: units[place] === left ? 'left' : 'right',
    colour: (place % 8) + 1,
    unit: units[place]!,
  });
  if (state.layout === 'each') {
    return state.series.map((_, place) => {
      const unit = units[place]!;
      return { id: `each ${place}`, lines: [makeLine(place, unit)], units: { left: unit, right: '' } };
    });
  }
  const distinct = [...new Set(units)];
  const groups: LineGroup[] = [];
  for (let i = 0; i < distinct.length; i += 2) {
    const [left = '', right = ''] = distinct.slice(i, i + 2);
    const hasRight = i + 1 < distinct.length;
    const mine = state.series.flatMap((_, place) =>
      units[place] === left || (hasRight && units[place] === right) ? [makeLine(place, left)] : [],
    );
    groups.push({ id: `units ${i}`, lines: mine, units: { left, right } });
  }
  return groups;
}

/** As short as tells them apart: what all have in common is said once, elsewhere. */
export function labelSeries(
  series: readonly SeriesName[],
  nameAt: (place: number) => string | undefined = () => undefined,
): readonly string[] {
  const isOneDevice = new Set(series.map(({ device }) => device)).size === 1;
  const isOneMetric = new Set(series.map(({ metric }) => metric)).size === 1;
  return series.map(({ device, metric }, place) => {
    const name = nameAt(place) ?? device;
    if (isOneDevice && !isOneMetric) return metric;
    if (isOneMetric && !isOneDevice) return name;
    return `${name} · ${metric}`;
  });
}
