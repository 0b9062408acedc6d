/** What can be done with the devices picked, and what the table would do if it were let. No state of their own. */
import type { PinDraft } from '../core/board-content.ts';
import type { DeviceRecord } from '../core/feed-state.ts';
import { assignMetrics, type TableColumn } from '../core/fleet-columns.ts';
import { writeExploreLink } from '../core/fleet-explore.ts';
import { useApp } from './app-context.ts';
import { PinButton } from './board-pin-button.tsx';
import type { FleetList } from './fleet-list.ts';
import type { Selection } from './fleet-selection.ts';

export function SelectionBar({ selection, columns }: { selection: Selection; columns: readonly TableColumn[] }) {
  const { model } = useApp();
  const ids = [...selection.ids.value];
  if (ids.length === 0 && !selection.isPicking.value) return null;
  const devices = ids.flatMap((id) => model.feed.devices.get(id) ?? []);
  const link = writeExploreLink(devices, columns);
  return (
    <section class="selection-bar" aria-label="Picked devices">
      <output>
        <b>{ids.length}</b> {ids.length === 1 ? 'device' : 'devices'} picked
      </output>
      <button type="button" class="button is-small" disabled={ids.length === 0} onClick={() => selection.edit(ids)}>
        Tags
      </button>
      {link !== '' && (
        <a class="button is-small" href={link}>
          Explore
        </a>
      )}
      {link !== '' && <PinButton drafts={[draftTable(devices, columns)]} />}
      <button type="button" class="button is-small" onClick={() => selection.clear()}>
        Done
      </button>
    </section>
  );
}

/** The metrics of the table's columns, device by device. */
function draftTable(devices: readonly DeviceRecord[], columns: readonly TableColumn[]): PinDraft {
  const series = devices.flatMap(({ id, metrics }) =>
    assignMetrics(metrics, columns).flatMap((index) => {
      const metric = metrics[index];
      return metric === undefined ? [] : [{ device: id, metric: metric.name }];
    }),
  );
  return { kind: 'table', title: '', series };
}

/** Only while somebody is at the table and its order is held. */
export function OrderHint({ list }: { list: FleetList }) {
  return (
    <div class={`order-hint ${list.moved > 0 ? 'is-shown' : ''}`} role="status">
      {list.moved > 0 && (
        <>
          <span>{list.moved > 98 ? 'Many rows' : list.moved === 1 ? '1 row' : `${list.moved} rows`} would move</span>
          <button type="button" class="button is-small" onClick={() => list.sortNow()}>
            Sort now
          </button>
        </>
      )}
    </div>
  );
}
