/**
 * Explore: any series of any devices, on one chart or one each.
 *
 * Owns the stage and the data source of the series chosen; everything else it shows is the address. Renders when the choice or
 * the fleet's structure changes, never for a reading.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import '../style/explore.css';
import type { Route } from '../core/app-route.ts';
import { groupSeries, type LineGroup } from '../core/explore-groups.ts';
import {
  type Aggregate,
  type Comparison,
  type ExploreState,
  keyOf,
  readExplore,
  type SeriesName,
  shiftOf,
  toggleSeries,
  writeExplore,
} from '../core/explore-state.ts';
import { makeExportLink } from '../core/export-link.ts';
import { nameDevice } from '../core/fleet-order.ts';
import { findRange } from '../core/time-range.ts';
import { BoardClient } from '../edge/board-client.ts';
import { type App, useApp } from './app-context.ts';
import { followBoardKeys } from './board-keys.ts';
import { PinButton } from './board-pin-button.tsx';
import { ExploreChart } from './explore-chart.tsx';
import { saveCsv, savePicture } from './explore-files.ts';
import { SeriesPicker } from './explore-picker.tsx';
import type { ExplorePlot } from './explore-plot.ts';
import { useExploreRange } from './explore-range.ts';
import { SeriesSource } from './explore-source.ts';
import { startDownload } from './start-download.ts';
import { TimeStage } from './time-stage.ts';

type ExploreRoute = Extract<Route, { page: 'explore' }>;

const aggregateNames: Record<Aggregate, string> = {
  mean: 'Mean and band',
  min: 'Lowest',
  max: 'Highest',
  last: 'Last',
  rate: 'Change per second',
};
const compareNames: Record<Comparison, string> = { none: 'Nothing', day: 'A day before', week: 'A week before' };
export const ghostNames: Record<Comparison, string> = { none: '', day: 'a day before', week: 'a week before' };

export function ExplorePage({ route }: { route: ExploreRoute }) {
  const app = useApp();
  const state = useMemo(() => readExplore(route.look), [route.look]);
  const stage = useMemo(() => makeStage(app, route), []);
  const asked = findRange(route.range);
  const range = useExploreRange(
    state.series.map(({ device }) => device),
    asked,
  );
  useLayoutEffect(() => stage.setView(range, route.window), [range, route.window?.fromMs, route.window?.toMs]);
  useEffect(() => stage.run(), []);
  useEffect(() => followBoardKeys(app, stage), []);
  const change = (next: Partial<ExploreState>) =>
    app.navigate({ ...route, look: writeExplore({ ...state, ...next }) }, 'replace');
  return (
    <div class="explore-page">
      <h1 class="spoken">Explore</h1>
      <ExploreBar state={state} change={change} />
      {state.series.length === 0 ? <ExploreEmpty /> : <ExploreCharts state={state} stage={stage} change={change} />}
    </div>
  );
}

function makeStage(app: App, { range }: ExploreRoute): TimeStage {
  return new TimeStage(findRange(range), {
    clock: app.clock,
    addPainter: app.addPainter,
    nowHubMs: app.nowHubMs,
    stageOnWindow: (window) => {
      const now = app.model.route.peek();
      if (now.page === 'explore') app.navigate({ ...now, window });
    },
  });
}

interface BarProps {
  readonly state: ExploreState;
  readonly change: (next: Partial<ExploreState>) => void;
}

function ExploreBar({ state, change }: BarProps) {
  return (
    <div class="explore-bar">
      <SeriesPicker
        chosen={state.series}
        pickerOnToggle={(one) => change({ series: toggleSeries(state.series, one) })}
      />
      <fieldset class="switch">
        <legend class="spoken">Charts</legend>
        {(['one', 'each'] as const).map((layout) => (
          <button key={layout} type="button" aria-pressed={state.layout === layout} onClick={() => change({ layout })}>
            {layout === 'one' ? 'Together' : 'One each'}
          </button>
        ))}
      </fieldset>
      <Choice
        label="Draw"
        value={state.aggregate}
        names={aggregateNames}
        choiceOnChange={(aggregate) => change({ aggregate })}
      />
      <Choice
        label="Compare with"
        value={state.compare}
        names={compareNames}
        choiceOnChange={(compare) => change({ compare })}
      />
    </div>
  );
}

function Choice<T extends string>(props: {
  label: string;
  value: T;
  names: Record<T, string>;
  choiceOnChange: (value: T) => void;
}) {
  const { label, value, names, choiceOnChange } = props;
  return (
    <label class="choice-field">
      <span>{label}</span>
      <select value={value} onChange={(event) => choiceOnChange(event.currentTarget.value as T)}>
        {Object.entries(names).map(([name, text]) => (
          <option key={name} value={name}>
            {text as string}
          </option>
        ))}
      </select>
    </label>
  );
}

function ExploreCharts({ state, stage, change }: BarProps & { readonly stage: TimeStage }) {
  const app = useApp();
  const { model } = app;
  const client = useMemo(() => new BoardClient(), []);
  const plots = useRef(new Map<string, ExplorePlot>());
  const names = state.series.map(keyOf).join('\n');
  const shiftMs = shiftOf(state.compare);
  const source = useMemo(
    () => new SeriesSource(app, { client, stage, names: state.series, shiftMs }),
    [names, shiftMs],
  );
  useEffect(() => source.run(), [source]);
  const structure = model.structure.value;
  const load = model.fleetLoad.value;
  const known = [...new Set(state.series.map(({ device }) => device))].filter((id) => model.feed.devices.has(id));
  useEffect(() => app.watch(known.length === 0 ? null : known), [known.join('\n')]);
  useEffect(() => () => app.watch(null), []);
  const groups = useMemo(
    () => groupSeries(state, (place) => source.describe(place)),
    [source, structure, load, state.layout, state.aggregate],
  );
  const ghostLabel = ghostNames[state.compare];
  return (
    <>
      <ChosenList state={state} source={source} change={change}>
        <FileButtons groups={groups} plots={plots.current} stage={stage} series={state.series} />
        <PinButton
          drafts={groups.map(({ lines }) => ({
            kind: 'chart' as const,
            title: '',
            series: lines.map(({ place }) => state.series[place]!),
            aggregate: state.aggregate,
          }))}
        />
      </ChosenList>
      {source.state.value === 'failed' && (
        <p class="banner is-late" role="status">
          The history could not be read; what arrives live is shown. Trying again by itself.
        </p>
      )}
      <div class={state.layout === 'each' ? 'explore-charts is-each' : 'explore-charts'}>
        {groups.map((group) => (
          <section class="card explore-card" key={group.id} aria-label={`Chart of ${nameGroup(group)}`}>
            <ExploreChart
              group={group}
              source={source}
              stage={stage}
              aggregate={state.aggregate}
              ghostLabel={ghostLabel}
              syncKey="explore"
              height={state.layout === 'each' ? 180 : groups.length > 1 ? 260 : 420}
              plotRef={(plot) => {
                if (plot === null) plots.current.delete(group.id);
                else plots.current.set(group.id, plot);
              }}
            />
          </section>
        ))}
      </div>
    </>
  );
}

function nameGroup({ lines }: LineGroup): string {
  return lines.map(({ label }) => label).join(', ');
}

/** The series chosen, each with its way out; and what can be done with all of them. */
function ChosenList(props: BarProps & { readonly source: SeriesSource; readonly children: preact.ComponentChildren }) {
  const { state, source, change, children } = props;
  const { model } = useApp();
  const isLoaded = model.fleetLoad.value === 'ready';
  return (
    <div class="explore-chosen">
      <ul class="chips" aria-label="Series shown">
        {state.series.map((one, place) => {
          const isMissing = isLoaded && source.recordOf(place) === undefined;
          const name = nameDevice(model.feed.devices, one.device);
          return (
            <li key={keyOf(one)} class={isMissing ? 'chip is-missing' : 'chip'}>
              <span class={`legend-line series-${(place % 8) + 1}`} aria-hidden="true" />
              <span class="chip-name">
                {one.metric} <span class="chip-device">{name}</span>
              </span>
              {isMissing && <span class="chip-note">not known</span>}
              <button
                type="button"
                aria-label={`Take away ${one.metric} of ${name}`}
                onClick={() => change({ series: toggleSeries(state.series, one) })}
              >
                ×
              </button>
            </li>
          );
        })}
      </ul>
      <div class="explore-actions">{children}</div>
    </div>
  );
}

function FileButtons(props: {
  readonly groups: readonly LineGroup[];
  readonly plots: ReadonlyMap<string, ExplorePlot>;
  readonly stage: TimeStage;
  readonly series: readonly SeriesName[];
}) {
  const { groups, plots, stage, series } = props;
  const copied = useSignal(false);
  const shown = () =>
    groups.flatMap((group) => {
      const plot = plots.get(group.id);
      return plot === undefined ? [] : [{ group, plot }];
    });
  const copyLink = async () => {
    await navigator.clipboard.writeText(location.href).catch(() => undefined);
    copied.value = true;
  };
  const saveReadings = () => {
    const devices = [...new Set(series.map(({ device }) => device))];
    startDownload(makeExportLink({ devices, metrics: series.map(({ metric }) => metric), ...stage.window }));
  };
  return (
    <>
      <button
        type="button"
        class="button is-small"
        title="What is drawn: a line for each point of the chart, so on long ranges means of many readings"
        onClick={() => saveCsv(shown(), stage.window)}
      >
        CSV as drawn
      </button>
      <button
        type="button"
        class="button is-small"
        title="Every reading of these metrics in the stretch shown, as it came"
        onClick={saveReadings}
      >
        CSV of readings
      </button>
      <button type="button" class="button is-small" onClick={() => void savePicture(shown(), stage.window)}>
        PNG
      </button>
      <button type="button" class="button is-small" onClick={() => void copyLink()}>
        {copied.value ? 'Link copied' : 'Copy link'}
      </button>
    </>
  );
}

function ExploreEmpty() {
  return (
    <section class="notice explore-empty">
      <h2>Lay any measurements over each other</h2>
      <p>
        Type a few letters of a device or a metric above, such as <kbd>boiler temp</kbd>, and add as many as you like.
        Two units share a chart with two axes; more get charts of their own.
      </p>
      <p class="muted">
        Drag to zoom, Shift-drag to move, Space to hold still. The address of the page is a link to exactly what you
        see.
      </p>
    </section>
  );
}
