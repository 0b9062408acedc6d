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
import { assignCells, type FleetColumn } from '../core/metric-family.ts';
import { useApp } from './app-context.ts';
import { FleetRow, SkeletonRow } from './fleet-row.tsx';
import type { RowPainter } from './row-painter.ts';

const phoneQuery = matchMedia('(max-width: 720px)');
const rowHeights = { table: 37, card: 117 };
/** Of the cells; how many are shown depends on the width (style/fleet.css). */
const cellsMax = 4;

interface FleetTableProps {
  readonly devices: readonly DeviceRecord[];
  readonly columns: readonly FleetColumn[];
  readonly isLoading: boolean;
}

export function FleetTable({ devices, columns, isLoading }: FleetTableProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const view = useSignal({ top: 0, height: 900 });
  const isPhone = useSignal(phoneQuery.matches);
  const painters = useRowPainters();
  useViewport(scroller, view, isPhone);
  const rowHeight = isPhone.value ? rowHeights.card : rowHeights.table;
  const { top, height } = view.value;
  const { first, last } = findVisibleRows(top, height, { rows: devices.length, rowHeight });
  const cellsOf = useMemo(() => makeCellMemo(columns), [columns]);
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
      <table class="fleet-table" aria-label="Devices" aria-rowcount={devices.length + 1}>
        <thead>
          <tr class="fleet-head">
            <th scope="col">Status</th>
            <th scope="col">Name</th>
            <th scope="col" class="fleet-head-seen">
              Seen
            </th>
            {Array.from({ length: cellsMax }, (_, c) => (
              <th scope="col" key={c} class="fleet-head-cell">
                {columns[c]?.label ?? ''}
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
              <SkeletonRow key={i} top={i * rowHeight} />
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
  isPhone: { value: boolean },
): void {
  useLayoutEffect(() => {
    const element = scroller.current!;
    const look = () => {
      view.value = { top: element.scrollTop, height: element.clientHeight };
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

/** A device's cells change only when its metric list or the columns do. */
function makeCellMemo(columns: readonly FleetColumn[]): (device: DeviceRecord) => readonly number[] {
  const known = new Map<string, { length: number; cells: readonly number[] }>();
  return (device) => {
    const before = known.get(device.id);
    if (before !== undefined && before.length === device.metrics.length) return before.cells;
    const cells = assignCells(device.metrics, columns, cellsMax);
    known.set(device.id, { length: device.metrics.length, cells });
    return cells;
  };
}
