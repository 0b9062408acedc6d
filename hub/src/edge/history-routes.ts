/**
 * GET /api/v1/history: metrics of one or several devices in equal buckets, as JSON for people and as binary columns for the page.
 * No state of its own.
 */
import type { DeviceRoster } from '../core/device-roster.ts';
import type { HistoryAnswer, HistoryPart, HistorySeries, Store } from '../core/ports.ts';
import type { ViewScope } from '../core/shares.ts';
import { checkMetric, findDevice, orNull } from './device-routes.ts';
import { columnsType, encodeColumns } from './history-columns.ts';
import { writeHistoryJson } from './history-json.ts';
import { HttpProblem, makeRoute, type Route, type RouteAnswer } from './http-router.ts';
import { type Out, shapes } from './http-shapes.ts';
import type { Principal } from './sign-in-desk.ts';

export interface HistoryRouteParts {
  readonly roster: DeviceRoster;
  readonly store: Store;
  /** What somebody may see; null: everything. */
  readonly scopeOf: (principal: Principal | null) => ViewScope | null;
}
type HistoryInput = Out<typeof shapes.historyQuery>;

/** JSON of more numbers than this is written in pieces: some two milliseconds of the main thread. */
const jsonNumbersMax = 16_384;

export function makeHistoryRoute({ roster, store, scopeOf }: HistoryRouteParts): Route {
  return makeRoute({
    method: 'GET',
    path: '/api/v1/history',
    access: 'scoped',
    summary:
      'Metrics of devices in equal buckets: count, min, max, mean, sum, first, last; rate, gaps and readings on request',
    query: shapes.historyQuery,
    answer: shapes.history,
    produces: [columnsType],
    handle: async ({ query, signal, accept, principal }) => {
      const [first, ...others] = listParts(roster, query, scopeOf(principal));
      const asked = {
        ...first!,
        others,
        fromMs: query.from,
        toMs: query.to,
        buckets: query.buckets,
        align: query.align,
        increase: query.rate,
        ...(query.gaps === undefined ? {} : { gapIntervals: query.gaps }),
        ...(query.mode === 'buckets' ? {} : { pointsMax: query.points }),
      };
      const answer = await store.history(asked, signal);
      if (query.mode === 'raw') checkPoints(answer);
      const described = describeAnswer(roster, query, answer);
      return accept.includes(columnsType) ? answerColumns(described) : answerJson(described);
    },
  });
}

/** One part per device, in the order asked for; metrics keep theirs within a device. */
function listParts(roster: DeviceRoster, query: HistoryInput, scope: ViewScope | null): HistoryPart[] {
  const wanted = query.series ?? query.metrics!.map((metric) => ({ device: query.device!, metric }));
  const parts = new Map<string, { device: HistoryPart['device']; metrics: number[] }>();
  for (const { device: id, metric } of wanted) {
    // What is out of scope is refused in the words for what does not exist, so that nobody learns which it is.
    const device = findDevice(roster, id, scope);
    checkMetric(device, metric, scope);
    const part = parts.get(id);
    if (part === undefined) parts.set(id, { device: device.key, metrics: [metric] });
    else part.metrics.push(metric);
  }
  return [...parts.values()];
}

function checkPoints({ series }: HistoryAnswer): void {
  if (series.every(({ points, texts }) => points !== null || texts.length > 0)) return;
  throw new HttpProblem(422, 'too-many-readings', {
    message: 'The range holds too many readings to look at one by one, or text, or readings that retention took',
    advice: 'Ask for a shorter range, or with mode=auto.',
  });
}

interface DescribedSeries {
  /** What is told as it is. */
  readonly facts: object;
  /** Float64 columns; NaN where a bucket is empty. */
  readonly columns: Readonly<Record<string, Float64Array>>;
  readonly points: HistorySeries['points'] | undefined;
}
interface DescribedAnswer {
  readonly facts: object;
  readonly series: readonly DescribedSeries[];
}

function describeAnswer(roster: DeviceRoster, query: HistoryInput, answer: HistoryAnswer): DescribedAnswer {
  const { through, edgesMs } = answer;
  const facts = {
    ...(query.device === undefined ? {} : { device: query.device }),
    fromMs: query.from,
    toMs: query.to,
    bucketMs: (query.to - query.from) / query.buckets,
    ...(query.align === 'grid' ? { edgesMs: Array.from(edgesMs) } : {}),
    ...('damaged' in answer ? { damaged: answer.damaged } : {}),
    through,
  };
  return { facts, series: answer.series.map((one) => describeSeries(roster, { query, edgesMs }, one)) };
}

function describeSeries(
  roster: DeviceRoster,
  { query, edgesMs }: { query: HistoryInput; edgesMs: Float64Array },
  series: HistorySeries,
): DescribedSeries {
  const device = roster.deviceOf(series.device)!;
  const { name, unit, kind } = device.metrics[series.metric]!;
  const { count, numbers, min, max, sum, first, last, increase, texts, gaps } = series;
  const mean = sum.map((value, bucket) => value / numbers[bucket]!);
  const rate = increase.map((risen, bucket) => (risen / (edgesMs[bucket + 1]! - edgesMs[bucket]!)) * 1000);
  const told = { device: device.deviceId, metric: series.metric, name, unit, kind };
  return {
    facts: { ...told, texts, ...(query.gaps === undefined ? {} : { gaps }) },
    columns: { count, min, max, mean, sum, first, last, ...(query.rate && kind !== 'text' ? { rate } : {}) },
    points: query.mode === 'buckets' ? undefined : series.points,
  };
}

/** JSON has no NaN: an empty bucket is null. */
function answerJson({ facts, series }: DescribedAnswer): RouteAnswer {
  const numbers = series.reduce((sum, { columns, points }) => sum + countNumbers({ ...columns, ...points }), 0);
  if (numbers > jsonNumbersMax) {
    const stream = (signal: AbortSignal) => writeHistoryJson(facts, series, signal);
    return { status: 200, stream, headers: { 'content-type': 'application/json' } };
  }
  const list = series.map((one) => ({
    ...one.facts,
    ...mapColumns(one.columns),
    ...(one.points === undefined ? {} : { points: one.points === null ? null : mapColumns({ ...one.points }) }),
  }));
  return { status: 200, json: { ...facts, series: list } };
}

function countNumbers(columns: Readonly<Record<string, Float64Array>>): number {
  return Object.values(columns).reduce((sum, { length }) => sum + length, 0);
}

function mapColumns(columns: Readonly<Record<string, Float64Array>>): object {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, Array.from(column, orNull)]));
}

function answerColumns({ facts, series }: DescribedAnswer): RouteAnswer {
  const bytes = encodeColumns(
    facts,
    series.map(({ facts: told, columns, points }) => ({
      facts: told,
      columns: points == null ? columns : { ...columns, timesMs: points.timesMs, values: points.values },
    })),
  );
  for (const { columns, points } of series)
    for (const column of Object.values({ ...columns, ...points })) giveBack(column);
  return { status: 200, bytes, headers: { 'content-type': columnsType } };
}

/** The reader's columns were handed over to this thread and are copied: their memory does not wait for the collector. */
function giveBack({ buffer }: Float64Array): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}
