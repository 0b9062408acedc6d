/**
 * One uPlot chart fed from series buffers: the only file that knows uPlot's options.
 *
 * Owns the uPlot instance, the columns it draws, and whether it is in sight. Invariant: nothing is computed or drawn while out of
 * sight, and then only when the data changed or the window moved by a pixel.
 */
import uPlot from 'uplot';
import { ChartColumns, settleRange } from '../core/chart-columns.ts';
import type { ChartGroup } from '../core/chart-groups.ts';
import type { DeviceTimeline } from '../core/device-timeline.ts';
import type { DeviceRecord } from '../core/feed-state.ts';
import { explainGap } from '../core/gap-cause.ts';
import { formatTicks, formatValue, makeNumberShape, type NumberShape, noValue } from '../core/number-format.ts';
import type { SeriesBuffer } from '../core/series-buffer.ts';
import { bucketsPerRange, splitTime } from '../core/time-range.ts';
import { writeTimeAxis } from './axis-text.ts';
import type { BoardView, DeviceBoard } from './device-board.ts';
import { PlotGestures } from './plot-gestures.ts';
import { buildPaths, findGap, hatchGaps } from './plot-paths.ts';
import { readToken, withAlpha } from './theme-tokens.ts';

export const plotHeight = 160;

export interface PlotParts {
  readonly group: ChartGroup;
  readonly device: DeviceRecord;
  readonly board: DeviceBoard;
  /** Where each series' value is written: at the crosshair, or the latest. */
  readonly values: readonly HTMLElement[];
  /** Where the cause of the gap under the pointer is written. */
  readonly note: HTMLElement;
  readonly nowHubMs: () => number;
}

export class Plot {
  private readonly parts: PlotParts;
  private readonly columns: ChartColumns;
  private readonly chart: uPlot;
  private readonly observers: { disconnect(): void }[];
  private readonly rateShape = makeNumberShape();
  /** How often it was painted. */
  paints = 0;
  private inSight = false;
  private drawnVersion = -1;
  private drawnTimeline: DeviceTimeline | null = null;
  private drawnPixel = Number.NaN;
  private drawnSpanMs = 0;
  private width = 0;
  private window = { fromMs: 0, edgeMs: 1 };
  private yRange: [number, number] | null = null;

  constructor(box: HTMLElement, parts: PlotParts) {
    this.parts = parts;
    this.columns = new ChartColumns(parts.group.series.length, bucketsPerRange + 16);
    this.width = Math.max(120, box.clientWidth);
    this.chart = new uPlot(this.makeOptions(), this.makeEmptyData(), box);
    const sizes = new ResizeObserver(() => this.resize(box.clientWidth));
    sizes.observe(box);
    const sights = new IntersectionObserver((entries) => {
      this.inSight = entries.at(-1)?.isIntersecting === true;
      this.drawnVersion = -1;
    });
    sights.observe(box);
    new PlotGestures(this.chart.over, parts.board, parts.nowHubMs);
    this.observers = [sizes, sights];
    // For tests and for the curious: the data behind the picture.
    (box as { lapwingPlot?: Plot }).lapwingPlot = this;
  }

  get buffers(): SeriesBuffer[] {
    const { group, board } = this.parts;
    return group.series.map((series) => board.timeline.buffers[series.metric]!);
  }

  draw(view: BoardView): void {
    if (!this.inSight) return;
    const pixel = Math.floor((view.edgeMs / (view.edgeMs - view.fromMs)) * this.chart.bbox.width);
    const version = this.parts.board.timeline.version;
    const spanMs = Math.round(view.edgeMs - view.fromMs);
    const { timeline } = this.parts.board;
    const isNew = timeline !== this.drawnTimeline;
    if (version === this.drawnVersion && pixel === this.drawnPixel && spanMs === this.drawnSpanMs && !isNew) return;
    // Another stretch has another scale.
    if (isNew) this.yRange = null;
    this.drawnTimeline = timeline;
    this.drawnSpanMs = spanMs;
    this.drawnVersion = version;
    this.drawnPixel = pixel;
    this.paints++;
    this.window = view;
    this.columns.fill(this.buffers, this.parts.group.isRate);
    // Before the first reading there is no scale to show.
    if (this.columns.low <= this.columns.high)
      this.yRange = settleRange(this.yRange, {
        low: this.columns.low,
        high: this.columns.high,
        unit: this.parts.group.unit,
      });
    this.chart.setData(this.columns.times.length === 0 ? this.makeEmptyData() : this.listColumns());
  }

  /** The theme changed. */
  repaint(): void {
    this.drawnVersion = -1;
    this.chart.redraw(true, true);
  }

  destroy(): void {
    for (const observer of this.observers) observer.disconnect();
    this.chart.destroy();
  }

  writeLegend(): void {
    const { group, device, values } = this.parts;
    const row = this.chart.cursor.idx;
    const { isLive } = this.parts.board;
    const isPointing = row !== null && row !== undefined && (this.chart.cursor.left ?? -1) >= 0;
    group.series.forEach((series, s) => {
      const metric = device.metrics[series.metric]!;
      const columns = this.columns.series[s]!;
      const at = isPointing ? findNear(columns.mean, row) : findLast(columns.mean);
      const value = at < 0 ? Number.NaN : columns.mean[at]!;
      const isLatest =
        isLive && !isPointing && !group.isRate && typeof metric.latest === 'number' && !Number.isNaN(metric.latestMs);
      setText(values[s]!, this.formatLegend(isLatest ? (metric.latest as number) : value, metric.shape));
    });
  }

  /** Why there is nothing under the crosshair; CSS shows it on the chart that the pointer is on. */
  private writeNote(): void {
    const { note, board } = this.parts;
    const left = this.chart.cursor.left ?? -1;
    const { fromMs, edgeMs } = this.window;
    const timeMs = fromMs + (left / (this.chart.bbox.width / devicePixelRatio)) * (edgeMs - fromMs);
    const gap = left < 0 ? null : findGap(this.columns, timeMs, edgeMs);
    if (gap === null) {
      setText(note, '');
      return;
    }
    setText(note, explainGap(board.gaps, gap));
  }

  private formatLegend(value: number, shape: NumberShape): string {
    if (Number.isNaN(value)) return noValue;
    const { unit, isRate } = this.parts.group;
    if (isRate) this.rateShape.decimals = Math.abs(value) >= 100 ? 0 : 2;
    const shown = formatValue(value, unit, isRate ? this.rateShape : shape);
    return shown.unit === unit || shown.unit === '' ? shown.text : `${shown.text}\u2009${shown.unit}`;
  }

  private resize(width: number): void {
    if (width < 40 || width === this.width) return;
    this.width = width;
    this.chart.setSize({ width, height: plotHeight });
    this.drawnVersion = -1;
  }

  private listColumns(): uPlot.AlignedData {
    return [this.columns.times, ...this.columns.series.map((series) => series.mean)] as uPlot.AlignedData;
  }

  /** Two rows of nothing: uPlot draws its axes only when there are rows. */
  private makeEmptyData(): uPlot.AlignedData {
    const nothing = Float64Array.of(Number.NaN, Number.NaN);
    const times = Float64Array.of(this.window.fromMs, this.window.edgeMs);
    return [times, ...this.parts.group.series.map(() => nothing)] as uPlot.AlignedData;
  }

  private makeOptions(): uPlot.Options {
    const { group, device } = this.parts;
    const font = '11px system-ui, sans-serif';
    const grid = { stroke: () => readToken('--grid'), width: 1 };
    return {
      width: this.width,
      height: plotHeight,
      ms: 1,
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: `device ${device.id}`, scales: ['x', null] },
        y: false,
        drag: { x: false, y: false },
        points: { size: 7, width: 2, fill: () => readToken('--surface') },
        dataIdx: (_u, s, near) =>
          s === 0 ? near : findNear(this.columns.series[s - 1]?.mean ?? new Float64Array(0), near),
      },
      scales: {
        x: { time: true, range: () => [this.window.fromMs, this.window.edgeMs] },
        y: { range: () => this.yRange ?? [0, 1] },
      },
      axes: [
        {
          stroke: () => readToken('--muted'),
          font,
          size: 22,
          gap: 5,
          splits: (...[, , min, max, stepMs]) =>
            splitTime(min, max, { stepMs, zoneMs: new Date(min).getTimezoneOffset() * -60_000 }),
          space: () => (this.parts.board.spanMs > 120_000 ? 46 : 74),
          grid: { show: false },
          ticks: { show: false },
          values: (...[, splits, , , stepMs]) => writeTimeAxis(splits, stepMs),
        },
        {
          stroke: () => readToken('--muted'),
          font,
          size: (_u, labels) => Math.max(52, 16 + 6.4 * Math.max(0, ...(labels ?? []).map((label) => label.length))),
          gap: 6,
          space: 30,
          grid,
          ticks: { show: false },
          values: (_u, splits) => (this.yRange === null ? splits.map(() => '') : formatTicks(splits, group.unit)),
        },
      ],
      series: [{}, ...group.series.map((series, s) => this.makeSeries(series.colour, s))],
      hooks: {
        setCursor: [() => this.writeLegend(), () => this.writeNote()],
        drawAxes: [(u: uPlot) => hatchGaps(u, this.columns, readToken('--hatch'))],
      },
    };
  }

  private makeSeries(colour: number, s: number): uPlot.Series {
    const token = `--series-${colour}`;
    return {
      stroke: () => readToken(token),
      fill: () => withAlpha(readToken(token), 0.22),
      width: 1.5,
      points: { show: false },
      paths: (u) => buildPaths(u, this.columns.times, this.columns.series[s]!),
    };
  }
}

/** The row nearest to `near` that has a value, within a few rows: series of one chart need not share every bucket. */
function findNear(values: Float64Array, near: number): number {
  for (let distance = 0; distance <= 12; distance++) {
    if (!Number.isNaN(values[near - distance] ?? Number.NaN)) return near - distance;
    if (!Number.isNaN(values[near + distance] ?? Number.NaN)) return near + distance;
  }
  return -1;
}

function findLast(values: Float64Array): number {
  for (let row = values.length - 1; row >= 0; row--) if (!Number.isNaN(values[row]!)) return row;
  return -1;
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
