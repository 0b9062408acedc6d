/**
 * Lines, min–max bands and gaps as canvas paths.
 *
 * Owns no state. Invariants: a line never crosses a gap; a lone reading is still seen; NaN rows are another series' buckets,
 * not gaps.
 */
import type uPlot from 'uplot';
import type { ChartColumns, SeriesColumns } from '../core/chart-columns.ts';

export interface Frame {
  readonly left: number;
  readonly bottom: number;
  readonly perMs: number;
  readonly perUnit: number;
  readonly fromMs: number;
  readonly low: number;
}

/** The part of a uPlot that paths are drawn by; `y` may be any of its value scales. */
type Canvas = Pick<uPlot, 'bbox' | 'scales'>;

export function readFrame(u: Canvas): Frame | null {
  const { min: fromMs, max: toMs } = u.scales.x!;
  const { min: low, max: high } = u.scales.y!;
  if (fromMs == null || toMs == null || low == null || high == null) return null;
  const { left, top, width, height } = u.bbox;
  return { left, bottom: top + height, perMs: width / (toMs - fromMs), perUnit: height / (high - low), fromMs, low };
}

export function buildPaths(u: Canvas, times: Float64Array, columns: SeriesColumns): uPlot.Series.Paths | null {
  const frame = readFrame(u);
  if (frame === null) return null;
  const stroke = new Path2D();
  const fill = new Path2D();
  for (const { from, to } of listRuns(times, columns)) {
    addLine(stroke, frame, { times, values: columns.mean, from, to });
    addBand(fill, frame, { times, columns, from, to });
  }
  return { stroke, fill, flags: 0 };
}

/** Stretches of rows without a gap in them. */
export function* listRuns(times: Float64Array, columns: SeriesColumns): Generator<{ from: number; to: number }> {
  for (let row = 0; row < columns.mean.length; ) {
    const end = findRunEnd(times, columns, row);
    if (end > row) yield { from: row, to: end };
    row = Math.max(end, row + 1);
  }
}

/** First row behind the run that starts at `from`; equal to `from` when there is no value at `from`. */
function findRunEnd(times: Float64Array, { mean, gapMs }: SeriesColumns, from: number): number {
  if (Number.isNaN(mean[from]!)) return from;
  let last = from;
  for (let row = from + 1; row < mean.length; row++) {
    if (Number.isNaN(mean[row]!)) continue;
    if (times[row]! - times[last]! > gapMs) break;
    last = row;
  }
  return last + 1;
}

function addLine(
  path: Path2D,
  frame: Frame,
  run: { times: Float64Array; values: Float64Array; from: number; to: number },
): void {
  let started = false;
  let x = 0;
  let y = 0;
  let points = 0;
  for (let row = run.from; row < run.to; row++) {
    const value = run.values[row]!;
    if (Number.isNaN(value)) continue;
    x = frame.left + (run.times[row]! - frame.fromMs) * frame.perMs;
    y = frame.bottom - (value - frame.low) * frame.perUnit;
    if (started) path.lineTo(x, y);
    else path.moveTo(x, y);
    started = true;
    points++;
  }
  if (points !== 1) return;
  path.moveTo(x - 1.5, y);
  path.lineTo(x + 1.5, y);
}

function addBand(
  path: Path2D,
  frame: Frame,
  run: { times: Float64Array; columns: SeriesColumns; from: number; to: number },
): void {
  const { min, max } = run.columns;
  // A band no wider than the line lies under it.
  const least = (1.5 * devicePixelRatio) / frame.perUnit;
  let spread = false;
  for (let row = run.from; row < run.to && !spread; row++) spread = max[row]! - min[row]! > least;
  if (!spread) return;
  let started = false;
  for (let row = run.from; row < run.to; row++) {
    if (Number.isNaN(max[row]!)) continue;
    const x = frame.left + (run.times[row]! - frame.fromMs) * frame.perMs;
    const y = frame.bottom - (max[row]! - frame.low) * frame.perUnit;
    if (started) path.lineTo(x, y);
    else path.moveTo(x, y);
    started = true;
  }
  for (let row = run.to - 1; row >= run.from; row--) {
    if (Number.isNaN(min[row]!)) continue;
    path.lineTo(
      frame.left + (run.times[row]! - frame.fromMs) * frame.perMs,
      frame.bottom - (min[row]! - frame.low) * frame.perUnit,
    );
  }
  path.closePath();
}

/** The gap that a time lies in: between readings, or behind the last one up to `edgeMs`. Before the first there is none. */
export function findGap(
  columns: ChartColumns,
  timeMs: number,
  edgeMs: number,
): { fromMs: number; toMs: number } | null {
  const { times } = columns;
  const gapMs = columns.series.reduce((most, series) => Math.max(most, series.gapMs), 0);
  for (let row = 1; row < times.length; row++) {
    if (times[row]! < timeMs) continue;
    const fromMs = times[row - 1]!;
    return fromMs <= timeMs && times[row]! - fromMs > gapMs ? { fromMs, toMs: times[row]! } : null;
  }
  const last = times.at(-1);
  return last !== undefined && timeMs >= last && edgeMs - last > gapMs ? { fromMs: last, toMs: edgeMs } : null;
}

/** White space with a hatched base line where no series of the chart has readings between two that it has. */
export function hatchGaps(u: uPlot, columns: ChartColumns, colour: string): void {
  const frame = readFrame(u);
  if (frame === null) return;
  const { times } = columns;
  let gapMs = 0;
  for (const series of columns.series) gapMs = Math.max(gapMs, series.gapMs);
  const height = 5 * devicePixelRatio;
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  u.ctx.clip();
  u.ctx.strokeStyle = colour;
  u.ctx.lineWidth = devicePixelRatio;
  u.ctx.beginPath();
  for (let row = 1; row < times.length; row++) {
    if (times[row]! - times[row - 1]! <= gapMs) continue;
    const from = frame.left + (times[row - 1]! - frame.fromMs) * frame.perMs;
    const to = frame.left + (times[row]! - frame.fromMs) * frame.perMs;
    for (let x = Math.max(from, frame.left - height); x < to - height; x += height) {
      u.ctx.moveTo(x, frame.bottom);
      u.ctx.lineTo(x + height, frame.bottom - height);
    }
  }
  u.ctx.stroke();
  u.ctx.restore();
}
