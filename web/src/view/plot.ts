/**
 * One uPlot chart fed from series buffers: the only file that knows uPlot's options.
 *
 * Owns the uPlot instance, the columns it draws, and whether it is in sight. Knows neither device nor page: it gets its data as a
 * source and its time as a stage. Invariant: nothing is computed or drawn while out of sight, and then only when the data changed or
 * the window moved by a pixel.
 */
import uPlot from 'uplot';
import { ChartColumns, settleRange } from '../core/chart-columns.ts';
import { rateSecondsOf } from '../core/chart-groups.ts';
import type { SeriesBuffer } from '../core/series-buffer.ts';
import { makeTimeAxis, makeValueAxis } from './plot-axes.ts';
import { PlotGestures } from './plot-gestures.ts';
import { drawSeries } from './plot-ink.ts';
import { PlotLegend, type PlotTexts } from './plot-legend.ts';
import { drawMarks, type PlotMarks } from './plot-marks.ts';
import { hatchGaps } from './plot-paths.ts';
import { readToken } from './theme-tokens.ts';
import type { StageView, TimeStage } from './time-stage.ts';

export const plotHeight = 160;

/** Where a plot's data comes from. All buffers of a plot are on one grid. */
export interface PlotSource {
  /** One per series; null while there is none, as for a metric that has just been declared. */
  readonly readBuffers: () => readonly (SeriesBuffer | null | undefined)[];
  /** Changes with any change of the buffers' content. */
  readonly readVersion: () => number;
  /** Another stretch or grid has another identity: the scale then starts afresh. */
  readonly readIdentity: () => unknown;
}

export interface PlotSeries {
  /** 1…8: which of the series colours. */
  readonly colour: number;
  /** Drawn dashed: another time, beside the same metric now. */
  readonly isDashed?: boolean;
}

export interface PlotParts {
  readonly series: readonly PlotSeries[];
  readonly unit: string;
  /** Counters, drawn as growth per second. */
  readonly isRate: boolean;
  readonly source: PlotSource;
  readonly stage: TimeStage;
  /** Plots with the same key share the crosshair. */
  readonly syncKey: string;
  readonly texts: PlotTexts;
  /** What stands on the chart beside its lines: events, late stretches. */
  readonly marks?: PlotMarks;
  readonly height?: number;
}

export class Plot {
  /** How often it was painted. */
  paints = 0;
  readonly columns: ChartColumns;
  private readonly parts: PlotParts;
  private readonly chart: uPlot;
  private readonly legend: PlotLegend;
  private readonly ends: (() => void)[];
  private inSight = false;
  private drawnVersion = -1;
  private drawnMarks = -1;
  private drawnIdentity: unknown = null;
  private drawnPixel = Number.NaN;
  private drawnSpanMs = 0;
  private width = 0;
  private window: StageView = { fromMs: 0, edgeMs: 1, nowHubMs: 0, isBeat: true };
  private yRange: [number, number] | null = null;

  /** Draws and writes by itself from now on, until `destroy`. */
  constructor(box: HTMLElement, parts: PlotParts) {
    this.parts = parts;
    this.columns = new ChartColumns(parts.series.length);
    this.width = Math.max(120, box.clientWidth);
    this.legend = new PlotLegend(parts, this.columns);
    this.chart = new uPlot(this.makeOptions(), this.makeEmptyData(), box);
    const sizes = new ResizeObserver(() => this.resize(box.clientWidth));
    sizes.observe(box);
    const sights = new IntersectionObserver((entries) => {
      this.inSight = entries.at(-1)?.isIntersecting === true;
      this.drawnVersion = -1;
      if (!this.inSight) parts.stage.setWeight(this, 0);
    });
    sights.observe(box);
    new PlotGestures(this.chart.over, parts.stage);
    this.ends = [
      () => sizes.disconnect(),
      () => sights.disconnect(),
      () => parts.stage.setWeight(this, 0),
      parts.stage.addDrawer((view) => this.draw(view)),
      parts.stage.addWriter(() => this.inSight && this.legend.write(this.chart, this.window)),
    ];
    // For tests and for the curious: the data behind the picture.
    (box as { lapwingPlot?: Plot }).lapwingPlot = this;
  }

  get buffers(): readonly (SeriesBuffer | null | undefined)[] {
    return this.parts.source.readBuffers();
  }

  private draw(view: StageView): void {
    if (!this.inSight) return;
    const { source, marks, stage } = this.parts;
    const pixel = Math.floor((view.edgeMs / (view.edgeMs - view.fromMs)) * this.chart.bbox.width);
    const version = source.readVersion();
    const marksVersion = marks?.readVersion() ?? 0;
    const spanMs = Math.round(view.edgeMs - view.fromMs);
    const identity = source.readIdentity();
    const isNew = identity !== this.drawnIdentity;
    // Much to draw: what moves by a pixel or two may wait for the next beat.
    const isDue = this.drawnVersion === -1 || isNew || spanMs !== this.drawnSpanMs;
    if (stage.isCalm && !view.isBeat && !isDue) return;
    const isSame = version === this.drawnVersion && pixel === this.drawnPixel && spanMs === this.drawnSpanMs;
    if (isSame && !isNew && marksVersion === this.drawnMarks) return;
    // Another stretch has another scale.
    if (isNew) this.yRange = null;
    this.drawnIdentity = identity;
    this.drawnSpanMs = spanMs;
    this.drawnVersion = version;
    this.drawnMarks = marksVersion;
    this.drawnPixel = pixel;
    this.paints++;
    this.window = view;
    this.fillColumns(view);
    stage.setWeight(this, this.columns.times.length * this.columns.series.length);
    this.chart.setData(this.columns.times.length === 0 ? this.makeEmptyData() : this.listColumns());
  }

  private fillColumns(view: StageView): void {
    const { unit, isRate } = this.parts;
    this.columns.fill(this.buffers, { isRate, rateSeconds: rateSecondsOf(unit), toMs: view.edgeMs });
    const { low, high } = this.columns;
    // Before the first reading there is no scale to show.
    if (low <= high) this.yRange = settleRange(this.yRange, { low, high, unit });
  }

  /** The theme changed. */
  repaint(): void {
    this.drawnVersion = -1;
    this.chart.redraw(true, true);
  }

  /** The chart as a picture, for whoever wants to keep it. */
  get canvas(): HTMLCanvasElement {
    return this.chart.ctx.canvas;
  }

  destroy(): void {
    for (const end of this.ends) end();
    this.chart.destroy();
  }

  private resize(width: number): void {
    if (width < 40 || width === this.width) return;
    this.width = width;
    this.chart.setSize({ width, height: this.parts.height ?? plotHeight });
    this.drawnVersion = -1;
  }

  private listColumns(): uPlot.AlignedData {
    return [this.columns.times, ...this.columns.series.map((series) => series.mean)] as uPlot.AlignedData;
  }

  /** Two rows of nothing: uPlot draws its axes only when there are rows. */
  private makeEmptyData(): uPlot.AlignedData {
    const nothing = Float64Array.of(Number.NaN, Number.NaN);
    const times = Float64Array.of(this.window.fromMs, this.window.edgeMs);
    return [times, ...this.parts.series.map(() => nothing)] as uPlot.AlignedData;
  }

  private makeOptions(): uPlot.Options {
    return {
      width: this.width,
      height: this.parts.height ?? plotHeight,
      ms: 1,
      padding: [8, 18, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: this.parts.syncKey, scales: ['x', null] },
        y: false,
        drag: { x: false, y: false },
        points: { size: 7, width: 2, fill: () => readToken('--surface') },
        dataIdx: (_u, s, near) => (s === 0 ? near : this.columns.findNear(s - 1, near)),
      },
      scales: {
        x: { time: true, range: () => [this.window.fromMs, this.window.edgeMs] },
        y: { range: () => this.yRange ?? [0, 1] },
      },
      axes: [makeTimeAxis(), makeValueAxis(this.parts.unit, () => this.yRange !== null)],
      series: [{}, ...this.parts.series.map(makeSeries)],
      hooks: {
        setCursor: [(u: uPlot) => this.legend.write(u, this.window)],
        drawSeries: [
          (u: uPlot, s: number) => s > 0 && drawSeries(u, this.columns, { s: s - 1, look: this.parts.series[s - 1]! }),
        ],
        drawAxes: [
          (u: uPlot) => hatchGaps(u, this.columns, readToken('--hatch')),
          (u: uPlot) => this.parts.marks && drawMarks(u, this.parts.marks),
        ],
      },
    };
  }
}

function makeSeries({ colour }: PlotSeries): uPlot.Series {
  return {
    stroke: () => readToken(`--series-${colour}`),
    width: 1.5,
    points: { show: false },
    // Drawn by ourselves: uPlot joins lines with arcs, which costs several times as much as the line itself.
    paths: () => null,
  };
}
