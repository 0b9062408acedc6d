/** One chart with its title and legend. Owns the plot and the legend's texts, which are written outside of rendering. */
import { useEffect, useRef } from 'preact/hooks';
import type { ChartGroup } from '../core/chart-groups.ts';
import { showUnit } from '../core/display-style.ts';
import { explainGap } from '../core/gap-cause.ts';
import { useApp } from './app-context.ts';
import { PinButton } from './board-pin-button.tsx';
import type { DeviceBoard } from './device-board.ts';
import type { DeviceScene } from './device-scene.ts';
import { OutOfSightHint } from './newest-hint.tsx';
import { Plot, type PlotParts } from './plot.ts';

interface ChartCardProps {
  readonly group: ChartGroup;
  readonly board: DeviceBoard;
  readonly scene: DeviceScene;
}

export function ChartCard({ group, board, scene }: ChartCardProps) {
  const app = useApp();
  const card = useRef<HTMLElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const { metrics } = board.device;
  const count = group.series.length;
  useEffect(() => {
    const plot = new Plot(box.current!, makeParts({ group, board, scene }, card.current!));
    const endTheme = app.model.isDark.subscribe(() => plot.repaint());
    return () => {
      endTheme();
      plot.destroy();
    };
  }, [group, board]);
  return (
    <section
      ref={card}
      class="card chart-card"
      aria-label={`Chart of ${group.title}`}
      data-metrics={group.series.map((series) => metrics[series.metric]?.name).join(' ')}
    >
      <div class={`chart-head ${count > 1 ? 'is-several' : ''}`}>
        <h2>
          {group.title} <span class="unit">{showUnit(group.unit)}</span>
        </h2>
        <PinButton
          isBare
          drafts={[
            {
              kind: 'chart',
              title: '',
              series: group.series.map(({ metric }) => ({ device: board.device.id, metric: metrics[metric]!.name })),
            },
          ]}
        />
        <ul class={`legend ${count < 3 ? 'is-short' : ''}`}>
          {group.series.map((series) => (
            <li key={series.metric}>
              {series.label !== '' && (
                <>
                  <span class={`legend-line series-${series.colour}`} aria-hidden="true" />
                  <span class="legend-label">{series.label}</span>
                </>
              )}
              <span class="legend-value" data-value />
            </li>
          ))}
        </ul>
      </div>
      <div class="chart-box" ref={box} />
      <p class="gap-note" data-note />
      <p class="cross-time" data-time />
      <OutOfSightHint board={board} metrics={group.series.map((series) => series.metric)} />
    </section>
  );
}

function makeParts({ group, board, scene }: ChartCardProps, card: HTMLElement): PlotParts {
  const { stage, device } = board;
  const recordOf = (series: number) => device.metrics[group.series[series]!.metric]!;
  return {
    series: group.series,
    unit: group.unit,
    isRate: group.isRate,
    stage,
    syncKey: `device ${device.id}`,
    source: {
      readBuffers: () => group.series.map((series) => board.timeline.buffers[series.metric]),
      readVersion: () => board.timeline.version,
      readIdentity: () => board.timeline,
    },
    marks: scene.marks,
    texts: {
      values: [...card.querySelectorAll<HTMLElement>('[data-value]')],
      note: card.querySelector<HTMLElement>('[data-note]')!,
      time: card.querySelector<HTMLElement>('[data-time]')!,
      shapeOf: (series) => recordOf(series).shape,
      latestOf: (series) => {
        const { latest, latestMs } = recordOf(series);
        return typeof latest === 'number' && !Number.isNaN(latestMs) ? latest : Number.NaN;
      },
      explainGap: (gap) => explainGap(scene.completeness.gaps, gap),
      explainAt: (timeMs, reachMs) => scene.events.describeAt(timeMs, reachMs),
    },
  };
}
