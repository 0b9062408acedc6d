/**
 * The fleet: counters that filter, a text filter, and the table; or, for an empty fleet, how to connect a device.
 *
 * Owns what is open over the table. Everything else of its state stands in the address.
 */
import { type Signal, useSignal } from '@preact/signals';
import { useCallback, useEffect, useRef } from 'preact/hooks';
import type { FleetRoute } from '../core/app-route.ts';
import type { TableColumn } from '../core/fleet-columns.ts';
import { useApp } from './app-context.ts';
import { useFleetList } from './fleet-list.ts';
import { FleetFailed, NothingFound, PasswordOffer } from './fleet-notices.tsx';
import { useSelection } from './fleet-selection.ts';
import { OrderHint, SelectionBar } from './fleet-selection-bar.tsx';
import { FleetTable } from './fleet-table.tsx';
import { type FleetPanel, FleetTools } from './fleet-tools.tsx';
import { lazyAddPage, lazyFleetPanels } from './lazy-page.tsx';

export function FleetPage({ route }: { route: FleetRoute }) {
  const { model, watch, loadFleet, fleetKeeper } = useApp();
  const isKnown = model.session.value.state === 'signed-in';
  useEffect(() => {
    if (!isKnown) return undefined;
    watch([]);
    loadFleet();
    void fleetKeeper.load();
    return () => watch(null);
  }, [isKnown]);
  const adding = useSignal(false);
  const load = model.fleetLoad.value;
  // Read here, so that a device that appears renders the page.
  void model.structure.value;
  const { devices } = model.feed;
  if (load === 'failed' && devices.size === 0) return <FleetFailed />;
  if (adding.value || (load === 'ready' && devices.size === 0)) return <lazyAddPage.Page adding={adding} />;
  return <FleetBody route={route} isLoading={load === 'loading'} />;
}

function FleetBody({ route, isLoading }: { route: FleetRoute; isLoading: boolean }) {
  const { model, navigate, fleetKeeper } = useApp();
  const structure = model.structure.value;
  const list = useFleetList(route, structure);
  const panel = useSignal<FleetPanel | null>(null);
  const columns = useSignal<readonly TableColumn[]>([]);
  const shownOnChange = useCallback((now: readonly TableColumn[]) => {
    columns.value = now;
  }, []);
  const selection = useSelection((ids) => {
    panel.value = { kind: 'edit', ids };
  });
  useEditInAddress(route, panel);
  return (
    <div class="fleet-page">
      <h1 class="spoken">Fleet</h1>
      <FleetTools route={route} panel={panel} selection={selection} isLoading={isLoading} />
      <FleetTable
        route={route}
        list={list}
        structure={structure}
        isLoading={isLoading}
        selection={selection}
        ownColumns={fleetKeeper.columns.value}
        shownOnChange={shownOnChange}
      >
        {!isLoading && list.devices.length === 0 && <NothingFound route={route} />}
      </FleetTable>
      <PasswordOffer />
      <SelectionBar selection={selection} columns={columns.value} />
      <OrderHint list={list} />
      {panel.value !== null && (
        <lazyFleetPanels.Page
          panel={panel.value}
          route={route}
          columns={columns.value}
          close={() => {
            panel.value = null;
            if (route.look.edit !== '') navigate({ ...route, look: { ...route.look, edit: '' } }, 'replace');
          }}
        />
      )}
    </div>
  );
}

/** `edit=ID` in the address opens the editor: so the palette can lead there. */
function useEditInAddress(route: FleetRoute, panel: Signal<FleetPanel | null>): void {
  const { model } = useApp();
  const { edit } = route.look;
  const opened = useRef('');
  const isKnown = edit !== '' && model.feed.devices.has(edit);
  useEffect(() => {
    if (isKnown && opened.current !== edit) panel.value = { kind: 'edit', ids: [edit] };
    opened.current = isKnown ? edit : '';
  }, [edit, isKnown]);
}
