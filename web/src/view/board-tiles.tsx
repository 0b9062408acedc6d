/**
 * What is on the tiles of a board: a chart, a value or a table, each from the feed and history. No tile knows where it lies.
 *
 * Owns each chart's data source. Numbers are written outside of rendering, at most four times a second, and keep their width.
 */
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { BoardTile } from '../core/board-content.ts';
import { groupSeries } from '../core/explore-groups.ts';
import { keyOf, type SeriesName } from '../core/explore-state.ts';
import type { DeviceRecord, MetricRecord } from '../core/feed-state.ts';
import { formatAge, formatValue, noValue, thinSpace, writeMeasured } from '../core/number-format.ts';
import type { BoardClient } from '../edge/board-client.ts';
import { type App, useApp } from './app-context.ts';
import { formatFull } from './clock-text.ts';
import { ExploreChart } from './explore-chart.tsx';
import { SeriesSource } from './explore-source.ts';
import type { TimeStage } from './time-stage.ts';
import '../style/device.css';
import { useDeviceNames } from './device-names.ts';

export interface TileProps {
  readonly tile: BoardTile;
  readonly stage: TimeStage;
  readonly client: BoardClient;
}

export function TileBody(props: TileProps) {
  switch (props.tile.kind) {
    case 'chart':
      return <ChartTile {...props} />;
    case 'value':
      return <ValueTile {...props} />;
    case 'table':
      return <TableTile {...props} />;
  }
}

function ChartTile({ tile, stage, client }: TileProps) {
  const app = useApp();
  const names = tile.series.map(keyOf).join('\n');
  const aggregate = tile.aggregate ?? 'mean';
  const source = useMemo(
    () => new SeriesSource(app, { client, stage, names: tile.series, shiftMs: 0 }),
    [names, stage, client],
  );
  useEffect(() => source.run(), [source]);
  const structure = app.model.structure.value;
  const load = app.model.fleetLoad.value;
  const groups = useMemo(
    () => groupSeries({ series: tile.series, layout: 'one', aggregate }, (place) => source.describe(place)),
    [source, structure, load, aggregate],
  );
  return (
    <div class="tile-charts">
      {groups.map((group) => (
        <ExploreChart
          key={group.id}
          group={group}
          source={source}
          stage={stage}
          aggregate={aggregate}
          ghostLabel=""
          syncKey="board"
          height={(box) => Math.max(90, readRoom(box) / groups.length)}
        />
      ))}
      {source.state.value === 'failed' && <p class="tile-note">No history; what arrives live is shown.</p>}
    </div>
  );
}

/** What the tile leaves to its charts when their legends have taken theirs. */
function readRoom(box: HTMLElement): number {
  const tile = box.closest('.tile-charts');
  if (tile === null) return 160;
  const legends = [...tile.querySelectorAll<HTMLElement>('.explore-legend')];
  return tile.clientHeight - legends.reduce((sum, legend) => sum + legend.offsetHeight + 8, 0);
}

function findSeries({ model }: App, { device, metric }: SeriesName): { device?: DeviceRecord; record?: MetricRecord } {
  const known = model.feed.devices.get(device);
  const record = known?.metrics.find((one) => one?.name === metric);
  return { ...(known === undefined ? {} : { device: known }), ...(record === undefined ? {} : { record }) };
}

interface Told {
  readonly value: string;
  readonly unit: string;
  readonly age: string;
  readonly title: string;
  /** An old number must not look like a fresh one. */
  readonly isStale: boolean;
}

function tell(app: App, name: SeriesName, nowMs: number): Told {
  const { device, record } = findSeries(app, name);
  if (record === undefined) return { value: noValue, unit: '', age: 'not known', title: '', isStale: true };
  if (Number.isNaN(record.latestMs))
    return { value: noValue, unit: record.unit, age: 'no reading yet', title: '', isStale: true };
  const { text, unit } = tellValue(record);
  const offsetMs = Number.isFinite(device?.clockOffsetMs) ? device!.clockOffsetMs : 0;
  const atMs = record.latestMs - offsetMs;
  const age = formatAge(Math.max(0, nowMs - atMs));
  return {
    value: text,
    unit,
    age,
    title: [writeMeasured(record), formatFull(atMs)].filter(Boolean).join(', '),
    isStale: device?.presence !== 'online',
  };
}

function tellValue({ latest, kind, unit, shape }: MetricRecord): { text: string; unit: string } {
  if (typeof latest === 'string') return { text: latest, unit: '' };
  if (kind === 'bool') return { text: latest === 0 ? 'off' : 'on', unit: '' };
  return formatValue(latest, unit, shape);
}

/** Writes into the tile's own elements whenever the stage lets numbers change. */
function useWriter(tile: BoardTile, stage: TimeStage, write: (place: number, told: Told) => void): void {
  const app = useApp();
  useEffect(
    () =>
      stage.addWriter(({ nowHubMs }) => {
        tile.series.forEach((name, place) => {
          write(place, tell(app, name, nowHubMs));
        });
      }),
    [tile, stage],
  );
}

function ValueTile({ tile, stage }: TileProps) {
  const box = useRef<HTMLDivElement>(null);
  const names = useDeviceNames();
  useWriter(tile, stage, (place, told) => {
    const one = box.current?.children[place];
    if (one instanceof HTMLElement) writeTold(one, told);
  });
  return (
    <div class="tile-values" ref={box}>
      {tile.series.map((name) => (
        <div class="tile-value" key={keyOf(name)}>
          {tile.series.length > 1 && <span class="tile-of">{names(name.device)}</span>}
          <span class="tile-figure">
            <b data-value>{noValue}</b>
            <span class="unit" data-unit />
          </span>
          <span class="tile-age" data-age />
        </div>
      ))}
    </div>
  );
}

function TableTile({ tile, stage }: TileProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  const names = useDeviceNames();
  useWriter(tile, stage, (place, told) => {
    const row = body.current?.children[place];
    if (row instanceof HTMLElement) writeTold(row, told);
  });
  return (
    <div class="tile-table">
      <table>
        <thead>
          <tr>
            <th scope="col">Device</th>
            <th scope="col">Metric</th>
            <th scope="col" class="is-number">
              Value
            </th>
            <th scope="col">Age</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {tile.series.map((name) => (
            <tr key={keyOf(name)}>
              <td>{names(name.device)}</td>
              <td>{name.metric}</td>
              <td class="is-number">
                <b data-value>{noValue}</b>
                <span class="unit" data-unit />
              </td>
              <td data-age />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function writeTold(element: HTMLElement, { value, unit, age, title, isStale }: Told): void {
  setText(element.querySelector('[data-value]'), value);
  setText(element.querySelector('[data-unit]'), unit === '' ? '' : thinSpace + unit);
  setText(element.querySelector('[data-age]'), age);
  element.classList.toggle('is-stale', isStale);
  if (element.title !== title) element.title = title;
}

function setText(element: Element | null, text: string): void {
  if (element !== null && element.textContent !== text) element.textContent = text;
}
