/** What of the table is in sight, and how much room it has. Owns the listeners of one scroller. */
import { type Signal, useSignal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';

const phoneQuery = matchMedia('(max-width: 720px)');

export interface FleetView {
  readonly top: number;
  readonly height: number;
  readonly width: number;
  readonly isPhone: boolean;
}

/** Changes with scrolling, but only by steps of half a row: a finer place shows no other rows. */
const stepPx = 18;

export function useFleetView(scroller: { readonly current: HTMLDivElement | null }): Signal<FleetView> {
  const view = useSignal<FleetView>({ top: 0, height: 900, width: innerWidth - 56, isPhone: phoneQuery.matches });
  useLayoutEffect(() => {
    const element = scroller.current!;
    const look = () => {
      const before = view.peek();
      const now = {
        top: Math.floor(element.scrollTop / stepPx) * stepPx,
        height: element.clientHeight,
        width: element.clientWidth,
        isPhone: phoneQuery.matches,
      };
      const isSame =
        now.top === before.top &&
        now.height === before.height &&
        now.width === before.width &&
        now.isPhone === before.isPhone;
      if (!isSame) view.value = now;
    };
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    phoneQuery.addEventListener('change', look);
    look();
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
      phoneQuery.removeEventListener('change', look);
    };
  }, []);
  return view;
}

const gapPx = 16;
const leadPx = 16 + 8 + gapPx + 84 + gapPx + 190 + gapPx;
const tailPx = 28 + 16;
const factPx = 84 + gapPx + 76 + gapPx;
const metricPx = 156 + gapPx;
const modelPx = 130 + gapPx;

/** How many metric columns there is room for, and whether the model fits too; the same widths as in fleet-columns.ts. */
export function measureRoom(width: number): { cells: number; isWide: boolean } {
  const left = width - leadPx - tailPx - factPx;
  const isWide = left - modelPx >= 5 * metricPx;
  const cells = Math.floor((isWide ? left - modelPx : left) / metricPx);
  return { cells: Math.max(1, Math.min(6, cells)), isWide };
}

export const rowLead = { leadPx, tailPx, gapPx };
