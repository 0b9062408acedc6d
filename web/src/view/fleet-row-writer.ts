/**
 * One row of the fleet table: which device stands in it, and everything about it that does not tick. What ticks: row-painter.ts.
 *
 * Owns a clone of the row's frame and what was written into it last. Invariant: for another device the same elements are written
 * again, and only where something differs: making elements anew costs ten times as much as writing into them. Refuses to listen: the
 * pool hears what happens in all rows.
 */
import { formatRoute, makeDeviceRoute } from '../core/app-route.ts';
import type { DeviceRecord } from '../core/feed-state.ts';
import { assignMetrics, type TableColumn } from '../core/fleet-columns.ts';
import { nameOf } from '../core/fleet-order.ts';
import {
  completeLeast,
  describeOffset,
  type FleetStatus,
  formatPercent,
  judgeStatus,
  listWarnings,
} from '../core/fleet-status.ts';
import { type FleetColumn, nameMetric } from '../core/metric-family.ts';
import type { SparkBook } from '../core/spark-book.ts';
import { formatFull } from './clock-text.ts';
import { makeMark } from './fleet-row.tsx';
import { describeReading, type PaintTimes, RowPainter } from './row-painter.ts';

export interface RowLook {
  readonly columns: readonly TableColumn[];
  /** What the columns' headings say already. */
  readonly families: readonly FleetColumn[];
  /** An empty row of these columns. */
  readonly frame: HTMLTableRowElement;
  readonly sparks: SparkBook;
}

export interface RowPlace {
  readonly line: number;
  readonly top: number;
  readonly isSelected: boolean;
  readonly isSelecting: boolean;
}

interface MetricParts {
  readonly box: HTMLElement;
  readonly label: HTMLElement;
  readonly own: HTMLElement | null;
  readonly columnLabel: string;
}

export class FleetRow {
  readonly element: HTMLTableRowElement;
  device: DeviceRecord | null = null;
  private readonly look: RowLook;
  private readonly painter: RowPainter;
  private readonly check: HTMLInputElement;
  private readonly statusBox: HTMLElement;
  private readonly tags: HTMLElement;
  private readonly link: HTMLAnchorElement;
  private readonly more: HTMLElement;
  private readonly facts: readonly HTMLElement[];
  private readonly metrics: readonly MetricParts[];
  private readonly sub: HTMLElement;
  private warning: HTMLElement | null = null;
  private cells: readonly number[] = [];
  private cellsOf: { readonly metrics: DeviceRecord['metrics']; readonly count: number } | null = null;
  private status: FleetStatus | null = null;
  private name = '';
  private subText = '';
  private line = -1;
  private top = Number.NaN;

  constructor(look: RowLook) {
    this.look = look;
    this.element = look.frame.cloneNode(true) as HTMLTableRowElement;
    const find = <E extends HTMLElement>(selector: string): E => this.element.querySelector<E>(selector)!;
    this.check = find<HTMLInputElement>('.cell-check input');
    this.statusBox = find('.cell-status');
    this.link = find<HTMLAnchorElement>('.cell-name a');
    this.more = find('.more');
    this.sub = find('.cell-sub');
    this.tags = find('.cell-tags');
    this.facts = [...this.element.querySelectorAll<HTMLElement>('[data-fact]')];
    const heads = look.columns.filter(({ kind }) => kind === 'metric');
    this.metrics = Array.from(this.element.querySelectorAll<HTMLElement>('[data-cell]'), (box, i) => ({
      box,
      label: box.querySelector<HTMLElement>('.cell-label')!,
      own: box.querySelector<HTMLElement>('.cell-own'),
      columnLabel: heads[i]!.label,
    }));
    this.painter = new RowPainter(this.element, look.sparks);
  }

  /** Call `paint` next: what ticks is of the device before until then. */
  show(device: DeviceRecord, place: RowPlace, nowMs: number): void {
    const { metrics } = device;
    const isOther = device !== this.device;
    this.device = device;
    this.writePlace(place);
    if (isOther || this.cellsOf?.metrics !== metrics || this.cellsOf.count !== metrics.length) {
      this.cells = assignMetrics(metrics, this.look.columns);
      this.cellsOf = { metrics, count: metrics.length };
      this.writeMetrics(device);
      this.painter.show(device, this.cells);
    }
    const status = judgeStatus(device);
    if (status !== this.status) {
      this.status = status;
      this.statusBox.replaceChildren(makeMark(status));
      this.element.classList.toggle('is-stale', status !== 'online');
    }
    this.writeName(device, nowMs);
    for (const box of this.facts) writeFact(box, device);
  }

  /** Whether it is the one row that Tab leads to. */
  setReached(isReached: boolean): void {
    const tabIndex = isReached ? 0 : -1;
    if (this.link.tabIndex !== tabIndex) this.link.tabIndex = tabIndex;
  }

  paint(times: PaintTimes): void {
    this.painter.paint(times);
  }

  /**
   * For whoever points at it: of a metric its name, and its reading as the device sent it; of a text that may be cut off all of it. Written
   * then: a title is an attribute, and each one changed is a style worked out anew.
   */
  describe(box: HTMLElement): void {
    const { device } = this;
    if (device === null) return;
    if (box.dataset.cell !== undefined) {
      const at = this.metrics.findIndex((metric) => metric.box === box);
      const record = device.metrics[this.cells[at] ?? -1];
      box.title = record === undefined ? '' : describeReading(record);
    } else box.title = box.dataset.fact === 'contact' ? formatFull(device.lastSeenMs) : (box.textContent ?? '');
  }

  private writePlace({ line, top, isSelected, isSelecting }: RowPlace): void {
    const { element, check } = this;
    if (top !== this.top) element.style.transform = `translateY(${top}px)`;
    if (line !== this.line) {
      element.setAttribute('aria-rowindex', String(line + 2));
      element.dataset.line = String(line);
    }
    this.top = top;
    this.line = line;
    element.classList.toggle('is-selected', isSelected);
    if (isSelecting) element.setAttribute('aria-selected', String(isSelected));
    else if (element.hasAttribute('aria-selected')) element.removeAttribute('aria-selected');
    if (check.checked !== isSelected) check.checked = isSelected;
    if (check.tabIndex !== (isSelecting ? 0 : -1)) check.tabIndex = isSelecting ? 0 : -1;
  }

  private writeName(device: DeviceRecord, nowMs: number): void {
    const { id, notes } = device;
    const name = nameOf(device);
    if (this.link.getAttribute('href') !== formatRoute(makeDeviceRoute(id))) {
      this.link.setAttribute('href', formatRoute(makeDeviceRoute(id)));
    }
    if (name !== this.name) {
      this.name = name;
      setText(this.link, name);
      this.check.setAttribute('aria-label', `Select ${name}`);
      this.more.setAttribute('aria-label', `Label and tags of ${name}`);
    }
    const warning = listWarnings(device, nowMs)
      .map(({ text }) => text)
      .join(' · ');
    const tags = notes.label === '' ? notes.tags : [id, ...notes.tags];
    const text = [warning, ...tags].join('\n');
    if (text === this.subText) return;
    this.subText = text;
    if (this.sub.hidden !== (text === '')) this.sub.hidden = text === '';
    this.writeSub(warning, tags);
  }

  private writeSub(warning: string, tags: readonly string[]): void {
    if (warning === '') this.warning?.remove();
    else {
      this.warning ??= makeWarning();
      setText(this.warning.lastElementChild as HTMLElement, warning);
      this.sub.prepend(this.warning);
    }
    setText(this.tags, tags.join(' · '));
  }

  private writeMetrics(device: DeviceRecord): void {
    for (const [at, { box, label, own, columnLabel }] of this.metrics.entries()) {
      const record = device.metrics[this.cells[at] ?? -1];
      // A metric under a heading of its own kind needs no name; any other says what it is.
      const name = record === undefined || own === null ? '' : nameMetric(record, this.look.families);
      box.classList.toggle('is-empty', record === undefined);
      box.classList.toggle('is-own', name !== '');
      setText(label, name === '' ? columnLabel : name);
      if (own !== null) setText(own, name);
    }
  }
}

function makeWarning(): HTMLElement {
  const box = document.createElement('span');
  box.className = 'cell-warning';
  box.append(makeMark('warning'), document.createElement('span'));
  return box;
}

/** Ages are the painter's. */
function writeFact(box: HTMLElement, device: DeviceRecord): void {
  switch (box.dataset.fact) {
    case 'contact':
    case 'interval':
      return;
    case 'complete':
      box.classList.toggle('is-low', device.notes.completeness < completeLeast);
      setText(box, formatPercent(device.notes.completeness));
      return;
    case 'clock':
      setText(box, describeOffset(device.clockOffsetMs));
      return;
    case 'id':
      setText(box, device.id);
      return;
    default:
      setText(box, box.dataset.fact === 'model' ? device.model : device.firmware);
  }
}

/** `isTitled`: what is cut off is told on hover. */
function setText(box: HTMLElement, text: string): void {
  const node = box.firstChild as Text | null;
  if (node === null) box.append(text);
  // A text node written into is measured again; one that is replaced is styled and laid out anew as well.
  else if (node.data !== text) node.data = text;
}
