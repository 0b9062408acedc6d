/**
 * What Explore shows, as a value and as the query of its address: which series, drawn how, compared with what. The time shown is the
 * route's own (app-route.ts), as on every page with a time bar.
 *
 * Owns no state. Invariants: the address says all of it, so a link reproduces the page; `writeExplore(readExplore(x))` is a fixed
 * point; what an address spells wrongly is left out, never a failure. Metrics go by name, which a link keeps when indexes do not.
 */
export interface SeriesName {
  readonly device: string;
  readonly metric: string;
}

/** What is drawn of each bucket. A counter's `mean` is its rate: its height means nothing to an eye. */
export type Aggregate = 'mean' | 'min' | 'max' | 'last' | 'rate';
export const aggregates: readonly Aggregate[] = ['mean', 'min', 'max', 'last', 'rate'];
export type Comparison = 'none' | 'day' | 'week';
const comparisons: readonly Comparison[] = ['none', 'day', 'week'];

export interface ExploreState {
  readonly series: readonly SeriesName[];
  readonly layout: 'one' | 'each';
  readonly aggregate: Aggregate;
  readonly compare: Comparison;
}

export const exploreSeriesMax = 24;
const dayMs = 86_400_000;

export function shiftOf(compare: Comparison): number {
  return { none: 0, day: dayMs, week: 7 * dayMs }[compare];
}

/** `query`: what stands behind the `?`. */
export function readExplore(query: string): ExploreState {
  const params = new Map(query.split('&').map((part) => splitOnce(part, '=')));
  return {
    series: readSeries(params.get('s') ?? ''),
    layout: params.get('layout') === 'each' ? 'each' : 'one',
    aggregate: aggregates.find((name) => name === params.get('draw')) ?? 'mean',
    compare: comparisons.find((name) => name === params.get('compare')) ?? 'none',
  };
}

export function writeExplore(state: ExploreState): string {
  const parts: string[] = [];
  if (state.series.length > 0) parts.push(`s=${state.series.map(writeSeries).join(',')}`);
  if (state.aggregate !== 'mean') parts.push(`draw=${state.aggregate}`);
  if (state.layout !== 'one') parts.push(`layout=${state.layout}`);
  if (state.compare !== 'none') parts.push(`compare=${state.compare}`);
  return parts.join('&');
}

/** `device/metric`; a device id has no slash, so the first one ends it. Commas and the like are spelt, so that they can separate. */
function writeSeries({ device, metric }: SeriesName): string {
  return `${encodeURIComponent(device)}/${encodeURIComponent(metric)}`;
}

function readSeries(text: string): SeriesName[] {
  const found = new Map<string, SeriesName>();
  for (const part of text.split(',')) {
    const [device, metric] = splitOnce(part, '/').map(decode);
    if (device === undefined || metric === undefined || device === '' || metric === '') continue;
    found.set(keyOf({ device, metric }), { device, metric });
  }
  return [...found.values()].slice(0, exploreSeriesMax);
}

export function keyOf({ device, metric }: SeriesName): string {
  return `${device}/${metric}`;
}

/** With the series when it is not there, without it when it is. */
export function toggleSeries(list: readonly SeriesName[], one: SeriesName): readonly SeriesName[] {
  const key = keyOf(one);
  const without = list.filter((other) => keyOf(other) !== key);
  return without.length < list.length ? without : [...list, one].slice(0, exploreSeriesMax);
}

function splitOnce(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
