/**
 * The keys of the fleet table: up and down through its lines, select, edit, and to the filter.
 *
 * Owns which line the keyboard is at. Invariant: the line that has the focus is in sight; Enter is left to the link itself.
 */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type FleetLines, findLineAt } from '../core/fleet-lines.ts';
import { useApp } from './app-context.ts';
import { keyOfLine } from './fleet-row-pool.tsx';
import { isForPage } from './page-keys.ts';

export interface LineKeys {
  /** Key of the line that Tab reaches: '' the first in sight. */
  readonly reached: Signal<string>;
  keysOnDown(event: KeyboardEvent): void;
  focusOnIn(event: FocusEvent): void;
}

export interface KeyActions {
  /** Device ids. */
  toggle(id: string, isRange: boolean): void;
  edit(ids: readonly string[]): void;
  clear(): void;
  fold(group: string): void;
}

export function useLineKeys(
  table: {
    readonly scroller: { readonly current: HTMLDivElement | null };
    readonly lines: FleetLines;
    readonly headPx: number;
    /** Lays the rows of where the scroller stands now. */
    readonly showHere: () => void;
  },
  actions: KeyActions,
): LineKeys {
  const reached = useSignal('');
  const now = useRef({ table, actions });
  now.current = { table, actions };
  const goTo = (index: number) => {
    const { lines, scroller, headPx, showHere } = now.current.table;
    const line = lines.lines[Math.max(0, Math.min(lines.lines.length - 1, index))];
    if (line === undefined) return;
    const at = lines.lines.indexOf(line);
    showLine(scroller.current!, { top: line.top, bottom: findBottom(lines, at), headPx });
    reached.value = keyOfLine(line);
    showHere();
    findFocusable(scroller.current, at)?.focus({ preventScroll: true });
  };
  usePageKeys(() => {
    const { lines, scroller } = now.current.table;
    goTo(findLineAt(lines.lines, scroller.current!.scrollTop + 1));
  });
  return {
    reached,
    keysOnDown: (event) => handleKey(event, { ...now.current, goTo }),
    focusOnIn: (event) => {
      const index = readLine(event.target);
      const line = index < 0 ? undefined : now.current.table.lines.lines[index];
      if (line !== undefined) reached.value = keyOfLine(line);
    },
  };
}

interface KeyScene {
  readonly table: Parameters<typeof useLineKeys>[0];
  readonly actions: KeyActions;
  goTo(index: number): void;
}

function handleKey(event: KeyboardEvent, { table, actions, goTo }: KeyScene): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { lines } = table.lines;
  const at = readLine(event.target);
  const line = at < 0 ? undefined : lines[at];
  const page = Math.max(1, Math.floor((table.scroller.current!.clientHeight - table.headPx) / 37) - 1);
  const steps: Record<string, number> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page };
  const step = steps[event.key];
  if (at >= 0 && step !== undefined) {
    const next = Math.max(0, Math.min(lines.length - 1, at + step));
    if (event.shiftKey && line?.kind === 'device') extend(actions, line.device.id, lines[next]);
    goTo(next);
  } else if (at >= 0 && event.key === 'Home') goTo(0);
  else if (at >= 0 && event.key === 'End') goTo(lines.length - 1);
  else if (event.key === 'Escape') actions.clear();
  else if (line?.kind === 'device' && event.key === 'x') actions.toggle(line.device.id, event.shiftKey);
  else if (event.key === 't') actions.edit(line?.kind === 'device' ? [line.device.id] : []);
  else if (line?.kind === 'group' && event.key === (line.isFolded ? 'ArrowRight' : 'ArrowLeft')) {
    actions.fold(line.group.name);
  } else return;
  event.preventDefault();
}

function extend(actions: KeyActions, from: string, to: FleetLines['lines'][number] | undefined): void {
  actions.toggle(from, false);
  if (to?.kind === 'device') actions.toggle(to.device.id, true);
}

/** `/` leads to the filter, and an arrow key from nowhere into the table. */
function usePageKeys(enter: () => void): void {
  const app = useApp();
  useEffect(() => {
    const keyOnDown = (event: KeyboardEvent) => {
      if (!isForPage(event) || app.model.overlay.peek() !== null || document.querySelector('dialog[open]') !== null)
        return;
      const isOutside = document.activeElement === document.body || document.activeElement?.id === 'page';
      if (event.key === '/') document.querySelector<HTMLInputElement>('.text-filter input')?.focus();
      else if ((event.key === 'ArrowDown' || event.key === 'j') && isOutside) enter();
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', keyOnDown);
    return () => document.removeEventListener('keydown', keyOnDown);
  }, []);
}

function readLine(target: EventTarget | null): number {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-line]') : null;
  return row === null ? -1 : Number(row.dataset.line);
}

function findFocusable(scroller: HTMLElement | null, index: number): HTMLElement | null {
  return scroller?.querySelector<HTMLElement>(`[data-line="${index}"] [data-focus]`) ?? null;
}

function findBottom({ lines, height }: FleetLines, index: number): number {
  return lines[index + 1]?.top ?? height;
}

function showLine(scroller: HTMLElement, line: { top: number; bottom: number; headPx: number }): void {
  const { scrollTop, clientHeight } = scroller;
  const room = clientHeight - line.headPx;
  if (line.top < scrollTop) scroller.scrollTop = line.top;
  else if (line.bottom > scrollTop + room) scroller.scrollTop = line.bottom - room;
}
