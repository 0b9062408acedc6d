/**
 * What a hand does on a chart, as windows of time: drag to zoom, shift-drag and one finger to move, wheel with Ctrl or ⌘ and two
 * fingers to zoom, double-click to go back to live.
 *
 * Owns the pointers that are down and the selection drawn. Invariant: a plain wheel and a finger moving up or down scroll the page;
 * nothing else is taken.
 */
import { panWindow, type TimeWindow, zoomWindow } from '../core/time-window.ts';
import type { TimeStage } from './time-stage.ts';

/** A click is not a drag. */
const dragPixelsLeast = 5;
/** Fingers closer than this would zoom without end. */
const spreadPixelsLeast = 20;

type Grip =
  | { readonly kind: 'none' }
  | { readonly kind: 'select' | 'pan'; readonly start: TimeWindow; readonly startX: number; readonly moved: boolean }
  | { readonly kind: 'pinch'; readonly start: TimeWindow; readonly spread: number };

export class PlotGestures {
  private readonly surface: HTMLElement;
  private readonly stage: TimeStage;
  private readonly selection: HTMLElement;
  /** Pointer id → place on the surface. */
  private readonly pointers = new Map<number, number>();
  private grip: Grip = { kind: 'none' };

  /** Listens on the chart's own surface, which goes away with the chart. */
  constructor(surface: HTMLElement, stage: TimeStage) {
    this.surface = surface;
    this.stage = stage;
    // uPlot puts its own selection back to nothing with every move.
    this.selection = document.createElement('div');
    this.selection.className = 'time-selection';
    this.selection.hidden = true;
    surface.append(this.selection);
    surface.addEventListener('pointerdown', (event) => this.pointerOnDown(event));
    surface.addEventListener('pointermove', (event) => this.pointerOnMove(event));
    surface.addEventListener('pointerup', (event) => this.pointerOnEnd(event));
    surface.addEventListener('pointercancel', (event) => this.pointerOnEnd(event));
    surface.addEventListener('dblclick', () => stage.goLive());
    surface.addEventListener('wheel', (event) => this.wheelOnTurn(event), { passive: false });
  }

  private pointerOnDown(event: PointerEvent): void {
    if (event.button !== 0) return;
    const x = this.readX(event);
    this.pointers.set(event.pointerId, x);
    this.surface.setPointerCapture(event.pointerId);
    const start = this.stage.window;
    if (this.pointers.size === 2) {
      this.selection.hidden = true;
      this.grip = { kind: 'pinch', start, spread: this.measureSpread() };
      return;
    }
    const isPan = event.shiftKey || event.pointerType === 'touch';
    this.grip = { kind: isPan ? 'pan' : 'select', start, startX: x, moved: false };
  }

  private pointerOnMove(event: PointerEvent): void {
    if (!this.pointers.has(event.pointerId)) return;
    const x = this.readX(event);
    this.pointers.set(event.pointerId, x);
    const { grip } = this;
    if (grip.kind === 'none') return;
    if (grip.kind === 'pinch') {
      const [a = 0, b = 0] = [...this.pointers.values()];
      const aroundMs = this.timeAt((a + b) / 2, grip.start);
      const factor = grip.spread / this.measureSpread();
      this.stage.move(zoomWindow(grip.start, { aroundMs, factor, nowMs: this.stage.nowHubMs() }));
      return;
    }
    if (!grip.moved && Math.abs(x - grip.startX) < dragPixelsLeast) return;
    this.grip = { ...grip, moved: true };
    if (grip.kind === 'select') {
      this.showSelection(grip.startX, x);
      return;
    }
    const byMs = this.timeAt(grip.startX, grip.start) - this.timeAt(x, grip.start);
    this.stage.move(panWindow(grip.start, byMs, this.stage.nowHubMs()));
  }

  private pointerOnEnd(event: PointerEvent): void {
    if (!this.pointers.delete(event.pointerId)) return;
    const { grip } = this;
    this.grip = { kind: 'none' };
    this.selection.hidden = true;
    if (grip.kind === 'none' || (grip.kind !== 'pinch' && !grip.moved)) return;
    if (grip.kind !== 'select') {
      this.stage.settle();
      return;
    }
    if (event.type === 'pointercancel') return;
    const ends = [grip.startX, this.readX(event)].map((x) => this.timeAt(this.clampX(x), grip.start));
    this.stage.settle({ fromMs: Math.min(...ends), toMs: Math.max(...ends) });
  }

  private wheelOnTurn(event: WheelEvent): void {
    // A trackpad's pinch comes as a wheel with Ctrl.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { window } = this.stage;
    const factor = Math.exp(Math.max(-120, Math.min(120, event.deltaY)) * 0.004);
    const aroundMs = this.timeAt(this.readX(event), window);
    this.stage.move(zoomWindow(window, { aroundMs, factor, nowMs: this.stage.nowHubMs() }));
  }

  private showSelection(a: number, b: number): void {
    const left = this.clampX(Math.min(a, b));
    this.selection.hidden = false;
    this.selection.style.left = `${left}px`;
    this.selection.style.width = `${this.clampX(Math.max(a, b)) - left}px`;
  }

  private readX(event: { readonly clientX: number }): number {
    return event.clientX - this.surface.getBoundingClientRect().left;
  }
  private clampX(x: number): number {
    return Math.min(this.surface.clientWidth, Math.max(0, x));
  }
  private timeAt(x: number, { fromMs, toMs }: TimeWindow): number {
    return fromMs + (x / this.surface.clientWidth) * (toMs - fromMs);
  }
  private measureSpread(): number {
    const [a = 0, b = 0] = [...this.pointers.values()];
    return Math.max(spreadPixelsLeast, Math.abs(a - b));
  }
}
