/**
 * What a hand does on a chart, as windows of time: drag to zoom, shift-drag and one finger to move, wheel with Ctrl or ⌘ and two
 * fingers to zoom, double-click to go back to live.
 *
 * Owns the pointers that are down. Invariant: a plain wheel and a finger moving up or down scroll the page; nothing else is taken.
 */
import type uPlot from 'uplot';
import { panWindow, type TimeWindow, zoomWindow } from '../core/time-window.ts';
import type { DeviceBoard } from './device-board.ts';

/** A click is not a drag. */
const dragPixelsLeast = 5;

interface Grip {
  readonly start: TimeWindow;
  readonly startX: number;
  readonly kind: 'select' | 'pan';
  moved: boolean;
}

/** Listens on the chart's own surface, which goes away with the chart. */
export function followGestures(chart: uPlot, board: DeviceBoard, nowHubMs: () => number): void {
  const surface = chart.over;
  const pointers = new Map<number, number>();
  let grip: Grip | null = null;
  let pinch: { readonly start: TimeWindow; readonly spread: number } | null = null;

  const toX = (event: { clientX: number }) => event.clientX - surface.getBoundingClientRect().left;
  const timeAt = (x: number, { fromMs, toMs }: TimeWindow) => fromMs + (x / surface.clientWidth) * (toMs - fromMs);
  // uPlot puts its own selection back to nothing with every move.
  const selection = document.createElement('div');
  selection.className = 'time-selection';
  selection.hidden = true;
  surface.append(selection);
  const hideSelection = () => {
    selection.hidden = true;
  };
  const spread = () => {
    const [a = 0, b = 0] = [...pointers.values()];
    return Math.max(20, Math.abs(a - b));
  };

  surface.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, toX(event));
    surface.setPointerCapture(event.pointerId);
    if (pointers.size === 2) {
      grip = null;
      hideSelection();
      pinch = { start: board.window, spread: spread() };
      return;
    }
    const isPan = event.shiftKey || event.pointerType === 'touch';
    grip = { start: board.window, startX: toX(event), kind: isPan ? 'pan' : 'select', moved: false };
  });
  surface.addEventListener('pointermove', (event) => {
    if (!pointers.has(event.pointerId)) return;
    const x = toX(event);
    pointers.set(event.pointerId, x);
    if (pinch !== null) {
      const [a = 0, b = 0] = [...pointers.values()];
      const aroundMs = timeAt((a + b) / 2, pinch.start);
      board.move(zoomWindow(pinch.start, { aroundMs, factor: pinch.spread / spread(), nowMs: nowHubMs() }));
      return;
    }
    if (grip === null || (!grip.moved && Math.abs(x - grip.startX) < dragPixelsLeast)) return;
    grip.moved = true;
    if (grip.kind === 'pan') {
      const byMs = timeAt(grip.startX, grip.start) - timeAt(x, grip.start);
      board.move(panWindow(grip.start, byMs, nowHubMs()));
      return;
    }
    const left = Math.max(0, Math.min(x, grip.startX));
    const right = Math.min(surface.clientWidth, Math.max(x, grip.startX));
    selection.hidden = false;
    selection.style.left = `${left}px`;
    selection.style.width = `${right - left}px`;
  });
  const pointerOnEnd = (event: PointerEvent) => {
    if (!pointers.delete(event.pointerId)) return;
    const done = grip;
    grip = null;
    hideSelection();
    if (pinch !== null) {
      pinch = null;
      board.settle();
      return;
    }
    if (done === null || !done.moved) return;
    if (done.kind === 'pan' || event.type === 'pointercancel') {
      if (done.kind === 'pan') board.settle();
      return;
    }
    const ends = [done.startX, toX(event)].map((x) =>
      timeAt(Math.min(surface.clientWidth, Math.max(0, x)), done.start),
    );
    board.settle({ fromMs: Math.min(...ends), toMs: Math.max(...ends) });
  };
  surface.addEventListener('pointerup', pointerOnEnd);
  surface.addEventListener('pointercancel', pointerOnEnd);
  surface.addEventListener('dblclick', () => board.goLive());
  surface.addEventListener(
    'wheel',
    (event) => {
      // A trackpad's pinch comes as a wheel with Ctrl.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const { window } = board;
      const factor = Math.exp(Math.max(-120, Math.min(120, event.deltaY)) * 0.004);
      board.move(zoomWindow(window, { aroundMs: timeAt(toX(event), window), factor, nowMs: nowHubMs() }));
    },
    { passive: false },
  );
}
