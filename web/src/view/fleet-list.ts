/**
 * The devices of the table in their order, and when that order may change.
 *
 * Owns the order on the screen. Invariant: a row never leaves from under a pointer, a finger or the focus: while somebody is at the table
 * the rows stay where they are, newcomers come last, and a hint says how many would move. What the person asks for (a filter, another
 * sorting) is done at once.
 */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { FleetRoute } from '../core/app-route.ts';
import type { DeviceRecord } from '../core/feed-state.ts';
import { countMoved, holdOrder, isLiveSort, listFleet, rankNames } from '../core/fleet-order.ts';
import { useApp } from './app-context.ts';

const liveSortEveryMs = 2_000;

export interface FleetList {
  readonly devices: readonly DeviceRecord[];
  /** Rows that would stand elsewhere if the table were sorted now. */
  readonly moved: number;
  /** True while somebody is at the table. */
  readonly isHeld: Signal<boolean>;
  sortNow(): void;
}

export function useFleetList(route: FleetRoute, structure: number): FleetList {
  const app = useApp();
  const { devices } = app.model.feed;
  const isHeld = useSignal(false);
  const tick = useSignal(0);
  const asked = useSignal(0);
  const { sort, isDescending } = route.look;
  useLiveTick(isLiveSort(sort), tick);
  const query = { filter: route.filter, text: route.text, sort, isDescending };
  const key = JSON.stringify([query, asked.value]);
  const shown = useRef<{ key: string; list: readonly DeviceRecord[] }>({ key: '', list: [] });
  const wanted = useMemo(() => {
    for (const device of devices.values()) {
      if (!Number.isNaN(device.nameRank)) continue;
      rankNames(devices.values());
      break;
    }
    return listFleet(devices.values(), query, app.nowHubMs());
  }, [structure, key, tick.value]);
  const mayMove = !isHeld.value || key !== shown.current.key;
  const list = useMemo(() => (mayMove ? wanted : holdOrder(shown.current.list, wanted, devices)), [wanted, mayMove]);
  shown.current = { key, list };
  const moved = useMemo(() => (list === wanted ? 0 : countMoved(list, wanted)), [list, wanted]);
  const sortNow = () => {
    asked.value++;
  };
  return { devices: list, moved, isHeld, sortNow };
}

/** Sorted by what ticks, the table is sorted anew now and then, and only while it is in sight. */
function useLiveTick(isLive: boolean, tick: Signal<number>): void {
  const app = useApp();
  useEffect(() => {
    if (!isLive) return undefined;
    let nextMs = 0;
    return app.addPainter((nowHubMs) => {
      if (nowHubMs < nextMs) return;
      nextMs = nowHubMs + liveSortEveryMs;
      tick.value++;
    });
  }, [isLive]);
}

/** Follows who is at the table: a mouse over its rows, a finger on them lately, or the keyboard's focus. */
export function followPresence(element: HTMLElement, isHeld: Signal<boolean>): () => void {
  const touchHoldMs = 3_000;
  let isOver = false;
  let isFocused = false;
  let timer = 0;
  let isTouched = false;
  const tell = () => {
    isHeld.value = isOver || isFocused || isTouched;
  };
  const listeners = {
    pointermove: (event: Event) => {
      isOver = (event as PointerEvent).pointerType === 'mouse' && isInRows(event);
      tell();
    },
    pointerleave: () => {
      isOver = false;
      tell();
    },
    pointerdown: (event: Event) => {
      if ((event as PointerEvent).pointerType === 'mouse') return;
      isTouched = true;
      clearTimeout(timer);
      timer = setTimeout(() => {
        isTouched = false;
        tell();
      }, touchHoldMs) as unknown as number;
      tell();
    },
    focusin: (event: Event) => {
      isFocused = isInRows(event);
      tell();
    },
    focusout: () => {
      isFocused = false;
      tell();
    },
  } as const;
  for (const [name, listener] of Object.entries(listeners)) element.addEventListener(name, listener, { passive: true });
  return () => {
    clearTimeout(timer);
    for (const [name, listener] of Object.entries(listeners)) element.removeEventListener(name, listener);
  };
}

function isInRows(event: Event): boolean {
  return event.target instanceof Element && event.target.closest('.fleet-rows') !== null;
}
