/**
 * What a row of the fleet table is made of (on a phone a card). Rendered once for each set of columns and cloned from then on:
 * fleet-row-writer.ts fills the clones. No state, nothing of a device.
 */
import { render } from 'preact';
import type { TableColumn } from '../core/fleet-columns.ts';
import type { FleetStatus } from '../core/fleet-status.ts';
import { MoreIcon } from './fleet-icons.tsx';
import { sparkBox } from './row-painter.ts';
import { StatusMark, WarningShape } from './status-mark.tsx';

/** A row with empty cells; clones of it carry nothing of Preact's. */
export function makeRowFrame(columns: readonly TableColumn[]): HTMLTableRowElement {
  const body = document.createElement('tbody');
  render(
    <tr class="fleet-row">
      <td class="cell-check">
        <input type="checkbox" tabIndex={-1} />
      </td>
      <td class="cell-status" />
      <td class="cell-name">
        <a href="/" data-focus>
          –
        </a>
        <span class="cell-sub" hidden>
          <span class="cell-tags" />
        </span>
      </td>
      {columns.map((column) =>
        column.kind === 'fact' ? (
          <FactFrame key={column.key} column={column} />
        ) : (
          <MetricFrame key={column.key} column={column} />
        ),
      )}
      <td class="cell-more">
        <button type="button" class="more" tabIndex={-1}>
          <MoreIcon />
        </button>
      </td>
    </tr>,
    body,
  );
  return body.firstElementChild as HTMLTableRowElement;
}

function FactFrame({ column }: { column: TableColumn }) {
  if (column.key !== 'seen') {
    return <td class={`cell-fact ${column.isNumeric ? 'is-number' : ''}`} data-fact={column.key} />;
  }
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
}

function MetricFrame({ column }: { column: TableColumn }) {
  return (
    <td class="cell-metric" data-cell>
      <span class="cell-label">{column.label}</span>
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
      {column.key.startsWith('own:') && <span class="cell-own" />}
    </td>
  );
}

const marks = new Map<FleetStatus | 'warning', Element>();

/** A copy of a status' mark, or of the shape of warnings. */
export function makeMark(state: FleetStatus | 'warning'): Node {
  let mark = marks.get(state);
  if (mark === undefined) {
    const box = document.createElement('div');
    render(state === 'warning' ? <WarningShape /> : <StatusMark state={state} />, box);
    mark = box.firstElementChild!;
    marks.set(state, mark);
  }
  return mark.cloneNode(true);
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
