/**
 * The readings themselves, thinned out to what a chart can show: MinMaxLTTB.
 *
 * First the least and the greatest of each of several small bins, then of these the points that span the largest triangles (Van Der
 * Donckt et al. 2023, "MinMaxLTTB"; Steinarsson 2013). First and last readings and the extremes are kept. No state.
 */
import { findStart, type Source } from './history-series.ts';

/** More readings than this are not looked at one by one: 16 bytes each, and as many again while they are put in order. */
export const pointReadingsMax = 200_000;
/** Points left for the triangles, for each that is wanted: the paper's value. */
const preselectRatio = 4;

export interface Points {
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
}

/** In order of (time, source). Null where the range holds too many, or where some cannot be read. */
export function collectPoints(
  sources: readonly Source[],
  asked: { count: Float64Array; range: { fromMs: number; toMs: number }; pointsMax: number },
): Points | null {
  const total = asked.count.reduce((sum, count) => sum + count, 0);
  if (total > pointReadingsMax) return null;
  const timesMs = new Float64Array(total);
  const values = new Float64Array(total);
  let length = 0;
  for (const source of sources) {
    const run = source.readRun();
    if (run?.values == null) return null;
    for (let i = findStart(run, asked.range.fromMs); i < run.length && run.times[i]! < asked.range.toMs; i++) {
      timesMs[length] = run.times[i]!;
      values[length++] = run.values[i]!;
    }
  }
  return thinOut(
    sortPoints({ timesMs: timesMs.subarray(0, length), values: values.subarray(0, length) }),
    asked.pointsMax,
  );
}

function sortPoints(points: Points): Points {
  const { timesMs, values } = points;
  if (timesMs.every((time, i) => i === 0 || time >= timesMs[i - 1]!)) return points;
  const order = Uint32Array.from(timesMs.keys()).sort((a, b) => timesMs[a]! - timesMs[b]! || a - b);
  return { timesMs: Float64Array.from(order, (i) => timesMs[i]!), values: Float64Array.from(order, (i) => values[i]!) };
}

/** At most `pointsMax` of them, at least 2. NaN is left out only where points are left out anyway. */
export function thinOut(points: Points, pointsMax: number): Points {
  if (points.timesMs.length <= pointsMax) return points;
  const finite = pickWhere(points, (i) => !Number.isNaN(points.values[i]!));
  if (finite.timesMs.length <= pointsMax) return finite;
  if (pointsMax <= 2) return pick(finite, [0, finite.timesMs.length - 1].slice(0, pointsMax));
  return pickTriangles(pickExtremes(finite, pointsMax), pointsMax);
}

function pick({ timesMs, values }: Points, indexes: readonly number[]): Points {
  return {
    timesMs: Float64Array.from(indexes, (i) => timesMs[i]!),
    values: Float64Array.from(indexes, (i) => values[i]!),
  };
}

function pickWhere(points: Points, keeps: (i: number) => boolean): Points {
  return pick(points, Array.from(points.timesMs.keys()).filter(keeps));
}

function pickExtremes(points: Points, pointsMax: number): Points {
  const { values } = points;
  const inner = values.length - 2;
  const bins = (pointsMax - 2) * (preselectRatio / 2);
  if (bins * 2 >= inner) return points;
  const kept = [0];
  for (let bin = 0; bin < bins; bin++) {
    const start = 1 + Math.floor((bin * inner) / bins);
    const end = 1 + Math.floor(((bin + 1) * inner) / bins);
    let least = start;
    let greatest = start;
    for (let i = start + 1; i < end; i++) {
      if (values[i]! < values[least]!) least = i;
      if (values[i]! > values[greatest]!) greatest = i;
    }
    kept.push(Math.min(least, greatest));
    if (least !== greatest) kept.push(Math.max(least, greatest));
  }
  kept.push(values.length - 1);
  return pick(points, kept);
}

function pickTriangles(points: Points, pointsMax: number): Points {
  const { timesMs, values } = points;
  const inner = values.length - 2;
  const bins = pointsMax - 2;
  const startOf = (bin: number) => 1 + Math.floor((bin * inner) / bins);
  const kept = [0];
  for (let bin = 0; bin < bins; bin++) {
    const nextStart = startOf(bin + 1);
    const nextEnd = bin + 1 < bins ? startOf(bin + 2) : values.length;
    const next = { timeMs: averageOf(timesMs, nextStart, nextEnd), value: averageOf(values, nextStart, nextEnd) };
    const before = kept.at(-1)!;
    let largest = -1;
    let chosen = startOf(bin);
    for (let i = startOf(bin); i < nextStart; i++) {
      const area = Math.abs(
        (timesMs[before]! - next.timeMs) * (values[i]! - values[before]!) -
          (timesMs[before]! - timesMs[i]!) * (next.value - values[before]!),
      );
      if (area > largest) {
        largest = area;
        chosen = i;
      }
    }
    kept.push(chosen);
  }
  kept.push(values.length - 1);
  return pick(points, kept);
}

function averageOf(list: Float64Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += list[i]!;
  return sum / (end - start);
}
