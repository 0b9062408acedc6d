/** One chart of Explore or of a board, with its legend. Owns the plot; its numbers are written outside of rendering. */
import { useEffect, useRef } from 'preact/hooks';
import '../style/explore.css';
import type { LineGroup } from '../core/explore-groups.ts';
import { type Aggregate, keyOf } from '../core/explore-state.ts';
import { formatValue, makeNumberShape, noValue, thinSpace } from '../core/number-format.ts';
import { useApp } from './app-context.ts';
import { formatCrosshair } from './clock-text.ts';
import { type ExploreLine, ExplorePlot, type PlotView } from './explore-plot.ts';
import type { SeriesSource } from './explore-source.ts';
import type { TimeStage } from './time-stage.ts';

export interface ExploreChartProps {
  readonly group: LineGroup;
  readonly source: SeriesSource;
  readonly stage: TimeStage;
  readonly aggregate: Aggregate;
  /** '' for none. */
  readonly ghostLabel: string;
  readonly syncKey: string;
  readonly height: number | ((box: HTMLElement) => number);
  readonly plotRef?: (plot: ExplorePlot | null) => void;
}

export function ExploreChart(props: ExploreChartProps) {
  const { group, source, stage, aggregate, ghostLabel, syncKey, height, plotRef } = props;
  const app = useApp();
  const card = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLDivElement>(null);
  // A metric that comes to be known may have another unit or kind: the lines are then others.
  const look = group.lines.map(({ place, axis, unit }) => `${keyOf(source.names[place]!)} ${axis} ${unit}`).join();
  useEffect(() => {
    const values = [...card.current!.querySelectorAll<HTMLElement>('[data-value]')];
    const time = card.current!.querySelector<HTMLElement>('[data-time]')!;
    const lines = makeLines(props);
    const plot = new ExplorePlot(box.current!, {
      lines,
      units: group.units,
      stage,
      syncKey,
      height: () => (typeof height === 'number' ? height : height(box.current!)),
      readVersion: () => source.version,
      readIdentity: () => source.identity,
      plotOnPoint: (told, timeMs, view) =>
        writeLegend({ group, source, aggregate, values, time }, { told, timeMs, view }),
    });
    plotRef?.(plot);
    const endTheme = app.model.isDark.subscribe(() => plot.repaint());
    return () => {
      plotRef?.(null);
      endTheme();
      plot.destroy();
    };
  }, [source, look, aggregate, ghostLabel]);
  return (
    <div class="explore-chart" ref={card}>
      <ul class="legend explore-legend">
        {group.lines.map(({ place, label, colour, axis }) => (
          <li key={place} title={keyOf(source.names[place]!)}>
            <span class={`legend-line series-${colour}`} aria-hidden="true" />
            <LineLabel text={label} />
            <span class="legend-value" data-value />
            {group.units.right !== '' && <span class="legend-axis">{axis === 'left' ? '◂' : '▸'}</span>}
          </li>
        ))}
        {ghostLabel !== '' && (
          <li class="legend-ghost">
            <span class="legend-line is-dashed" aria-hidden="true" />
            <span class="legend-label">{ghostLabel}</span>
          </li>
        )}
      </ul>
      <div class="chart-box" ref={box} />
      <p class="cross-time" data-time />
    </div>
  );
}

/** What does not fit goes from its middle: the metric stands at the end, and is what tells two lines of a device apart. */
function LineLabel({ text }: { text: string }) {
  const cut = Math.max(text.lastIndexOf(' · '), text.length - tailMax);
  return (
    <span class="legend-label">
      <span class="label-head">{text.slice(0, cut)}</span>
      <span class="label-tail">{text.slice(cut)}</span>
    </span>
  );
}

/** Ghosts first: what is now lies on top. */
function makeLines({ group, source, aggregate, ghostLabel }: ExploreChartProps): ExploreLine[] {
  const now = group.lines.map(({ place, colour, axis }): ExploreLine => {
    const title = keyOf(source.names[place]!);
    const isCounter = source.recordOf(place)?.kind === 'counter';
    const readBuffer = () => source.bufferOf(place);
    return { title, colour, axis, aggregate, isCounter, isGhost: false, readBuffer };
  });
  if (ghostLabel === '') return now;
  const before = now.map((line, i): ExploreLine => {
    const readBuffer = () => source.ghostOf(group.lines[i]!.place);
    return { ...line, title: `${line.title} (${ghostLabel})`, isGhost: true, readBuffer };
  });
  return [...before, ...now];
}

/** Characters that are never cut off a long name's end. */
const tailMax = 22;

interface LegendParts {
  readonly group: LineGroup;
  readonly source: SeriesSource;
  readonly aggregate: Aggregate;
  readonly values: readonly HTMLElement[];
  readonly time: HTMLElement;
}

function writeLegend(
  { group, source, values, time }: LegendParts,
  { told, timeMs, view }: { told: readonly number[]; timeMs: number | null; view: PlotView },
): void {
  const mine = told.slice(-group.lines.length);
  group.lines.forEach(({ place, unit }, i) => {
    const record = source.recordOf(place);
    const value = mine[i]!;
    const shape =
      record?.unit === unit ? record.shape : { ...makeNumberShape(), decimals: Math.abs(value) >= 100 ? 0 : 2 };
    const shown = formatValue(value, unit, shape);
    const text = Number.isNaN(value) ? noValue : `${shown.text}${shown.unit === '' ? '' : thinSpace}${shown.unit}`;
    setText(values[i]!, text);
  });
  setText(time, timeMs === null ? '' : formatCrosshair(timeMs, view.edgeMs - view.fromMs, view.nowHubMs));
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
