/**
 * What a chart says in words: the values and the time under the crosshair, the newest ones when nobody points, and why there is
 * nothing where there is nothing.
 *
 * Owns no elements: it writes into those it was given, and only what changed.
 */
import type uPlot from 'uplot';
import type { ChartColumns } from '../core/chart-columns.ts';
import { formatValue, makeNumberShape, type NumberShape, noValue, thinSpace } from '../core/number-format.ts';
import { formatCrosshair } from './clock-text.ts';
import { findGap } from './plot-paths.ts';
import type { StageView, TimeStage } from './time-stage.ts';

export interface PlotTexts {
  /** Where each series' value is written. */
  readonly values: readonly HTMLElement[];
  /** The time under the crosshair; empty while nobody points. */
  readonly time?: HTMLElement;
  /** Where the cause of the gap under the pointer is written. */
  readonly note?: HTMLElement;
  /** How a series' numbers look. */
  readonly shapeOf: (series: number) => NumberShape;
  /** The newest reading of a series; NaN for none. Shown while live, when nobody points. */
  readonly latestOf?: (series: number) => number;
  /** What lies at a stretch without readings, in words; sample time. */
  readonly explainGap?: (gap: { fromMs: number; toMs: number }) => string;
  /** What else is under the crosshair: an event. */
  readonly explainAt?: (timeMs: number, reachMs: number) => string;
}

/** As much of a plot as its words depend on. */
export interface LegendParts {
  readonly series: readonly object[];
  readonly unit: string;
  /** Counters, drawn as growth per second. */
  readonly isRate: boolean;
  readonly stage: TimeStage;
  readonly texts: PlotTexts;
}

/** So near to an end of the chart a time is not pushed further. */
const timeHalfWidth = 36;

export class PlotLegend {
  private readonly parts: LegendParts;
  private readonly columns: ChartColumns;
  private readonly rateShape = makeNumberShape();

  constructor(parts: LegendParts, columns: ChartColumns) {
    this.parts = parts;
    this.columns = columns;
  }

  write(chart: uPlot, view: StageView): void {
    const { texts, series, isRate, stage } = this.parts;
    const row = chart.cursor.idx;
    const left = chart.cursor.left ?? -1;
    const isPointing = row !== null && row !== undefined && left >= 0;
    for (let s = 0; s < series.length; s++) {
      const { mean } = this.columns.series[s]!;
      const at = isPointing ? this.columns.findNear(s, row) : this.columns.findLast(s);
      let value = at < 0 ? Number.NaN : mean[at]!;
      if (stage.isLive && !isPointing && !isRate) {
        const latest = texts.latestOf?.(s) ?? Number.NaN;
        if (!Number.isNaN(latest)) value = latest;
      }
      const element = texts.values[s];
      if (element !== undefined) setText(element, this.formatLegend(value, texts.shapeOf(s)));
    }
    const perPixelMs = (view.edgeMs - view.fromMs) / (chart.bbox.width / devicePixelRatio);
    const timeMs = view.fromMs + left * perPixelMs;
    if (texts.time !== undefined) this.writeTime(texts.time, { chart, left, timeMs, view });
    if (texts.note !== undefined)
      setText(texts.note, left < 0 ? '' : this.explain(timeMs, { view, reachMs: perPixelMs * 5 }));
  }

  /** Below the crosshair, in the place of the axis' labels. */
  private writeTime(
    element: HTMLElement,
    at: { readonly chart: uPlot; readonly left: number; readonly timeMs: number; readonly view: StageView },
  ): void {
    const { chart, left, timeMs, view } = at;
    if (left < 0) {
      setText(element, '');
      return;
    }
    setText(element, formatCrosshair(this.parts.stage.toHubMs(timeMs), view.edgeMs - view.fromMs, view.nowHubMs));
    const middle = chart.root.offsetLeft + chart.bbox.left / devicePixelRatio + left;
    const reach = chart.root.offsetLeft + chart.width - timeHalfWidth;
    element.style.left = `${Math.round(Math.min(reach, Math.max(timeHalfWidth, middle)))}px`;
  }

  /** CSS shows it on the chart that the pointer is on. */
  private explain(timeMs: number, look: { readonly view: StageView; readonly reachMs: number }): string {
    const { texts } = this.parts;
    const event = texts.explainAt?.(timeMs, look.reachMs) ?? '';
    if (event !== '') return event;
    const gap = findGap(this.columns, timeMs, look.view.edgeMs);
    return gap === null ? '' : (texts.explainGap?.(gap) ?? '');
  }

  private formatLegend(value: number, shape: NumberShape): string {
    if (Number.isNaN(value)) return noValue;
    const { unit, isRate } = this.parts;
    if (isRate) this.rateShape.decimals = Math.abs(value) >= 100 ? 0 : 2;
    const shown = formatValue(value, unit, isRate ? this.rateShape : shape);
    return shown.unit === unit || shown.unit === '' ? shown.text : `${shown.text}${thinSpace}${shown.unit}`;
  }
}

/** Into the text that stands there already: another one in its place is laid out anew. */
function setText(element: HTMLElement, text: string): void {
  const node = element.firstChild as Text | null;
  if (node === null || text === '') element.textContent = text;
  else if (node.data !== text) node.data = text;
}
