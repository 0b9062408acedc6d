/**
 * The lines of the fleet table that are in sight: as many rows as fit, used again for whatever scrolls in.
 *
 * Owns the rows, their listeners, and which line stands in which. Invariants: a device keeps its row while it is in sight, so that focus
 * and pointer stay with it; scrolling renders no component and makes no element. Rows stand in the document in their order once
 * scrolling rests, for who reads them one after the other. Measured by `npm run bench -- web`: as components a row that scrolled in took
 * 3.5 ms of the main thread, of which diffing was a quarter and the elements that it moved and made anew the rest.
 */
import { render } from 'preact';
import { headedFamilies, type TableColumn } from '../core/fleet-columns.ts';
import { type FleetLine, type FleetLines, findLineAt, findVisibleLines } from '../core/fleet-lines.ts';
import type { SparkBook } from '../core/spark-book.ts';
import { GroupButton } from './fleet-group.tsx';
import { makeRowFrame } from './fleet-row.tsx';
import { FleetRow, type RowLook } from './fleet-row-writer.ts';

export interface PoolScene {
  readonly lines: FleetLines;
  readonly columns: readonly TableColumn[];
  readonly sparks: SparkBook;
  readonly selected: ReadonlySet<string>;
  readonly isSelecting: boolean;
  readonly group: string;
}

export interface PoolActions {
  toggle(id: string, isRange: boolean): void;
  edit(id: string): void;
  fold(name: string): void;
  /** The page's now, and the hub's. */
  now(): { readonly nowMs: number; readonly nowHubMs: number };
}

type DeviceLine = Extract<FleetLine, { kind: 'device' }>;
type GroupLine = Extract<FleetLine, { kind: 'group' }>;

interface Sight {
  readonly top: number;
  readonly height: number;
  /** Key of the line that Tab leads to; '' or one that is gone: the first in sight. */
  readonly reached: string;
}

/** Rows that come into the document in one frame: a whole table of new ones takes as long to lay out as several keys to answer. */
const newRowsPerFrame = 3;
/** Rows kept for later, at most. */
const spareRowsMax = 60;
/** Lines in the document are put in order when none has come for so long. */
const restMs = 150;

export function keyOfLine(line: FleetLine): string {
  return line.kind === 'device' ? `d:${line.device.id}` : `g:${line.group.name}`;
}

export class FleetRowPool {
  private readonly body: HTMLElement;
  private readonly actions: PoolActions;
  private scene: PoolScene | null = null;
  private look: RowLook | null = null;
  private sight: Sight = { top: 0, height: 0, reached: '' };
  private rows = new Map<string, FleetRow>();
  /** Out of the document, and not thrown away: a filter that is cleared needs them again. */
  private spare: FleetRow[] = [];
  private fillFrame = 0;
  private groups = new Map<string, HTMLTableRowElement>();
  private first = -1;
  private last = -1;
  private reachedAt = -1;
  private restTimer = 0;
  /** When a row was last given to another device. */
  private movedMs = Number.NEGATIVE_INFINITY;

  constructor(body: HTMLElement, actions: PoolActions) {
    this.body = body;
    this.actions = actions;
    body.addEventListener('click', this.bodyOnClick);
    body.addEventListener('pointerover', this.bodyOnPointerOver, { passive: true });
  }

  close(): void {
    clearTimeout(this.restTimer);
    cancelAnimationFrame(this.fillFrame);
    this.drop();
    this.body.removeEventListener('click', this.bodyOnClick);
    this.body.removeEventListener('pointerover', this.bodyOnPointerOver);
  }

  /**
   * Something other than the scroll position changed: every line in sight is looked at. Not while a component renders: the frame of the
   * rows is rendered here.
   */
  lay(scene: PoolScene): void {
    const { columns, sparks } = scene;
    if (this.look?.columns !== columns) {
      this.drop();
      this.look = { columns, families: headedFamilies(columns), frame: makeRowFrame(columns), sparks };
    }
    this.scene = scene;
    this.reachedAt = findReached(scene.lines, this.sight.reached);
    this.first = -1;
    this.update(true);
  }

  scroll(sight: Sight): void {
    if (this.scene !== null && sight.reached !== this.sight.reached) {
      this.reachedAt = findReached(this.scene.lines, sight.reached);
    }
    this.sight = sight;
    this.update(false);
  }

  paint(nowMs: number, nowHubMs: number): void {
    const times = { nowMs, nowHubMs, isMoving: nowHubMs < this.movedMs + restMs };
    for (const row of this.rows.values()) row.paint(times);
  }

  private update(isAll: boolean): void {
    const { scene, sight } = this;
    if (scene === null) return;
    const { lines } = scene.lines;
    const { first, last } = this.findSight(scene.lines);
    if (first !== this.first || last !== this.last) this.fill(first, last, isAll);
    const reached = this.reachedAt >= 0 ? this.reachedAt : findLineAt(lines, sight.top);
    for (let at = first; at < last; at++) {
      const key = keyOfLine(lines[at]!);
      this.rows.get(key)?.setReached(at === reached);
      const button = this.groups.get(key)?.querySelector<HTMLElement>('[data-focus]');
      if (button !== null && button !== undefined) button.tabIndex = at === reached ? 0 : -1;
    }
  }

  /** As many lines as there are rows already, however few of them are needed: a row taken out and put back is laid out anew. */
  private findSight(lines: FleetLines): { readonly first: number; readonly last: number } {
    const { first, last } = findVisibleLines(lines, this.sight.top, this.sight.height);
    const count = Math.min(lines.lines.length, this.rows.size + this.groups.size, last - first + 2);
    return last - first >= count ? { first, last } : { first: Math.max(0, last - count), last };
  }

  private fill(first: number, last: number, isAll: boolean): void {
    const { lines } = this.scene!.lines;
    this.first = first;
    this.last = last;
    const wanted = lines.slice(first, last).map(keyOfLine);
    const kept = new Set(wanted);
    const spare = takeSpare(this.rows, kept);
    for (const [key, row] of this.groups) {
      if (kept.has(key)) continue;
      this.groups.delete(key);
      render(null, row);
      row.remove();
    }
    let added = 0;
    for (const [i, key] of wanted.entries()) {
      const line = lines[first + i]!;
      if (line.kind === 'group') {
        if (isAll || !this.groups.has(key)) this.showGroup(key, line, first + i);
        continue;
      }
      const before = this.rows.get(key);
      if (before !== undefined && !isAll) continue;
      if (before === undefined && spare.length === 0 && ++added > newRowsPerFrame) continue;
      const row = before ?? spare.pop() ?? this.spare.pop() ?? new FleetRow(this.look!);
      // The focus belonged to the device that stood here before.
      if (before === undefined && row.element.contains(document.activeElement)) {
        (document.activeElement as HTMLElement).blur();
      }
      this.rows.set(key, row);
      this.showRow(row, line, first + i);
      if (!row.element.isConnected) this.body.append(row.element);
    }
    for (const row of spare) row.element.remove();
    this.spare.push(...spare.slice(0, spareRowsMax - this.spare.length));
    cancelAnimationFrame(this.fillFrame);
    // The rest of them in the next frames, and what is pressed meanwhile in between.
    if (added > newRowsPerFrame) this.fillFrame = requestAnimationFrame(this.fillOn);
    clearTimeout(this.restTimer);
    this.restTimer = setTimeout(this.putInOrder, restMs) as unknown as number;
  }

  private readonly fillOn = (): void => {
    this.first = -1;
    this.update(false);
  };

  private showRow(row: FleetRow, { device, top }: DeviceLine, at: number): void {
    const { selected, isSelecting } = this.scene!;
    const { nowMs, nowHubMs } = this.actions.now();
    row.show(device, { line: at, top, isSelected: selected.has(device.id), isSelecting }, nowMs);
    row.paint({ nowMs, nowHubMs, isMoving: true });
    this.movedMs = nowHubMs;
  }

  private showGroup(key: string, line: GroupLine, at: number): void {
    let row = this.groups.get(key);
    if (row === undefined) {
      row = document.createElement('tr');
      row.className = 'fleet-group';
      this.groups.set(key, row);
      this.body.append(row);
    }
    row.dataset.line = String(at);
    row.setAttribute('aria-rowindex', String(at + 2));
    row.style.transform = `translateY(${line.top}px)`;
    const { group, isFolded } = line;
    render(
      <th scope="rowgroup" colSpan={this.scene!.columns.length + 4}>
        <GroupButton {...{ group, isFolded }} by={this.scene!.group} fold={this.actions.fold} tabIndex={-1} />
      </th>,
      row,
    );
  }

  /** The row with the focus stays where it is: the others are put around it, since moving it would take the focus away. */
  private readonly putInOrder = (): void => {
    const { lines } = this.scene!.lines;
    let next: Element | null = null;
    for (let at = this.last - 1; at >= this.first; at--) {
      const line = lines[at];
      if (line === undefined) continue;
      const key = keyOfLine(line);
      const element = this.rows.get(key)?.element ?? this.groups.get(key);
      if (element === undefined) continue;
      if (element.nextElementSibling !== next && !element.contains(document.activeElement)) {
        this.body.insertBefore(element, next);
      }
      next = element;
    }
  };

  private drop(): void {
    for (const row of this.rows.values()) row.element.remove();
    for (const row of this.groups.values()) {
      render(null, row);
      row.remove();
    }
    this.rows.clear();
    this.spare = [];
    this.groups.clear();
    this.first = -1;
    this.last = -1;
  }

  private findRow(target: EventTarget | null): FleetRow | null {
    const element = target instanceof Element ? target.closest('tr.fleet-row') : null;
    if (element === null) return null;
    for (const row of this.rows.values()) if (row.element === element) return row;
    return null;
  }

  private readonly bodyOnClick = (event: MouseEvent): void => {
    const target = event.target as Element;
    const device = this.findRow(target)?.device;
    if (device === null || device === undefined) return;
    if (target.closest('.cell-check input') !== null) this.actions.toggle(device.id, event.shiftKey);
    else if (target.closest('.more') !== null) this.actions.edit(device.id);
  };

  private readonly bodyOnPointerOver = (event: Event): void => {
    const box = (event.target as Element).closest<HTMLElement>('[data-cell], [data-fact], .cell-sub');
    if (box !== null) this.findRow(box)?.describe(box);
  };
}

/** Takes out the rows whose devices went out of sight. */
function takeSpare(rows: Map<string, FleetRow>, kept: ReadonlySet<string>): FleetRow[] {
  const spare = [];
  for (const [key, row] of rows) {
    if (kept.has(key)) continue;
    rows.delete(key);
    spare.push(row);
  }
  return spare;
}

function findReached({ lines }: FleetLines, key: string): number {
  return key === '' ? -1 : lines.findIndex((line) => keyOfLine(line) === key);
}
