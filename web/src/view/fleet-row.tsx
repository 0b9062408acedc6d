/** One device in the table (on a phone a card): the frame of it. What ticks inside is written by row-painter.ts. */
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { formatRoute, makeDeviceRoute } from '../core/app-route.ts';
import type { DeviceRecord, MetricRecord } from '../core/feed-state.ts';
import { assignMetrics, type TableColumn } from '../core/fleet-columns.ts';
import { nameOf } from '../core/fleet-order.ts';
import { completeLeast, describeOffset, type FleetStatus, formatPercent, listWarnings } from '../core/fleet-status.ts';
import { type FleetColumn, nameMetric } from '../core/metric-family.ts';
import { useApp } from './app-context.ts';
import { formatFull } from './clock-text.ts';
import { MoreIcon } from './fleet-icons.tsx';
import { RowPainter, sparkBox } from './row-painter.ts';
import { StatusMark, WarningShape } from './status-mark.tsx';

export interface RowActions {
  toggle(id: string, isRange: boolean): void;
  edit(id: string): void;
}

interface FleetRowProps {
  readonly device: DeviceRecord;
  readonly columns: readonly TableColumn[];
  /** What the columns' headings say already. */
  readonly families: readonly FleetColumn[];
  /** What the frame shows of the device; a changed value renders again, a reading does not change any. */
  readonly place: {
    readonly line: number;
    readonly top: number;
    readonly status: FleetStatus;
    readonly isSelected: boolean;
    /** The one row that Tab leads to. */
    readonly isReached: boolean;
    readonly isSelecting: boolean;
  };
  readonly actions: RowActions;
  readonly painters: Set<RowPainter>;
}

export function FleetRow({ device, columns, families, place, actions, painters }: FleetRowProps) {
  const app = useApp();
  const element = useRef<HTMLTableRowElement>(null);
  const shown = useRef<DeviceRecord | null>(null);
  const metricCount = device.metrics.length;
  const cells = useMemo(() => assignMetrics(device.metrics, columns), [device, columns, metricCount]);
  useLayoutEffect(() => {
    const painter = new RowPainter(element.current!, device, { cells, sparks: app.model.sparks });
    painters.add(painter);
    // The focus belonged to the device that stood here before.
    if (shown.current !== null && shown.current !== device && element.current!.contains(document.activeElement)) {
      (document.activeElement as HTMLElement).blur();
    }
    shown.current = device;
    painter.paint(app.nowHubMs());
    return () => {
      painters.delete(painter);
    };
  }, [device, cells]);
  const { line, top, status, isSelected, isReached, isSelecting } = place;
  const { notes, model, firmware, clockOffsetMs } = device;
  // The same element as before is not rendered again: scrolling and sorting leave most rows alone.
  return useMemo(
    () => renderRow(element, { device, cells, columns, families, place, actions, nowMs: app.nowHubMs() }),
    [
      device,
      cells,
      columns,
      line,
      top,
      status,
      isSelected,
      isReached,
      isSelecting,
      notes,
      model,
      firmware,
      clockOffsetMs,
    ],
  );
}

type RowScene = Pick<FleetRowProps, 'device' | 'columns' | 'families' | 'place' | 'actions'> & {
  readonly cells: readonly number[];
  readonly nowMs: number;
};

function renderRow(element: { current: HTMLTableRowElement | null }, scene: RowScene) {
  const { device, cells, columns, families, place, actions, nowMs } = scene;
  const { line, top, status, isSelected, isReached, isSelecting } = place;
  let metric = 0;
  return (
    <tr
      ref={element}
      class={`fleet-row ${status === 'online' ? '' : 'is-stale'} ${isSelected ? 'is-selected' : ''}`}
      aria-rowindex={line + 2}
      aria-selected={isSelecting ? isSelected : undefined}
      data-line={line}
      style={{ transform: `translateY(${top}px)` }}
    >
      <td class="cell-check">
        <input
          type="checkbox"
          aria-label={`Select ${nameOf(device)}`}
          checked={isSelected}
          tabIndex={isSelecting ? 0 : -1}
          onClick={(event) => actions.toggle(device.id, event.shiftKey)}
        />
      </td>
      <td class="cell-status">
        <StatusMark state={status} />
      </td>
      <NameCell device={device} isReached={isReached} nowMs={nowMs} />
      {columns.map((column) => {
        if (column.kind === 'fact') return <FactCell key={column.key} column={column} device={device} />;
        const index = cells[metric++] ?? -1;
        return (
          <MetricCell
            key={column.key}
            record={device.metrics[index]}
            column={column}
            label={labelOf(device.metrics[index], column, families)}
          />
        );
      })}
      <td class="cell-more">
        <button
          type="button"
          class="more"
          tabIndex={-1}
          aria-label={`Label and tags of ${nameOf(device)}`}
          onClick={() => actions.edit(device.id)}
        >
          <MoreIcon />
        </button>
      </td>
    </tr>
  );
}

/** A metric under a heading of its own kind needs no name; any other says what it is. */
function labelOf(record: MetricRecord | undefined, column: TableColumn, families: readonly FleetColumn[]): string {
  return record === undefined || !column.key.startsWith('own:') ? '' : nameMetric(record, families);
}

function NameCell({ device, isReached, nowMs }: { device: DeviceRecord; isReached: boolean; nowMs: number }) {
  const { id, notes } = device;
  const warnings = listWarnings(device, nowMs);
  const tags = notes.label === '' ? notes.tags : [id, ...notes.tags];
  return (
    <td class={`cell-name ${warnings.length > 0 || tags.length > 0 ? 'has-more' : ''}`}>
      <a href={formatRoute(makeDeviceRoute(id))} data-focus tabIndex={isReached ? 0 : -1}>
        {nameOf(device)}
      </a>
      {(warnings.length > 0 || tags.length > 0) && (
        <span class="cell-sub" title={[...warnings.map(({ text }) => text), ...tags].join(' · ')}>
          {warnings.length > 0 && (
            <span class="cell-warning">
              <WarningShape />
              {warnings.map(({ text }) => text).join(' · ')}
            </span>
          )}
          {tags.map((tag) => (
            <span key={tag} class="tag">
              {tag}
            </span>
          ))}
        </span>
      )}
    </td>
  );
}

function FactCell({ column, device }: { column: TableColumn; device: DeviceRecord }) {
  switch (column.key) {
    case 'seen':
      return (
        <td class="cell-seen" data-seen>
          <svg class="ring" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
            <circle cx="6" cy="6" r="4.5" class="ring-ground" />
            <circle cx="6" cy="6" r="4.5" class="ring-left" data-ring pathLength="8" transform="rotate(-90 6 6)" />
          </svg>
          <span data-age />
          <span class="cell-contact" data-contact />
        </td>
      );
    case 'contact':
      return <td class="cell-fact is-number" title={formatFull(device.lastSeenMs)} data-contact-age />;
    case 'interval':
      return <td class="cell-fact is-number" data-interval />;
    case 'complete': {
      const { completeness } = device.notes;
      return (
        <td class={`cell-fact is-number ${completeness < completeLeast ? 'is-low' : ''}`}>
          {formatPercent(completeness)}
        </td>
      );
    }
    case 'clock':
      return <td class="cell-fact is-number">{describeOffset(device.clockOffsetMs)}</td>;
    default: {
      const text = column.key === 'id' ? device.id : column.key === 'model' ? device.model : device.firmware;
      return (
        <td class="cell-fact" title={text}>
          {text}
        </td>
      );
    }
  }
}

function MetricCell(props: { record: MetricRecord | undefined; column: TableColumn; label: string }) {
  const { record, column, label } = props;
  const isEmpty = record === undefined;
  return (
    <td
      class={`cell-metric ${isEmpty ? 'is-empty' : ''} ${label === '' ? '' : 'is-own'}`}
      data-cell
      title={record?.name ?? ''}
    >
      <span class="cell-label">{label === '' ? column.label : label}</span>
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
      {label !== '' && <span class="cell-own">{label}</span>}
    </td>
  );
}

export function SkeletonRow({ top, columns }: { top: number; columns: readonly TableColumn[] }) {
  return (
    <tr class="fleet-row is-skeleton" style={{ transform: `translateY(${top}px)` }}>
      <td class="cell-check" />
      <td class="cell-status">
        <i />
      </td>
      <td class="cell-name">
        <i />
      </td>
      {columns.map(({ key, kind }) => (
        <td key={key} class={key === 'seen' ? 'cell-seen' : kind === 'fact' ? 'cell-fact' : 'cell-metric'}>
          <i />
        </td>
      ))}
    </tr>
  );
}
