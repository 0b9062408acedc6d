/**
 * The charts of a device: one grid for a short list; for a long one sections by unit with a filter, of which only those near the
 * screen exist and fetch.
 *
 * Owns which sections are near. Invariant: a section out of sight has no board, no plot and no request.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { ChartGroup } from '../core/chart-groups.ts';
import { type ChartSection, filterCharts, sectionMetricsMax, splitSections } from '../core/chart-sections.ts';
import { useApp } from './app-context.ts';
import { ChartCard } from './chart-card.tsx';
import { DeviceBoard } from './device-board.ts';
import type { DeviceScene } from './device-scene.ts';

/** How far off the screen a section is made ready. */
const nearMargin = '500px';
/** A filter above fewer charts is only in the way. */
const filterFrom = 8;

export function isLongList(charts: readonly ChartGroup[]): boolean {
  return charts.reduce((sum, { series }) => sum + series.length, 0) > sectionMetricsMax;
}

interface ChartsProps {
  readonly charts: readonly ChartGroup[];
  readonly scene: DeviceScene;
  /** Null for a long list: each section then has its own. */
  readonly board: DeviceBoard | null;
}

export function DeviceCharts({ charts, scene, board }: ChartsProps) {
  const { model } = useApp();
  const route = model.route.value;
  const text = route.page === 'device' ? route.text : '';
  const found = useMemo(
    () => filterCharts(charts, text, (metric) => scene.device.metrics[metric]?.name ?? ''),
    [charts, text],
  );
  const sections = useMemo(() => (board === null ? splitSections(found) : []), [found, board]);
  return (
    <>
      {(charts.length > filterFrom || text !== '') && (
        <ChartFilter text={text} found={found.length} all={charts.length} />
      )}
      {board === null ? (
        sections.map((section) => <LazySection key={section.id} section={section} scene={scene} />)
      ) : (
        <ChartGrid charts={found} board={board} scene={scene} />
      )}
    </>
  );
}

function ChartFilter({ text, found, all }: { text: string; found: number; all: number }) {
  const { model, navigate } = useApp();
  const filterOnInput = (event: { readonly currentTarget: HTMLInputElement }) => {
    const route = model.route.peek();
    if (route.page === 'device') navigate({ ...route, text: event.currentTarget.value }, 'replace');
  };
  return (
    <div class="chart-filter">
      <input
        type="search"
        value={text}
        maxLength={100}
        placeholder="Filter charts"
        aria-label="Filter charts by name or unit"
        onInput={filterOnInput}
      />
      <span class="muted" role="status">
        {found === all ? `${all} charts` : `${found} of ${all} charts`}
      </span>
    </div>
  );
}

function ChartGrid({
  charts,
  board,
  scene,
}: {
  charts: readonly ChartGroup[];
  board: DeviceBoard;
  scene: DeviceScene;
}) {
  return (
    <div class="charts">
      {charts.map((group) => (
        <ChartCard key={`${group.id} ${group.series.length}`} group={group} board={board} scene={scene} />
      ))}
    </div>
  );
}

function LazySection({ section, scene }: { section: ChartSection; scene: DeviceScene }) {
  const box = useRef<HTMLElement>(null);
  const isNear = useSignal(false);
  /** As high as it was last, so that nothing jumps when it goes. */
  const height = useRef(0);
  useEffect(() => {
    const sights = new IntersectionObserver(
      (entries) => {
        const next = entries.at(-1)?.isIntersecting === true;
        if (!next && isNear.peek()) height.current = box.current?.clientHeight ?? 0;
        isNear.value = next;
      },
      { root: box.current!.closest('.page'), rootMargin: nearMargin },
    );
    sights.observe(box.current!);
    return () => sights.disconnect();
  }, []);
  const least = isNear.value ? 0 : height.current || Math.ceil(section.charts.length / 2) * 210 + 30;
  return (
    <section ref={box} class="chart-section" style={{ minHeight: `${least}px` }} aria-label={section.title}>
      <h2>
        {section.title} <span class="muted">{section.metrics.length} metrics</span>
      </h2>
      {isNear.value && <SectionCharts section={section} scene={scene} />}
    </section>
  );
}

function SectionCharts({ section, scene }: { section: ChartSection; scene: DeviceScene }) {
  const { app, device, stage, isIntroduced } = scene;
  const board = useMemo(
    () => new DeviceBoard(app, device, { stage, metrics: section.metrics, isIntroduced }),
    [section.metrics.join()],
  );
  useEffect(() => board.run(), [board]);
  return <ChartGrid charts={section.charts} board={board} scene={scene} />;
}
