/** The bar at the top: where we are, the range when there are charts, and the pulse. No state but signals it reads. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Route } from '../core/app-route.ts';
import type { LatencyFigures } from '../core/latency-window.ts';
import { formatAge, noValue, thinSpace } from '../core/number-format.ts';
import { findRange, timeRanges } from '../core/time-range.ts';
import { useApp } from './app-context.ts';
import { formatClock } from './clock-text.ts';
import { PauseIcon, PlayIcon, SearchIcon } from './icons.tsx';

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
            <span class="crumb-here">{route.deviceId}</span>
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
      {route.page === 'device' && <RangeBar />}
      <Pulse />
    </header>
  );
}

const pageNames: Record<string, string> = { settings: 'Settings', add: 'Add a device' };

function RangeBar() {
  const { model, navigate } = useApp();
  const route = model.route.value;
  if (route.page !== 'device') return null;
  return (
    <div class="time-bar">
      <fieldset class="range-bar">
        <legend class="spoken">Range of the charts</legend>
        {timeRanges.map((range) => (
          <button
            type="button"
            key={range.name}
            aria-pressed={range.name === route.range && route.window === null}
            aria-label={`${range.label}, ${range.spokenLabel}`}
            onClick={() => navigate({ ...route, range: range.name, window: null }, 'replace')}
          >
            {range.label}
          </button>
        ))}
      </fieldset>
      <HoldButton route={route} />
    </div>
  );
}

/** Live: a button that holds the charts still. Held: how far behind, in amber, and the way back. */
function HoldButton({ route }: { route: Extract<Route, { page: 'device' }> }) {
  const { navigate, nowHubMs, addPainter } = useApp();
  const behind = useSignal('');
  const { window } = route;
  useEffect(() => {
    if (window === null) return undefined;
    return addPainter((nowMs) => {
      behind.value = formatAge(Math.max(0, nowMs - window.toMs));
    });
  }, [window?.toMs]);
  if (window !== null) {
    return (
      <button
        type="button"
        class="hold is-held"
        title="Go back to live (Space or Escape)"
        onClick={() => navigate({ ...route, window: null })}
      >
        <PlayIcon />
        <span>
          <span class="hold-word">behind </span>
          <b>{behind}</b>
        </span>
      </button>
    );
  }
  const hold = () => {
    const toMs = Math.floor(nowHubMs());
    navigate({ ...route, window: { fromMs: toMs - findRange(route.range).spanMs, toMs } });
  };
  return (
    <button type="button" class="hold" aria-label="Hold the charts still" title="Hold still (Space)" onClick={hold}>
      <PauseIcon />
    </button>
  );
}

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

/** Beats once per painted frame of the feed: two elements swap a class, so that the animation starts again. */
function PulseDot() {
  const { model } = useApp();
  const beat = useComputed(() => `pulse-dot beat-${model.beat.value % 2}`);
  return <span class={beat} aria-hidden="true" />;
}
