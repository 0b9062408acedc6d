/** The fleet: counters that filter, a text filter, and the table; or, for an empty fleet, how to connect a device. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { PresenceFilter, Route } from '../core/app-route.ts';
import { countPresence } from '../core/feed-state.ts';
import { listFleet, rankNames } from '../core/fleet-order.ts';
import { formatFixed, noValue } from '../core/number-format.ts';
import { useApp } from './app-context.ts';
import { FleetTable } from './fleet-table.tsx';
import { AddIcon, CloseIcon, SearchIcon } from './icons.tsx';
import { lazyAddPage } from './lazy-page.tsx';
import { presenceWords, StatusShape } from './status-mark.tsx';

type FleetRoute = Extract<Route, { page: 'fleet' }>;

const filters: readonly PresenceFilter[] = ['all', 'online', 'late', 'offline', 'asleep'];

export function FleetPage({ route }: { route: FleetRoute }) {
  const { model, watch, loadFleet } = useApp();
  useEffect(() => {
    watch([]);
    loadFleet();
    return () => watch(null);
  }, []);
  const adding = useSignal(false);
  const load = model.fleetLoad.value;
  const structure = model.structure.value;
  const devices = model.feed.devices;
  const list = useMemo(() => {
    for (const device of devices.values()) {
      if (!Number.isNaN(device.nameRank)) continue;
      rankNames(devices.values());
      break;
    }
    return listFleet(devices.values(), route);
  }, [structure, route.filter, route.text]);
  if (load === 'failed' && devices.size === 0) return <FleetFailed />;
  if (adding.value || (load === 'ready' && devices.size === 0)) return <lazyAddPage.Page adding={adding} />;
  const isLoading = load === 'loading' && devices.size === 0;
  return (
    <div class="fleet-page">
      <h1 class="spoken">Fleet</h1>
      <div class="fleet-tools">
        <Counters route={route} isLoading={isLoading} />
        <TextFilter route={route} />
        <a class="button add-link" href="/add">
          <AddIcon />
          <span>Add a device</span>
        </a>
      </div>
      <PasswordOffer />
      <FleetTable devices={list} fleet={devices} structure={structure} isLoading={isLoading} />
      {!isLoading && list.length === 0 && <NothingFound />}
    </div>
  );
}

function Counters({ route, isLoading }: { route: FleetRoute; isLoading: boolean }) {
  const { model, navigate } = useApp();
  const counts = useComputed(() => {
    void model.structure.value;
    return countPresence(model.feed.devices.values());
  });
  return (
    <fieldset class="counters">
      <legend class="spoken">Show devices that are</legend>
      {filters.map((filter) => (
        <button
          type="button"
          key={filter}
          class={`counter ${filter === 'all' ? '' : `is-${filter}`} ${counts.value[filter] === 0 ? 'is-zero' : ''}`}
          aria-pressed={route.filter === filter}
          onClick={() => navigate({ ...route, filter: route.filter === filter ? 'all' : filter }, 'replace')}
        >
          {filter !== 'all' && <StatusShape state={filter} />}
          <span>{filter === 'all' ? 'All' : presenceWords[filter]}</span>
          <b>{isLoading ? noValue : formatFixed(counts.value[filter], 0)}</b>
        </button>
      ))}
    </fieldset>
  );
}

function TextFilter({ route }: { route: FleetRoute }) {
  const { navigate } = useApp();
  const setText = (text: string) => navigate({ ...route, text }, 'replace');
  return (
    <search class="text-filter">
      <SearchIcon />
      <input
        type="text"
        inputMode="search"
        placeholder="Filter by name, model, firmware"
        aria-label="Filter by name, model or firmware"
        spellcheck={false}
        value={route.text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && setText('')}
      />
      {route.text !== '' && (
        <button type="button" class="text-filter-clear" aria-label="Clear the filter" onClick={() => setText('')}>
          <CloseIcon />
        </button>
      )}
    </search>
  );
}

function NothingFound() {
  const { navigate } = useApp();
  return (
    <div class="nothing-found">
      <p>No device matches.</p>
      <button
        type="button"
        class="button"
        onClick={() => navigate({ page: 'fleet', filter: 'all', text: '' }, 'replace')}
      >
        Show all devices
      </button>
    </div>
  );
}

function FleetFailed() {
  const { loadFleet } = useApp();
  return (
    <section class="notice" role="alert">
      <h1>The devices could not be read</h1>
      <p>The hub did not answer as expected. Devices go on measuring and keep what the hub has not acked.</p>
      <button type="button" class="button" onClick={loadFleet}>
        Try again
      </button>
    </section>
  );
}

function PasswordOffer() {
  const { model } = useApp();
  const session = model.session.value;
  if (session.state !== 'signed-in' || session.passwordSet) return null;
  return (
    <p class="offer">
      You are signed in by a one-time link. <a href="/settings">Set a password</a> to come back without one.
    </p>
  );
}
