/**
 * The table of devices: its heading, its lines, and the pool of rows that shows those in sight.
 *
 * Owns which columns there are and how the lines lie. Invariant: neither a reading nor scrolling renders a component; what is out of
 * sight costs nothing. The whole page scrolls inside this element, so that the header and the first columns stay.
 */
import { effect } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { FleetRoute } from '../core/app-route.ts';
import {
  chooseFamilies,
  chooseTableColumns,
  makeColumns,
  sumWidths,
  type TableColumn,
  writeTracks,
} from '../core/fleet-columns.ts';
import { type FleetLines, findGroupOf, findLineAt, layLines } from '../core/fleet-lines.ts';
import { useApp } from './app-context.ts';
import { GroupButton } from './fleet-group.tsx';
import { type LineKeys, useLineKeys } from './fleet-keys.ts';
import { type FleetList, followPresence } from './fleet-list.ts';
import { SkeletonRow } from './fleet-row.tsx';
import { FleetRowPool } from './fleet-row-pool.tsx';
import type { Selection } from './fleet-selection.ts';
import { type FleetView, type FleetViewport, measureRoom, rowLead, useFleetView } from './fleet-viewport.ts';

const heights = {
  table: { row: 37, group: 37, head: 33 },
  /** As in style/density.css. */
  dense: { row: 29, group: 29, head: 33 },
  card: { row: 121, group: 45, head: 0 },
};

interface FleetTableProps {
  readonly route: FleetRoute;
  readonly list: FleetList;
  readonly structure: number;
  readonly isLoading: boolean;
  readonly selection: Selection;
  /** What the person chose in this browser or account, where the address names no columns. */
  readonly ownColumns: readonly string[] | null;
  /** Told whenever they change: what the tools work on. */
  readonly shownOnChange: (columns: readonly TableColumn[]) => void;
  readonly children?: ComponentChildren;
}

export function FleetTable(props: FleetTableProps) {
  const { route, list, structure, isLoading, selection } = props;
  const app = useApp();
  const scroller = useRef<HTMLDivElement>(null);
  const view = useFleetView(scroller);
  const { isPhone, width } = view.size.value;
  const isDense = document.documentElement.dataset.density === 'dense';
  const sizes = isPhone ? heights.card : isDense ? heights.dense : heights.table;
  const columns = useColumns(props, view.size.value);
  const { group, folded } = route.look;
  const foldedKey = folded.join('\n');
  const lines = useMemo(
    () => layLines(list.devices, { group, folded, nowMs: app.nowHubMs() }, sizes),
    [list.devices, group, foldedKey, sizes, structure],
  );
  const foldGroup = (name: string) => toggleFold(app, route, name);
  const edit = (ids: readonly string[]) => selection.edit(ids);
  const showHere = () => {
    view.top.value = scroller.current!.scrollTop;
  };
  const keys = useLineKeys(
    { scroller, lines, headPx: sizes.head, showHere },
    { toggle: selection.toggle, edit, clear: selection.clear, fold: foldGroup },
  );
  const body = useRef<HTMLTableSectionElement>(null);
  const pool = useRowPool(body, { view, keys, selection, fold: foldGroup });
  const selected = selection.ids.value;
  const isSelecting = selected.size > 0 || selection.isPicking.value;
  useLayoutEffect(() => pool.current?.lay({ lines, columns, selected, isSelecting, group, sparks: app.model.sparks }));
  useEffect(() => followPresence(scroller.current!, list.isHeld), []);
  useLayoutEffect(() => props.shownOnChange(columns), [columns]);
  // Ten thousand lines are gone through when they change, not when somebody scrolls.
  useMemo(() => {
    selection.order.current = lines.lines.flatMap((line) => (line.kind === 'device' ? [line.device.id] : []));
  }, [lines]);
  const minWidth = isPhone ? 0 : rowLead.leadPx + sumWidths(columns, rowLead.gapPx) + rowLead.tailPx;
  const style = { '--tracks': writeTracks(columns), minWidth: minWidth === 0 ? undefined : `${minWidth}px` };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys of the rows inside bubble up to it
    <div
      class={`fleet-scroll ${isSelecting ? 'is-selecting' : ''} ${minWidth > width ? 'is-wide' : ''} ${isLoading ? 'is-loading' : ''}`}
      ref={scroller}
      onKeyDown={keys.keysOnDown}
      onFocusIn={keys.focusOnIn}
    >
      {group !== '' && <StuckGroup lines={lines} view={view} by={group} fold={foldGroup} />}
      <table class="fleet-table" style={style} aria-label="Devices" aria-rowcount={lines.lines.length + 1}>
        <FleetHead route={route} columns={columns} selection={selection} />
        {isLoading && (
          <tbody class="fleet-rows" aria-busy="true">
            {Array.from({ length: 12 }, (_, i) => (
              <SkeletonRow key={i} top={i * sizes.row} columns={columns} />
            ))}
          </tbody>
        )}
        <tbody class="fleet-rows" ref={body} style={{ height: `${isLoading ? 0 : lines.height}px` }} />
      </table>
      {props.children}
    </div>
  );
}

interface PoolParts {
  readonly view: FleetViewport;
  readonly keys: LineKeys;
  readonly selection: Selection;
  fold(name: string): void;
}

/** The rows follow the scroller and the frame by themselves; what else they show, the table lays. */
function useRowPool(body: { readonly current: HTMLTableSectionElement | null }, parts: PoolParts) {
  const app = useApp();
  const pool = useRef<FleetRowPool | null>(null);
  const latest = useRef(parts);
  latest.current = parts;
  useLayoutEffect(() => {
    // Paused charts leave the table in the present; a rewound page is wholly in the past.
    const pageNowMs = (nowHubMs: number) => (app.clock.mode.peek() === 'rewound' ? app.clock.nowMs() : nowHubMs);
    const made = new FleetRowPool(body.current!, {
      toggle: (id, isRange) => latest.current.selection.toggle(id, isRange),
      edit: (id) => latest.current.selection.edit(id),
      fold: (name) => latest.current.fold(name),
      now: () => ({ nowMs: pageNowMs(app.nowHubMs()), nowHubMs: app.nowHubMs() }),
    });
    pool.current = made;
    const { view, keys } = parts;
    const stopFollowing = effect(() => {
      made.scroll({ top: view.top.value, height: view.size.value.height, reached: keys.reached.value });
    });
    const stopPainting = app.addPainter((nowHubMs) => made.paint(pageNowMs(nowHubMs), nowHubMs));
    return () => {
      stopFollowing();
      stopPainting();
      made.close();
    };
  }, []);
  return pool;
}

/** The heading of the group one is in, once its own line is scrolled away. */
function StuckGroup(props: { lines: FleetLines; view: FleetViewport; by: string; fold: (name: string) => void }) {
  const { lines, view, by, fold } = props;
  const top = view.top.value;
  const line = findGroupOf(lines.lines, findLineAt(lines.lines, top));
  if (line === null || line.isFolded || line.top >= top) return null;
  return (
    <div class="fleet-stuck" aria-hidden="true">
      <GroupButton group={line.group} by={by} isFolded={false} fold={fold} tabIndex={-1} />
    </div>
  );
}

function useColumns(props: FleetTableProps, view: FleetView): readonly TableColumn[] {
  const { fleet, chosen } = {
    fleet: useApp().model.feed.devices,
    chosen: props.route.look.columns ?? props.ownColumns,
  };
  const { isPhone } = view;
  const room = measureRoom(view.width);
  const families = useMemo(
    () => (chosen === null && !isPhone ? chooseFamilies(fleet.values(), room.cells) : []),
    [chosen === null, props.structure, room.cells, isPhone],
  );
  const familyKey = families.map(({ id }) => id).join();
  const chosenKey = chosen?.join('\n') ?? null;
  return useMemo(() => {
    if (isPhone) return chooseCardColumns(chosen);
    return chosen === null ? chooseTableColumns(families, room) : makeColumns(chosen);
  }, [familyKey, chosenKey, room.cells, room.isWide, isPhone]);
}

/** A card shows how fresh it is and two metrics; a card names each of its metrics itself. */
function chooseCardColumns(chosen: readonly string[] | null): TableColumn[] {
  const metrics = makeColumns(chosen ?? []).filter(({ kind }) => kind === 'metric');
  return [...makeColumns(['seen']), ...(metrics.length > 0 ? metrics : makeColumns(['own:1', 'own:2'])).slice(0, 2)];
}

function toggleFold(app: ReturnType<typeof useApp>, route: FleetRoute, name: string): void {
  const { folded } = route.look;
  const next = folded.includes(name) ? folded.filter((one) => one !== name) : [...folded, name];
  app.navigate({ ...route, look: { ...route.look, folded: next } }, 'replace');
}

function FleetHead(props: { route: FleetRoute; columns: readonly TableColumn[]; selection: Selection }) {
  const { route, columns, selection } = props;
  const isAll = selection.isAll();
  const some = selection.ids.value.size > 0;
  return (
    <thead>
      <tr class="fleet-head">
        <th scope="col" class="cell-check">
          <input
            type="checkbox"
            aria-label={isAll ? 'Select none' : 'Select all that are shown'}
            checked={isAll}
            ref={(box) => {
              if (box !== null) box.indeterminate = some && !isAll;
            }}
            onClick={() => selection.toggleAll()}
          />
        </th>
        <SortHead route={route} sortKey="status" label="Status" hint="How the device stands" />
        <SortHead route={route} sortKey="name" label="Name" hint="Its label, else its id" isName={true} />
        {columns.map(({ key, label, hint, isNumeric, kind }) => (
          <SortHead
            key={key}
            route={route}
            sortKey={key.startsWith('own:') ? '' : key}
            label={label}
            hint={hint}
            isNumeric={isNumeric}
            isMetric={kind === 'metric'}
          />
        ))}
        <th scope="col" class="cell-more">
          <span class="spoken">Edit</span>
        </th>
      </tr>
    </thead>
  );
}

interface SortHeadProps {
  readonly route: FleetRoute;
  /** '' : cannot be sorted by. */
  readonly sortKey: string;
  readonly label: string;
  readonly hint: string;
  readonly isNumeric?: boolean;
  readonly isMetric?: boolean;
  readonly isName?: boolean;
}

function SortHead({ route, sortKey, label, hint, isNumeric, isMetric, isName }: SortHeadProps) {
  const { navigate } = useApp();
  const { look } = route;
  const isSorted = sortKey !== '' && look.sort === sortKey;
  const place = `${isNumeric === true ? 'is-number' : ''} ${isName === true ? 'cell-name' : ''} ${sortKey === 'status' ? 'cell-status' : ''}`;
  if (sortKey === '') {
    return (
      <th scope="col" class={place} title={hint}>
        {label}
      </th>
    );
  }
  const click = () =>
    navigate({ ...route, look: { ...look, ...nextSort(look, sortKey, isMetric === true) } }, 'replace');
  return (
    <th
      scope="col"
      class={place}
      aria-sort={isSorted ? (look.isDescending ? 'descending' : 'ascending') : undefined}
      title={`${hint}. Click to sort.`}
    >
      <button type="button" class="sort-button" onClick={click}>
        <span>{label}</span>
        <span class="sort-mark" aria-hidden="true">
          {isSorted ? (look.isDescending ? '▼' : '▲') : ''}
        </span>
      </button>
    </th>
  );
}

/** Once: the way one wants to see first (ages and losses the worst, readings the highest); twice: the other; thrice: by need again. */
function nextSort(look: FleetRoute['look'], key: string, isMetric: boolean): { sort: string; isDescending: boolean } {
  const first = isMetric || key === 'seen' || key === 'contact' || key === 'clock' || key === 'interval';
  if (look.sort !== key) return { sort: key, isDescending: first };
  if (look.isDescending === first) return { sort: key, isDescending: !first };
  return { sort: '', isDescending: false };
}
