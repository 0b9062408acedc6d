/**
 * The time bar: presets, a free range, steps back and forward, and whether the page is live, held or behind.
 *
 * Owns whether the picker is open. Everything it changes is the address.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { formatAge } from '../core/number-format.ts';
import { findRange, timeRanges } from '../core/time-range.ts';
import type { RangeRoute } from '../core/time-route.ts';
import { clampWindow, panWindow, type TimeWindow, widenWindow } from '../core/time-window.ts';
import { useApp } from './app-context.ts';
import { formatStretch } from './clock-text.ts';
import { BackIcon, CalendarIcon, ForwardIcon, PauseIcon, PlayIcon, WidenIcon } from './icons.tsx';
import { makeLazyPage } from './make-lazy-page.tsx';

const lazyPicker = makeLazyPage(async () => (await import('./range-picker.tsx')).RangePicker);

export function TimeBar({ route }: { route: RangeRoute }) {
  const { navigate } = useApp();
  return (
    <div class="time-bar">
      <fieldset class="range-bar">
        <legend class="spoken">Range of the charts</legend>
        {timeRanges.map((range) => (
          <button
            type="button"
            key={range.name}
            class={`range-${range.name}`}
            aria-pressed={range.name === route.range && route.window === null}
            aria-label={`${range.label}, ${range.spokenLabel}`}
            onClick={() => navigate({ ...route, range: range.name, window: null }, 'replace')}
          >
            {range.label}
          </button>
        ))}
      </fieldset>
      <FreeRange route={route} />
      <Steps route={route} />
      <HoldButton route={route} />
    </div>
  );
}

/** The stretch held, in words; opens the picker. */
function FreeRange({ route }: { route: RangeRoute }) {
  const isOpen = useSignal(false);
  const box = useRef<HTMLFieldSetElement>(null);
  const { window } = route;
  const close = () => {
    if (!isOpen.peek()) return;
    isOpen.value = false;
    box.current?.querySelector('button')?.focus();
  };
  useEffect(() => {
    if (!isOpen.value) return undefined;
    const pointerOnDown = (event: PointerEvent) => {
      if (event.target instanceof Node && box.current?.contains(event.target) === true) return;
      isOpen.value = false;
    };
    document.addEventListener('pointerdown', pointerOnDown);
    return () => document.removeEventListener('pointerdown', pointerOnDown);
  }, [isOpen.value]);
  return (
    <fieldset
      class="free-range"
      aria-label="Free range"
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !isOpen.peek()) return;
        event.preventDefault();
        close();
      }}
    >
      <button
        type="button"
        class="bar-button free-button"
        aria-expanded={isOpen.value}
        aria-label={
          window === null ? 'Choose a range' : `Range ${formatStretch(window.fromMs, window.toMs)}, change it`
        }
        title="Choose a range"
        onClick={() => {
          isOpen.value = !isOpen.peek();
        }}
      >
        <CalendarIcon />
        {window !== null && <span class="free-text">{formatStretch(window.fromMs, window.toMs)}</span>}
      </button>
      {isOpen.value && <lazyPicker.Page route={route} close={close} />}
    </fieldset>
  );
}

/** Half a range back or forward, and twice as long. */
function Steps({ route }: { route: RangeRoute }) {
  const { navigate, nowHubMs } = useApp();
  const go = (change: (window: TimeWindow, nowMs: number) => TimeWindow) => {
    const nowMs = nowHubMs();
    navigate({ ...route, window: clampWindow(change(readShown(route, nowMs), nowMs), nowMs) });
  };
  const half = ({ fromMs, toMs }: TimeWindow) => (toMs - fromMs) / 2;
  return (
    <fieldset class="steps">
      <legend class="spoken">Move through time</legend>
      <button
        type="button"
        class="bar-button"
        aria-label="Half a range back"
        title="Half a range back"
        onClick={() => go((window, nowMs) => panWindow(window, -half(window), nowMs))}
      >
        <BackIcon />
      </button>
      <button
        type="button"
        class="bar-button"
        aria-label="Half a range forward"
        title="Half a range forward"
        disabled={route.window === null}
        onClick={() => go((window, nowMs) => panWindow(window, half(window), nowMs))}
      >
        <ForwardIcon />
      </button>
      <button
        type="button"
        class="bar-button"
        aria-label="Zoom out to twice the range"
        title="Zoom out"
        onClick={() => go(widenWindow)}
      >
        <WidenIcon />
      </button>
    </fieldset>
  );
}

function readShown(route: RangeRoute, nowMs: number): TimeWindow {
  const toMs = Math.floor(nowMs);
  return route.window ?? { fromMs: toMs - findRange(route.range).spanMs, toMs };
}

/** Live: a button that holds the charts still. Held: how far behind, in amber, and the way back. */
function HoldButton({ route }: { route: RangeRoute }) {
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
  const hold = () => navigate({ ...route, window: readShown(route, nowHubMs()) });
  return (
    <button type="button" class="hold" aria-label="Hold the charts still" title="Hold still (Space)" onClick={hold}>
      <PauseIcon />
    </button>
  );
}
