/** History answers of the mock hub, worked out from the kept batches one reading at a time: plain, slow, and right. No state. */
import type { MockDevice } from './mock-fleet.ts';

export interface MockHistoryQuery {
  readonly metrics: readonly number[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly buckets: number;
}

export function answerHistory(device: MockDevice, query: MockHistoryQuery): object {
  const bucketMs = (query.toMs - query.fromMs) / query.buckets;
  return {
    device: device.id,
    fromMs: query.fromMs,
    toMs: query.toMs,
    bucketMs,
    through: [{ stream: device.stream, seq: device.seq }],
    series: query.metrics.map((metric) => answerSeries(device, metric, query)),
  };
}

function answerSeries(device: MockDevice, metric: number, query: MockHistoryQuery): object {
  const { fromMs, toMs, buckets } = query;
  const bucketMs = (toMs - fromMs) / buckets;
  const held: number[][] = Array.from({ length: buckets }, () => []);
  const texts: { timeMs: number; value: string }[] = [];
  const declared = device.metrics[metric]!;
  for (const batch of device.batches) {
    batch.times.forEach((timeMs, row) => {
      const value = batch.values[metric]![row]!;
      if (timeMs < fromMs || timeMs >= toMs || value === null) return;
      if (typeof value === 'string') {
        if (texts.at(-1)?.value !== value) texts.push({ timeMs, value });
      } else held[Math.floor((timeMs - fromMs) / bucketMs)]!.push(value);
    });
  }
  const each = (pick: (values: number[]) => number) =>
    held.map((values) => (values.length === 0 ? null : pick(values)));
  return {
    metric,
    name: declared.name,
    unit: declared.unit,
    kind: declared.kind,
    count: held.map((values) => values.length),
    min: each((values) => Math.min(...values)),
    max: each((values) => Math.max(...values)),
    mean: each((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    first: each((values) => values[0]!),
    last: each((values) => values.at(-1)!),
    texts,
  };
}
