/** One device in the table (on a phone a card): the frame of it. What ticks inside is written by row-painter.ts. */
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { formatRoute, makeDeviceRoute } from '../core/app-route.ts';
import type { DeviceRecord, MetricRecord } from '../core/feed-state.ts';
import { type FleetColumn, nameMetric } from '../core/metric-family.ts';
import { useApp } from './app-context.ts';
import { RowPainter, sparkBox } from './row-painter.ts';
import { StatusMark } from './status-mark.tsx';

interface FleetRowProps {
  readonly device: DeviceRecord;
  readonly cells: readonly number[];
  readonly columns: readonly FleetColumn[];
  /** What the frame shows of the device; a changed object renders again, a reading does not change it. */
  readonly place: {
    readonly index: number;
    readonly top: number;
    readonly presence: DeviceRecord['presence'];
    readonly model: string;
  };
  readonly painters: Set<RowPainter>;
}

export function FleetRow({ device, cells, columns, place, painters }: FleetRowProps) {
  const app = useApp();
  const element = useRef<HTMLTableRowElement>(null);
  useLayoutEffect(() => {
    const painter = new RowPainter(element.current!, device, { cells, sparks: app.model.sparks });
    painters.add(painter);
    painter.paint(app.nowHubMs());
    return () => {
      painters.delete(painter);
    };
  }, [device, cells]);
  const { index, top, presence, model } = place;
  // The same element as before is not rendered again: scrolling and sorting leave most rows alone.
  return useMemo(
    () => (
      <tr
        ref={element}
        class={`fleet-row ${presence === 'online' ? '' : 'is-stale'}`}
        aria-rowindex={index + 2}
        style={{ transform: `translateY(${top}px)` }}
      >
        <td class="cell-status">
          <StatusMark state={presence} />
        </td>
        <td class="cell-name">
          <a href={formatRoute(makeDeviceRoute(device.id))}>{device.id}</a>
        </td>
        <td class="cell-seen" data-seen />
        {cells.map((metric, c) => (
          <FleetCell
            key={c}
            label={labelOf(device.metrics[metric], columns, c)}
            name={device.metrics[metric]?.name ?? ''}
            column={columns[c]?.label ?? ''}
            isEmpty={metric < 0}
          />
        ))}
        <td class="cell-model" title={model}>
          {model}
        </td>
      </tr>
    ),
    [device, cells, columns, index, top, presence, model],
  );
}

/** A metric under no heading says its own name. */
function labelOf(record: MetricRecord | undefined, columns: readonly FleetColumn[], cell: number): string {
  return record === undefined || columns[cell] !== undefined ? '' : nameMetric(record, columns);
}

function FleetCell(props: { label: string; name: string; column: string; isEmpty: boolean }) {
  const { label, name, column, isEmpty } = props;
  return (
    <td
      class={`cell-metric ${isEmpty ? 'is-empty' : ''} ${label === '' || isEmpty ? '' : 'is-own'}`}
      data-cell
      title={name}
    >
      <span class="cell-label">{label === '' ? column : label}</span>
      <svg
        class="spark"
        viewBox={`0 0 ${sparkBox.width} ${sparkBox.height}`}
        width={sparkBox.width}
        height={sparkBox.height}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <path />
      </svg>
      <span class="cell-value">
        <span class="cell-number" data-value />
        <span class="unit" data-unit />
      </span>
      {label !== '' && !isEmpty && <span class="cell-own">{label}</span>}
    </td>
  );
}

export function SkeletonRow({ top, cells }: { top: number; cells: number }) {
  return (
    <tr class="fleet-row is-skeleton" style={{ transform: `translateY(${top}px)` }}>
      {Array.from({ length: cells + 4 }, (_, c) => (
        <td key={c} class={skeletonClasses[c] ?? (c === cells + 3 ? 'cell-model' : 'cell-metric')}>
          <i />
        </td>
      ))}
    </tr>
  );
}

const skeletonClasses: Record<number, string> = { 0: 'cell-status', 1: 'cell-name', 2: 'cell-seen' };
