/**
 * One chart of any series: two axes by unit, a line drawn as each wants it, dashed lines of another time. The other file that knows
 * uPlot's options; beside plot.ts, whose charts are of one device, one unit and one grid.
 *
 * Owns the uPlot instance and the columns of each line. Invariants as in plot.ts: nothing is computed or drawn while out of sight,
 * and then only when the data changed or the window moved by a pixel; lines have rows of their own, so one never thins another.
 */
import uPlot from 'uplot';
import { settleRange } from '../core/chart-columns.ts';
import { type CsvLine, LineColumns } from '../core/explore-columns.ts';
import type { Aggregate } from '../core/explore-state.ts';
import type { SeriesBuffer } from '../core/series-buffer.ts';
import { makeTimeAxis, makeValueAxis } from './plot-axes.ts';
import { PlotGestures } from './plot-gestures.ts';
import { buildPaths } from './plot-paths.ts';
import { readToken, withAlpha } from './theme-tokens.ts';
import type { StageView, TimeStage } from './time-stage.ts';

export type PlotView = Pick<StageView, 'fromMs' | 'edgeMs' | 'nowHubMs'>;

export interface ExploreLine {
  readonly title: string;
  /** 1…8 */
  readonly colour: number;
  readonly isGhost: boolean;
  readonly axis: 'left' | 'right';
  readonly aggregate: Aggregate;
  readonly isCounter: boolean;
  readonly readBuffer: () => SeriesBuffer | null;
}

export interface ExplorePlotParts {
  readonly lines: readonly ExploreLine[];
  /** By axis; the right one is there if a line is on it. */
  readonly units: { readonly left: string; readonly right: string };
  readonly stage: TimeStage;
  readonly syncKey: string;
  readonly height: () => number;
  readonly readVersion: () => number;
  readonly readIdentity: () => unknown;
  /** The values under the crosshair, NaN for none, and its time; null while nobody points. */
  readonly plotOnPoint: (values: readonly number[], timeMs: number | null, view: PlotView) => void;
}

type Axis = ExploreLine['axis'];
const axes: readonly Axis[] = ['left', 'right'];
const scaleOf: Record<Axis, string> = { left: 'y', right: 'y2' };
/** How far beside a reading the crosshair still means it. */
const reachPixels = 24;

export class ExplorePlot {
  private readonly parts: ExplorePlotParts;
  private readonly columns: readonly LineColumns[];
  private readonly chart: uPlot;
  private readonly ends: (() => void)[];
  private ranges: Record<Axis, [number, number] | null> = { left: null, right: null };
  private inSight = false;
  private drawn: { version: number; identity: unknown; pixel: number; spanMs: number } | null = null;
  private view: PlotView = { fromMs: 0, edgeMs: 1, nowHubMs: 0 };
  private grid = new Float64Array(0);
  private nothing = new Float64Array(0);
  private width: number;
  private tall: number;

  constructor(box: HTMLElement, parts: ExplorePlotParts) {
    this.parts = parts;
    this.columns = parts.lines.map(() => new LineColumns());
    this.width = Math.max(120, box.clientWidth);
    this.tall = parts.height();
    this.chart = new uPlot(this.makeOptions(), this.makeData(), box);
    const sizes = new ResizeObserver(() => this.resize(box.clientWidth));
    sizes.observe(box);
    const sights = new IntersectionObserver((entries) => {
      this.inSight = entries.at(-1)?.isIntersecting === true;
      this.drawn = null;
    });
    sights.observe(box);
    new PlotGestures(this.chart.over, parts.stage);
    this.ends = [
      () => sizes.disconnect(),
      () => sights.disconnect(),
      parts.stage.addDrawer((view) => this.draw(view)),
      parts.stage.addWriter(() => this.tell()),
    ];
    (box as { lapwingPlot?: ExplorePlot }).lapwingPlot = this;
  }

  /** Of the lines that are of this time: what tests count. */
  get buffers(): readonly (SeriesBuffer | null)[] {
    return this.parts.lines.filter(({ isGhost }) => !isGhost).map(({ readBuffer }) => readBuffer());
  }

  get canvas(): HTMLCanvasElement {
    return this.chart.ctx.canvas;
  }

  listCsv(): CsvLine[] {
    return this.parts.lines.map(({ title }, i) => {
      const { times, drawn } = this.columns[i]!;
      return { title, times, values: drawn.mean };
    });
  }

  repaint(): void {
    this.drawn = null;
    this.chart.redraw(true, true);
  }

  destroy(): void {
    for (const end of this.ends) end();
    this.chart.destroy();
  }

  private resize(width: number): void {
    const tall = this.parts.height();
    if (width < 40 || (width === this.width && tall === this.tall)) return;
    this.width = width;
    this.tall = tall;
    this.chart.setSize({ width, height: tall });
    this.drawn = null;
  }

  private draw(view: PlotView): void {
    if (!this.inSight) return;
    const spanMs = Math.round(view.edgeMs - view.fromMs);
    const pixel = Math.floor((view.edgeMs / spanMs) * this.chart.bbox.width);
    const [version, identity] = [this.parts.readVersion(), this.parts.readIdentity()];
    const last = this.drawn;
    const isNew = last === null || last.identity !== identity;
    if (!isNew && last.version === version && last.pixel === pixel && last.spanMs === spanMs) return;
    if (last !== null && last.identity !== identity) this.ranges = { left: null, right: null };
    this.drawn = { version, identity, pixel, spanMs };
    this.view = view;
    this.fill();
    this.chart.setData(this.makeData());
  }

  private fill(): void {
    const { lines, units } = this.parts;
    const extent = { left: { low: Infinity, high: -Infinity }, right: { low: Infinity, high: -Infinity } };
    lines.forEach((line, i) => {
      const columns = this.columns[i]!;
      columns.fill(line.readBuffer(), { ...line, unit: units[line.axis], toMs: this.view.edgeMs });
      const side = extent[line.axis];
      side.low = Math.min(side.low, columns.low);
      side.high = Math.max(side.high, columns.high);
    });
    for (const axis of axes) {
      const { low, high } = extent[axis];
      if (low <= high) this.ranges[axis] = settleRange(this.ranges[axis], { low, high, unit: units[axis] });
    }
  }

  /** uPlot asks its own rows only where the pointer is; the lines are drawn from theirs. So it gets a pixel grid of times. */
  private makeData(): uPlot.AlignedData {
    const { fromMs, edgeMs } = this.view;
    const steps = Math.max(2, Math.min(2_000, Math.round(this.width)));
    if (this.grid.length !== steps) {
      this.grid = new Float64Array(steps);
      this.nothing = new Float64Array(steps).fill(Number.NaN);
    }
    for (let i = 0; i < steps; i++) this.grid[i] = fromMs + ((edgeMs - fromMs) * i) / (steps - 1);
    return [this.grid, ...this.parts.lines.map(() => this.nothing)] as uPlot.AlignedData;
  }

  private tell(): void {
    if (!this.inSight) return;
    const left = this.chart.cursor.left ?? -1;
    const spanMs = this.view.edgeMs - this.view.fromMs;
    const perPixelMs = spanMs / (this.chart.bbox.width / devicePixelRatio);
    const timeMs = left < 0 ? null : this.view.fromMs + left * perPixelMs;
    const values = this.columns.map((columns, i) => {
      const { drawn, times } = columns;
      if (timeMs === null) return drawn.mean[times.length - 1] ?? Number.NaN;
      const bucketMs = this.parts.lines[i]!.readBuffer()?.bucketMs ?? 0;
      const row = columns.findNear(timeMs, Math.max(reachPixels * perPixelMs, bucketMs));
      return row < 0 ? Number.NaN : drawn.mean[row]!;
    });
    this.parts.plotOnPoint(values, timeMs, this.view);
  }

  private makeOptions(): uPlot.Options {
    const hasRight = this.parts.lines.some(({ axis }) => axis === 'right');
    return {
      width: this.width,
      height: this.tall,
      ms: 1,
      padding: [8, hasRight ? 0 : 18, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: this.parts.syncKey, scales: ['x', null] },
        y: false,
        drag: { x: false, y: false },
        points: { show: false },
      },
      scales: {
        x: { time: true, range: () => [this.view.fromMs, this.view.edgeMs] },
        y: { range: () => this.ranges.left ?? [0, 1] },
        y2: { range: () => this.ranges.right ?? [0, 1] },
      },
      axes: [makeTimeAxis(), this.makeAxis('left'), ...(hasRight ? [this.makeAxis('right')] : [])],
      series: [{}, ...this.parts.lines.map((line, i) => this.makeSeries(line, i))],
      hooks: { setCursor: [() => this.tell()] },
    };
  }

  private makeAxis(axis: Axis): uPlot.Axis {
    const made = makeValueAxis(this.parts.units[axis], () => this.ranges[axis] !== null);
    // One grid is enough to read by; a second one beside it could not be told apart.
    const grid = { ...made.grid, show: axis === 'left' };
    return { ...made, grid, scale: scaleOf[axis], side: axis === 'left' ? 3 : 1 };
  }

  private makeSeries({ colour, isGhost, axis }: ExploreLine, i: number): uPlot.Series {
    const token = `--series-${colour}`;
    const scale = scaleOf[axis];
    return {
      scale,
      stroke: () => (isGhost ? withAlpha(readToken(token), 0.6) : readToken(token)),
      width: isGhost ? 1.25 : 1.5,
      ...(isGhost ? { dash: [5, 4] } : { fill: () => withAlpha(readToken(token), 0.18) }),
      points: { show: false },
      paths: (u) => {
        const { times, drawn } = this.columns[i]!;
        const paths = buildPaths({ bbox: u.bbox, scales: { x: u.scales.x!, y: u.scales[scale]! } }, times, drawn);
        return paths !== null && isGhost ? { ...paths, fill: null } : paths;
      },
    };
  }
}
