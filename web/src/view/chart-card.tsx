/** One chart with its title and legend. Owns the plot and the legend's texts, which are written outside of rendering. */
import { useEffect, useRef } from 'preact/hooks';
import type { ChartGroup } from '../core/chart-groups.ts';
import type { DeviceRecord } from '../core/feed-state.ts';
import { useApp } from './app-context.ts';
import type { DeviceBoard } from './device-board.ts';
import { Plot } from './plot.ts';

export function ChartCard({ group, device, board }: { group: ChartGroup; device: DeviceRecord; board: DeviceBoard }) {
  const app = useApp();
  const box = useRef<HTMLDivElement>(null);
  const legend = useRef<HTMLUListElement>(null);
  const note = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    const values = [...legend.current!.querySelectorAll<HTMLElement>('[data-value]')];
    const plot = new Plot(box.current!, {
      group,
      device,
      board,
      values,
      note: note.current!,
      nowHubMs: app.nowHubMs,
    });
    const endDrawer = board.addDrawer((view) => plot.draw(view));
    const endWriter = board.addWriter(() => plot.writeLegend());
    const endTheme = app.model.isDark.subscribe(() => plot.repaint());
    return () => {
      endDrawer();
      endWriter();
      endTheme();
      plot.destroy();
    };
  }, [group, board]);
  return (
    <section
      class="card chart-card"
      aria-label={`Chart of ${group.title}`}
      data-metrics={group.series.map((series) => device.metrics[series.metric]?.name).join(' ')}
    >
      <div class="chart-head">
        <h2>
          {group.title} <span class="unit">{group.unit}</span>
        </h2>
        <ul class="legend" ref={legend}>
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
      <p class="gap-note" ref={note} />
    </section>
  );
}
