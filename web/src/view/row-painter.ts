/**
 * Writes the numbers and sparklines of one row into the page.
 *
 * Owns what it wrote last, so that it touches the document only where a text really changes. Invariants: a row is repainted at
 * most four times a second, at once for the first reading after a pause; an old value of a device that is not online is greyed by CSS, never refreshed.
 */
import type { DeviceRecord } from '../core/feed-state.ts';
import { formatAge, formatValue, noValue, thinSpace } from '../core/number-format.ts';
import type { SparkBook, SparkEntry } from '../core/spark-book.ts';
import { drawSparkline } from '../core/sparkline-path.ts';

export const sparkBox = { width: 72, height: 20 };
const valueEveryMs = 250;
const ageEveryMs = 250;

interface Cell {
  readonly metric: number;
  readonly value: Text;
  readonly unit: Text;
  readonly path: SVGPathElement;
  sparkVersion: number;
  sparkBucket: number;
  latestMs: number;
}

export class RowPainter {
  private readonly device: DeviceRecord;
  private readonly cells: Cell[];
  private readonly seen: Text;
  private readonly seenBox: HTMLElement;
  private readonly sparks: SparkBook;
  private readonly shown: number[];
  private nextValueMs = 0;
  private nextAgeMs = 0;

  constructor(row: HTMLElement, device: DeviceRecord, look: { cells: readonly number[]; sparks: SparkBook }) {
    this.device = device;
    this.sparks = look.sparks;
    this.seenBox = row.querySelector<HTMLElement>('[data-seen]')!;
    this.seen = openText(this.seenBox);
    const boxes = row.querySelectorAll<HTMLElement>('[data-cell]');
    this.cells = look.cells.map((metric, c) => {
      const box = boxes[c]!;
      return {
        metric,
        value: openText(box.querySelector('[data-value]')!),
        unit: openText(box.querySelector('[data-unit]')!),
        path: box.querySelector('path')!,
        sparkVersion: -1,
        sparkBucket: -1,
        latestMs: Number.NaN,
      };
    });
    this.shown = look.cells.filter((metric) => metric >= 0);
  }

  paint(nowHubMs: number): void {
    if (nowHubMs >= this.nextAgeMs) {
      this.nextAgeMs = nowHubMs + ageEveryMs;
      this.paintAge(nowHubMs);
    }
    if (nowHubMs < this.nextValueMs) return;
    const entry = this.sparks.open(this.device.id, this.shown, nowHubMs);
    let painted = false;
    for (const cell of this.cells) {
      if (cell.metric >= 0 && this.paintCell(cell, entry, nowHubMs)) painted = true;
    }
    if (painted) this.nextValueMs = nowHubMs + valueEveryMs;
  }

  private paintAge(nowHubMs: number): void {
    const { lastSeenMs, intervalMs, presence } = this.device;
    const ageMs = nowHubMs - lastSeenMs;
    setText(this.seen, Number.isNaN(ageMs) ? noValue : formatAge(ageMs));
    const isOverdue = presence === 'online' && ageMs > Math.max(1500, intervalMs * 1.5);
    if (this.seenBox.classList.contains('is-overdue') !== isOverdue)
      this.seenBox.classList.toggle('is-overdue', isOverdue);
  }

  private paintCell(cell: Cell, entry: SparkEntry, nowHubMs: number): boolean {
    const record = this.device.metrics[cell.metric];
    if (record === undefined) return false;
    let painted = false;
    if (record.latestMs !== cell.latestMs && !Number.isNaN(record.latestMs)) {
      cell.latestMs = record.latestMs;
      painted = true;
      const { text, unit } = showLatest(record);
      setText(cell.value, text);
      setText(cell.unit, unit === '' ? '' : thinSpace + unit);
    }
    const buffer = entry.buffers.get(cell.metric);
    if (buffer === undefined) return painted;
    const bucket = Math.floor(nowHubMs / buffer.bucketMs);
    if (buffer.version !== cell.sparkVersion || bucket !== cell.sparkBucket) {
      cell.sparkVersion = buffer.version;
      cell.sparkBucket = bucket;
      cell.path.setAttribute('d', drawSparkline(buffer, nowHubMs, sparkBox));
      painted = true;
    }
    return painted;
  }
}

function showLatest(record: DeviceRecord['metrics'][number]): { text: string; unit: string } {
  if (typeof record.latest === 'string') return { text: record.latest, unit: '' };
  if (record.kind === 'bool') return { text: record.latest === 0 ? 'off' : 'on', unit: '' };
  return formatValue(record.latest, record.unit, record.shape);
}

function openText(box: Element): Text {
  const text = document.createTextNode('');
  box.replaceChildren(text);
  return text;
}

function setText(node: Text, text: string): void {
  if (node.data !== text) node.data = text;
}
