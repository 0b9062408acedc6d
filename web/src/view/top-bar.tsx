/** The bar at the top: where we are, the time bar when there are charts, and the pulse. No state but signals it reads. */
import { useComputed } from '@preact/signals';
import { nameOf } from '../core/fleet-order.ts';
import type { LatencyFigures } from '../core/latency-window.ts';
import { noValue, thinSpace } from '../core/number-format.ts';
import { hasRange } from '../core/time-route.ts';
import { useApp } from './app-context.ts';
import { formatClock } from './clock-text.ts';
import { SearchIcon } from './icons.tsx';
import { RewindButton } from './rewind-entry.tsx';
import { TimeBar } from './time-bar.tsx';

export function TopBar() {
  const { model } = useApp();
  const route = model.route.value;
  return (
    <header class="top-bar">
      <div class="crumbs">
        {route.page === 'device' ? (
          <>
            <a href="/">Fleet</a>
            <span class="crumb-mark" aria-hidden="true">
              ›
            </span>
            <DeviceCrumb deviceId={route.deviceId} />
          </>
        ) : (
          <span class="crumb-here">{pageNames[route.page] ?? 'Fleet'}</span>
        )}
      </div>
      <button
        type="button"
        class="search-button"
        aria-label="Ctrl K, go to a device, metric or page"
        title="Go to… (Ctrl or ⌘ K)"
        onClick={() => {
          model.overlay.value = 'palette';
        }}
      >
        <SearchIcon />
        <span aria-hidden="true">Ctrl K</span>
      </button>
      {hasRange(route) && <TimeBar route={route} />}
      {route.page !== 'add' && route.page !== 'settings' && <RewindButton />}
      <Pulse />
    </header>
  );
}

function DeviceCrumb({ deviceId }: { deviceId: string }) {
  const { model } = useApp();
  void model.structure.value;
  const device = model.feed.devices.get(deviceId);
  return (
    <span class="crumb-here" title={deviceId}>
      {device === undefined ? deviceId : nameOf(device)}
    </span>
  );
}

const pageNames: Record<string, string> = {
  explore: 'Explore',
  boards: 'Boards',
  board: 'Boards',
  inbox: 'Inbox',
  settings: 'Settings',
  add: 'Add a device',
};

function figure(figures: LatencyFigures | null, pick: 'p50' | 'p99'): string {
  if (figures === null) return noValue;
  const ms = figures[pick];
  return ms < 9_999 ? String(Math.round(ms)) : '>9999';
}

function Pulse() {
  const { model } = useApp();
  const link = model.link.value;
  const p50 = useComputed(() => figure(model.latency.value, 'p50'));
  const p99 = useComputed(() => figure(model.latency.value, 'p99'));
  const isBehind = useComputed(() => (model.latency.value?.p50 ?? 0) > 2_000).value;
  const state = link.kind === 'live' ? (isBehind ? 'behind' : 'live') : link.kind;
  const words = {
    live: 'live',
    behind: 'behind',
    connecting: 'connecting',
    resting: 'resting',
    waiting: 'reconnecting',
  };
  return (
    <div
      class={`pulse is-${state}`}
      title="From the device's measurement to this screen, median and 99th percentile of the last minute"
    >
      <PulseDot />
      <span class="pulse-word" role="status">
        {words[state]}
        {link.kind === 'live' && link.way === 'stream' && <small class="pulse-way"> over SSE</small>}
      </span>
      {link.kind === 'waiting' ? (
        <span class="pulse-note">
          {Number.isNaN(link.lastDataMs) ? 'no data yet' : `data until ${formatClock(link.lastDataMs)}`}
        </span>
      ) : (
        <span class="pulse-figures">
          <span class="pulse-figure">
            <b>{p50}</b>
            {thinSpace}ms <i>p50</i>
          </span>
          <span class="pulse-figure">
            <b>{p99}</b>
            {thinSpace}ms <i>p99</i>
          </span>
        </span>
      )}
    </div>
  );
}

/** Beats twice a second while readings come: its class alternates. */
function PulseDot() {
  const { model } = useApp();
  const beat = useComputed(() => `pulse-dot beat-${model.beat.value % 2}`);
  return <span class={beat} aria-hidden="true" />;
}
