/** What of the table is in sight, and how much room it has. Owns the listeners of one scroller. */
import { type Signal, useSignal } from '@preact/signals';
import { useLayoutEffect, useMemo } from 'preact/hooks';

const phoneQuery = matchMedia('(max-width: 720px)');

export interface FleetView {
  readonly height: number;
  readonly width: number;
  readonly isPhone: boolean;
}

export interface FleetViewport {
  readonly size: Signal<FleetView>;
  /** Pixels scrolled away. Components that read it are rendered with every step of the wheel. */
  readonly top: Signal<number>;
}

export function useFleetView(scroller: { readonly current: HTMLDivElement | null }): FleetViewport {
  const size = useSignal<FleetView>({ height: 900, width: innerWidth - 56, isPhone: phoneQuery.matches });
  const top = useSignal(0);
  useLayoutEffect(() => {
    const element = scroller.current!;
    const measure = () => {
      const before = size.peek();
      const now = { height: element.clientHeight, width: element.clientWidth, isPhone: phoneQuery.matches };
      const isSame = now.height === before.height && now.width === before.width && now.isPhone === before.isPhone;
      if (!isSame) size.value = now;
    };
    const elementOnScroll = () => {
      top.value = element.scrollTop;
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', elementOnScroll, { passive: true });
    phoneQuery.addEventListener('change', measure);
    measure();
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', elementOnScroll);
      phoneQuery.removeEventListener('change', measure);
    };
  }, []);
  return useMemo(() => ({ size, top }), []);
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
