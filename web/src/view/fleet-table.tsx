/**
 * The table of devices: only the rows in sight exist, and their numbers are written by one painter outside of the components.
 *
 * Owns the scroll position and the row painters. Invariant: a reading never renders a component; what is out of sight costs
 * nothing. The whole page scrolls inside this element, so that the header stays.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { DeviceRecord } from '../core/feed-state.ts';
import { findVisibleRows } from '../core/fleet-order.ts';
import { assignCells, chooseColumns, type FleetColumn } from '../core/metric-family.ts';
import { useApp } from './app-context.ts';
import { FleetRow, SkeletonRow } from './fleet-row.tsx';
import type { RowPainter } from './row-painter.ts';

const phoneQuery = matchMedia('(max-width: 720px)');
const rowHeights = { table: 37, card: 117 };
const columnsSampleMax = 2000;

/** Metric cells of a row, by the width there is; the same limits as in style/fleet.css. */
function countCells(width: number): number {
  return width <= 720 ? 2 : width <= 920 ? 2 : width <= 1140 ? 3 : width <= 1640 ? 4 : 5;
}

interface FleetTableProps {
  readonly devices: readonly DeviceRecord[];
  /** Those whose metrics decide the headings: the whole fleet, so that a filter does not move columns. */
  readonly fleet: ReadonlyMap<string, DeviceRecord>;
  readonly structure: number;
  readonly isLoading: boolean;
}

export function FleetTable({ devices, fleet, structure, isLoading }: FleetTableProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const view = useSignal({ top: 0, height: 900 });
  const isPhone = useSignal(phoneQuery.matches);
  const cellCount = useSignal(countCells(innerWidth));
  const painters = useRowPainters();
  useViewport(scroller, view, { isPhone, cellCount });
  const rowHeight = isPhone.value ? rowHeights.card : rowHeights.table;
  const { top, height } = view.value;
  const { first, last } = findVisibleRows(top, height, { rows: devices.length, rowHeight });
  const cells = cellCount.value;
  // A card names each of its metrics itself.
  const columns = useMemo(() => (isPhone.value ? [] : chooseFor(fleet, cells)), [structure, cells, isPhone.value]);
  const columnKey = columns.map((column) => column.id).join();
  const cellsOf = useMemo(() => makeCellMemo(columns, cells), [columnKey, cells]);
  const rows = [];
  for (let index = first; index < last; index++) {
    const device = devices[index]!;
    rows.push(
      <FleetRow
        key={device.id}
        device={device}
        cells={cellsOf(device)}
        columns={columns}
        place={{ index, top: index * rowHeight, presence: device.presence, model: device.model }}
        painters={painters}
      />,
    );
  }
  return (
    <div class="fleet-scroll" ref={scroller}>
      <table class="fleet-table" style={{ '--cells': cells }} aria-label="Devices" aria-rowcount={devices.length + 1}>
        <thead>
          <tr class="fleet-head">
            <th scope="col">Status</th>
            <th scope="col">Name</th>
            <th scope="col" class="fleet-head-seen">
              Seen
            </th>
            {Array.from({ length: cells }, (_, c) => (
              <th scope="col" key={c} class="fleet-head-cell">
                {columns[c]?.label ?? (c === columns.length && !isLoading ? 'Own metrics' : '')}
              </th>
            ))}
            <th scope="col" class="fleet-head-model">
              Model
            </th>
          </tr>
        </thead>
        {isLoading ? (
          <tbody class="fleet-rows" aria-busy="true">
            {Array.from({ length: 12 }, (_, i) => (
              <SkeletonRow key={i} top={i * rowHeight} cells={cells} />
            ))}
          </tbody>
        ) : (
          <tbody class="fleet-rows" style={{ height: `${devices.length * rowHeight}px` }}>
            {rows}
          </tbody>
        )}
      </table>
    </div>
  );
}

function useViewport(
  scroller: { current: HTMLDivElement | null },
  view: { value: { top: number; height: number } },
  shape: { isPhone: { value: boolean }; cellCount: { value: number } },
): void {
  const { isPhone, cellCount } = shape;
  useLayoutEffect(() => {
    const element = scroller.current!;
    const look = () => {
      view.value = { top: element.scrollTop, height: element.clientHeight };
      cellCount.value = countCells(innerWidth);
    };
    const phoneOnChange = () => {
      isPhone.value = phoneQuery.matches;
    };
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    phoneQuery.addEventListener('change', phoneOnChange);
    look();
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
      phoneQuery.removeEventListener('change', phoneOnChange);
    };
  }, []);
}

/** One painter for all rows in sight. */
function useRowPainters(): Set<RowPainter> {
  const app = useApp();
  const painters = useMemo(() => new Set<RowPainter>(), []);
  useEffect(
    () =>
      app.addPainter((nowHubMs) => {
        for (const painter of painters) painter.paint(nowHubMs);
      }),
    [],
  );
  return painters;
}

function chooseFor(fleet: ReadonlyMap<string, DeviceRecord>, cells: number): readonly FleetColumn[] {
  const tables = [];
  for (const device of fleet.values()) {
    if (device.metrics.length > 0 && tables.push(device.metrics) >= columnsSampleMax) break;
  }
  return chooseColumns(tables, cells);
}

/** A device's cells change only when its metric list or the columns do. */
function makeCellMemo(columns: readonly FleetColumn[], cellCount: number): (device: DeviceRecord) => readonly number[] {
  const known = new Map<string, { length: number; cells: readonly number[] }>();
  return (device) => {
    const before = known.get(device.id);
    if (before !== undefined && before.length === device.metrics.length) return before.cells;
    const cells = assignCells(device.metrics, columns, cellCount);
    known.set(device.id, { length: device.metrics.length, cells });
    return cells;
  };
}
