/**
 * Draws a series onto its chart. uPlot could, but it joins lines with arcs and draws every point: where there are more points than
 * pixels that costs twenty times as much as what can be seen.
 *
 * Owns no state. Invariant: where points are dense, each column of pixels shows the lowest and highest reading in it, and the mean.
 */
import type uPlot from 'uplot';
import type { ChartColumns, SeriesColumns } from '../core/chart-columns.ts';
import { buildPaths, type Frame, listRuns, readFrame } from './plot-paths.ts';
import { readToken, withAlpha } from './theme-tokens.ts';

/** Points for each pixel from which on a line is drawn by columns of pixels. */
const densePointsPerPixel = 0.5;
const lineWidth = 1.5;

export interface SeriesLook {
  /** 1…8: which of the series colours. */
  readonly colour: number;
  readonly isDashed?: boolean;
}

interface Ink {
  readonly line: Path2D;
  readonly band: Path2D;
  /** Hairlines of one device pixel, which every rasteriser has a short way for. */
  readonly isHair: boolean;
}

export function drawSeries(u: uPlot, columns: ChartColumns, { s, look }: { s: number; look: SeriesLook }): void {
  const { ctx, bbox } = u;
  const ink = makeInk(u, columns, s);
  if (ink === null) return;
  const colour = readToken(`--series-${look.colour}`);
  const shade = withAlpha(colour, 0.22);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineJoin = 'bevel';
  ctx.lineWidth = 1;
  ctx.strokeStyle = shade;
  ctx.fillStyle = shade;
  if (ink.isHair) ctx.stroke(ink.band);
  else ctx.fill(ink.band);
  ctx.lineWidth = ink.isHair ? Math.max(1, Math.floor(devicePixelRatio)) : lineWidth * devicePixelRatio;
  ctx.strokeStyle = colour;
  if (look.isDashed === true) ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.stroke(ink.line);
  ctx.restore();
}

function makeInk(u: uPlot, { times, series }: ChartColumns, s: number): Ink | null {
  const frame = readFrame(u);
  const columns = series[s];
  if (frame === null || columns === undefined) return null;
  const isDense = times.length > (u.bbox.width / devicePixelRatio) * densePointsPerPixel;
  if (!isDense) {
    const paths = buildPaths(u, times, columns);
    return paths === null ? null : { line: paths.stroke as Path2D, band: paths.fill as Path2D, isHair: false };
  }
  const ink = { line: new Path2D(), band: new Path2D(), isHair: true };
  for (const run of listRuns(times, columns)) addPixels(ink, frame, { times, columns, ...run });
  return ink;
}

function addPixels(
  { line, band }: Ink,
  frame: Frame,
  { times, columns, from, to }: { times: Float64Array; columns: SeriesColumns; from: number; to: number },
): void {
  const yOf = (value: number) => frame.bottom - (value - frame.low) * frame.perUnit;
  let points = 0;
  for (let row = from; row < to; ) {
    const x = Math.floor(frame.left + (times[row]! - frame.fromMs) * frame.perMs);
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    let sum = 0;
    let count = 0;
    for (; row < to && Math.floor(frame.left + (times[row]! - frame.fromMs) * frame.perMs) <= x; row++) {
      const mean = columns.mean[row]!;
      if (Number.isNaN(mean)) continue;
      if (columns.min[row]! < low) low = columns.min[row]!;
      if (columns.max[row]! > high) high = columns.max[row]!;
      sum += mean;
      count++;
    }
    if (count === 0) continue;
    const y = yOf(sum / count);
    if (points === 0) line.moveTo(x + 0.5, y);
    else line.lineTo(x + 0.5, y);
    points++;
    if ((high - low) * frame.perUnit <= lineWidth) continue;
    band.moveTo(x + 0.5, yOf(low));
    band.lineTo(x + 0.5, yOf(high));
  }
  // A lone reading is still seen.
  if (points === 1) addDot(line, frame, { atMs: times[from]!, y: yOf(columns.mean[from]!) });
}

function addDot(line: Path2D, frame: Frame, { atMs, y }: { atMs: number; y: number }): void {
  const x = frame.left + (atMs - frame.fromMs) * frame.perMs;
  line.moveTo(x - 1.5, y);
  line.lineTo(x + 1.5, y);
}
