/**
 * The table of devices: only the rows in sight exist, and their numbers are written by one painter outside of the components.
 *
 * Owns the scroll position and the row painters. Invariant: a reading never renders a component; what is out of sight costs
 * nothing. The whole page scrolls inside this element, so that the header and the first columns stay.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { FleetRoute } from '../core/app-route.ts';
import {
  chooseFamilies,
  chooseTableColumns,
  headedFamilies,
  makeColumns,
  sumWidths,
  type TableColumn,
  writeTracks,
} from '../core/fleet-columns.ts';
import {
  type FleetLines,
  findGroupOf,
  findLineAt,
  findVisibleLines,
  layLines,
  linesAround,
} from '../core/fleet-lines.ts';
import { judgeStatus } from '../core/fleet-status.ts';
import { useApp } from './app-context.ts';
import { GroupButton, GroupRow } from './fleet-group.tsx';
import { findLineOfKey, useLineKeys } from './fleet-keys.ts';
import { type FleetList, followPresence } from './fleet-list.ts';
import { FleetRow, SkeletonRow } from './fleet-row.tsx';
import type { Selection } from './fleet-selection.ts';
import { type FleetView, measureRoom, rowLead, useFleetView } from './fleet-viewport.ts';
import type { RowPainter } from './row-painter.ts';

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
  const { isPhone, top, height } = view.value;
  const isDense = document.documentElement.dataset.density === 'dense';
  const sizes = isPhone ? heights.card : isDense ? heights.dense : heights.table;
  const columns = useColumns(props, view.value);
  const { group, folded } = route.look;
  const foldedKey = folded.join('\n');
  const lines = useMemo(
    () => layLines(list.devices, { group, folded, nowMs: app.nowHubMs() }, sizes),
    [list.devices, group, foldedKey, sizes, structure],
  );
  const foldGroup = (name: string) => toggleFold(app, route, name);
  const edit = (ids: readonly string[]) => selection.edit(ids);
  const keys = useLineKeys(
    { scroller, lines, headPx: sizes.head },
    { toggle: selection.toggle, edit, clear: selection.clear, fold: foldGroup },
  );
  useEffect(() => followPresence(scroller.current!, list.isHeld), []);
  useLayoutEffect(() => props.shownOnChange(columns), [columns]);
  // Ten thousand lines are gone through when they change, not when somebody scrolls.
  useMemo(() => {
    selection.order.current = lines.lines.flatMap((line) => (line.kind === 'device' ? [line.device.id] : []));
  }, [lines]);
  const known = useMemo(() => findLineOfKey(lines, keys.reached.value), [lines, keys.reached.value]);
  const painters = useRowPainters();
  const slots = Math.ceil(height / Math.min(sizes.row, sizes.group)) + linesAround;
  const sight = { ...findVisibleLines(lines, top, height), slots };
  const minWidth = isPhone ? 0 : rowLead.leadPx + sumWidths(columns, rowLead.gapPx) + rowLead.tailPx;
  const style = { '--tracks': writeTracks(columns), minWidth: minWidth === 0 ? undefined : `${minWidth}px` };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys of the rows inside bubble up to it
    <div
      class={`fleet-scroll ${selection.ids.value.size > 0 || selection.isPicking.value ? 'is-selecting' : ''}`}
      ref={scroller}
      onKeyDown={keys.keysOnDown}
      onFocusIn={keys.focusOnIn}
    >
      {group !== '' && <StuckGroup lines={lines} top={top} by={group} fold={foldGroup} />}
      <table class="fleet-table" style={style} aria-label="Devices" aria-rowcount={lines.lines.length + 1}>
        <FleetHead route={route} columns={columns} selection={selection} />
        {isLoading ? (
          <tbody class="fleet-rows" aria-busy="true">
            {Array.from({ length: 12 }, (_, i) => (
              <SkeletonRow key={i} top={i * sizes.row} columns={columns} />
            ))}
          </tbody>
        ) : (
          <tbody class="fleet-rows" style={{ height: `${lines.height}px` }}>
            <Lines
              {...{ lines, sight, columns, selection, painters, fold: foldGroup }}
              group={group}
              reached={known >= 0 ? known : findLineAt(lines.lines, top)}
            />
          </tbody>
        )}
      </table>
      {props.children}
    </div>
  );
}

interface LinesProps {
  readonly lines: FleetLines;
  /** `slots`: as many lines as can be in sight at once. */
  readonly sight: { readonly first: number; readonly last: number; readonly slots: number };
  readonly columns: readonly TableColumn[];
  readonly selection: Selection;
  readonly painters: Set<RowPainter>;
  readonly group: string;
  /** Index of the line that Tab leads to: where the keyboard was, else the first in sight. */
  readonly reached: number;
  fold(name: string): void;
}

function Lines({ lines, sight, columns, selection, painters, group, reached, fold }: LinesProps) {
  const chosen = selection.ids.value;
  const isSelecting = chosen.size > 0 || selection.isPicking.value;
  // Rows are used again for other lines as they scroll in: making their elements anew is what costs.
  const { slots } = sight;
  const families = useMemo(() => headedFamilies(columns), [columns]);
  const rows = [];
  for (let at = sight.first; at < sight.last; at++) {
    const line = lines.lines[at]!;
    const isReached = at === reached;
    if (line.kind === 'group') {
      const shape = { group: line.group, by: group, isFolded: line.isFolded, fold, line: at, top: line.top };
      rows.push(<GroupRow key={`group ${at % slots}`} {...shape} isReached={isReached} columns={columns.length + 4} />);
      continue;
    }
    const { device } = line;
    rows.push(
      <FleetRow
        key={at % slots}
        device={device}
        columns={columns}
        families={families}
        place={{
          line: at,
          top: line.top,
          status: judgeStatus(device),
          isSelected: chosen.has(device.id),
          isReached,
          isSelecting,
        }}
        actions={selection}
        painters={painters}
      />,
    );
  }
  return <>{rows}</>;
}

/** The heading of the group one is in, once its own line is scrolled away. */
function StuckGroup(props: { lines: FleetLines; top: number; by: string; fold: (name: string) => void }) {
  const { lines, top, by, fold } = props;
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

/** One painter for all rows in sight. */
function useRowPainters(): Set<RowPainter> {
  const app = useApp();
  const painters = useMemo(() => new Set<RowPainter>(), []);
  useEffect(
    () =>
      app.addPainter((nowHubMs) => {
        // Paused charts leave the table in the present; a rewound page is wholly in the past.
        const nowMs = app.clock.mode.peek() === 'rewound' ? app.clock.nowMs() : nowHubMs;
        for (const painter of painters) painter.paint(nowMs, nowHubMs);
      }),
    [],
  );
  return painters;
}
