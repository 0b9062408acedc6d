/**
 * Writes the numbers, ages and sparklines of one row into the page.
 *
 * Owns what it wrote last, so that it touches the document only where a text really changes. Invariants: a row is repainted at
 * most four times a second, at once for the first reading after a pause; an old value of a device that is not online is greyed by CSS, never
 * refreshed; what is painted follows from the record and the time given alone, so that a rewound page paints the past.
 */
import type { DeviceRecord } from '../core/feed-state.ts';
import { judgeFreshness } from '../core/fleet-age.ts';
import { formatAge, formatSpan, formatValue, noValue, padNumber, thinSpace } from '../core/number-format.ts';
import type { SparkBook, SparkEntry } from '../core/spark-book.ts';
import { drawSparkline } from '../core/sparkline-path.ts';

export const sparkBox = { width: 72, height: 20 };
const valueEveryMs = 250;
const ageEveryMs = 250;
/** The ring runs out in eighths: finer steps nobody sees, and each is a paint. */
const ringSteps = 8;
/** Neither a time nor NaN, which stands for a metric without a reading: whatever comes is written. */
const nothingYet = Number.NEGATIVE_INFINITY;

interface Cell {
  metric: number;
  readonly box: HTMLElement;
  readonly value: Text;
  readonly unit: Text;
  readonly path: SVGPathElement;
  sparkVersion: number;
  sparkBucket: number;
  drawn: string;
  latestMs: number;
}

/** The parts of the freshness cell; null where that column is not shown. */
interface AgeCell {
  readonly box: HTMLElement;
  readonly ring: SVGElement;
  readonly age: Text;
  readonly contact: Text;
  ringShown: number;
  isApart: boolean;
}

export interface PaintTimes {
  /** The page's, which may stand still or run backwards while it is rewound. */
  readonly nowMs: number;
  /** How often to paint goes by this. */
  readonly nowHubMs: number;
  /** The table is being scrolled: lines of what flies by are drawn when it rests. */
  readonly isMoving: boolean;
}

export class RowPainter {
  private device: DeviceRecord | null = null;
  private readonly cells: Cell[];
  private readonly age: AgeCell | null;
  private readonly contact: Text | null;
  private readonly interval: Text | null;
  private readonly sparks: SparkBook;
  private shown: number[] = [];
  /** This device's lines stand in it. */
  private isDrawn = false;
  private nextValueMs = 0;
  private nextAgeMs = 0;

  constructor(row: HTMLElement, sparks: SparkBook) {
    this.sparks = sparks;
    this.age = openAge(row.querySelector<HTMLElement>('[data-seen]'));
    this.contact = openFound(row.querySelector('[data-fact="contact"]'));
    this.interval = openFound(row.querySelector('[data-fact="interval"]'));
    this.cells = Array.from(row.querySelectorAll<HTMLElement>('[data-cell]'), (box) => ({
      metric: -1,
      box,
      value: openText(box.querySelector('[data-value]')!),
      unit: openText(box.querySelector('[data-unit]')!),
      path: box.querySelector('path')!,
      sparkVersion: -1,
      sparkBucket: -1,
      drawn: '',
      latestMs: nothingYet,
    }));
  }

  /** From now on it is this device's row, and its cells are of these metrics; −1 for none. */
  show(device: DeviceRecord, metrics: readonly number[]): void {
    this.device = device;
    this.shown = metrics.filter((metric) => metric >= 0);
    this.nextValueMs = 0;
    this.nextAgeMs = 0;
    this.isDrawn = false;
    for (const [at, cell] of this.cells.entries()) {
      cell.metric = metrics[at] ?? -1;
      cell.sparkVersion = -1;
      cell.latestMs = nothingYet;
      drawLine(cell, '');
      if (cell.metric >= 0) continue;
      setText(cell.value, '');
      setText(cell.unit, '');
    }
  }

  paint({ nowMs, nowHubMs, isMoving }: PaintTimes): void {
    const { device } = this;
    if (device === null) return;
    if (nowHubMs >= this.nextAgeMs) {
      this.nextAgeMs = nowHubMs + ageEveryMs;
      this.paintAge(device, nowMs);
    }
    if (nowHubMs < this.nextValueMs) return;
    if (!isMoving) this.isDrawn = true;
    const entry = this.isDrawn ? this.sparks.open(device.id, this.shown, nowMs) : null;
    let painted = false;
    for (const cell of this.cells) {
      if (cell.metric < 0) continue;
      if (this.paintValue(cell, device)) painted = true;
      if (entry !== null && drawSpark(cell, entry, nowMs)) painted = true;
    }
    if (painted && this.isDrawn) this.nextValueMs = nowHubMs + valueEveryMs;
  }

  private paintAge(device: DeviceRecord, nowMs: number): void {
    const { age } = this;
    const fresh = judgeFreshness(device, nowMs);
    if (this.contact !== null) setText(this.contact, showAge(fresh.contactMs));
    if (this.interval !== null) setText(this.interval, showInterval(device.intervalMs));
    if (age === null) return;
    setText(age.age, padNumber(showAge(fresh.ageMs), 5));
    if (fresh.isApart) setText(age.contact, `heard ${showAge(fresh.contactMs)}`);
    if (fresh.isApart !== age.isApart) {
      age.isApart = fresh.isApart;
      age.box.classList.toggle('is-apart', fresh.isApart);
    }
    const ring = Math.ceil(fresh.ring * ringSteps);
    if (ring !== age.ringShown) {
      age.ringShown = ring;
      age.ring.setAttribute('stroke-dasharray', `${ring} ${ringSteps}`);
    }
    if (age.box.classList.contains('is-overdue') !== fresh.isStale)
      age.box.classList.toggle('is-overdue', fresh.isStale);
  }

  private paintValue(cell: Cell, device: DeviceRecord): boolean {
    const record = device.metrics[cell.metric];
    // A metric may lose its value: at an instant of the past there was none yet.
    if (record === undefined || Object.is(record.latestMs, cell.latestMs)) return false;
    cell.latestMs = record.latestMs;
    const { text, unit } = Number.isNaN(record.latestMs) ? { text: noValue, unit: '' } : showLatest(record);
    // What is named beside its number begins at the left.
    setText(cell.value, cell.box.classList.contains('is-own') ? text : padNumber(text, 5));
    setText(cell.unit, unit === '' ? '' : thinSpace + unit);
    return true;
  }
}

function drawSpark(cell: Cell, entry: SparkEntry, nowMs: number): boolean {
  const buffer = entry.buffers.get(cell.metric);
  if (buffer === undefined) return false;
  const bucket = Math.floor(nowMs / buffer.bucketMs);
  if (buffer.version === cell.sparkVersion && bucket === cell.sparkBucket) return false;
  cell.sparkVersion = buffer.version;
  cell.sparkBucket = bucket;
  drawLine(cell, drawSparkline(buffer, nowMs, sparkBox));
  return true;
}

function drawLine(cell: Cell, path: string): void {
  if (path === cell.drawn) return;
  cell.drawn = path;
  cell.path.setAttribute('d', path);
}

/** What a device sent, digit for digit and in its own unit: what is shown may be rounded or converted. */
export function describeReading({ name, latest, unit, latestMs }: DeviceRecord['metrics'][number]): string {
  if (Number.isNaN(latestMs)) return name;
  return `${name}\n${latest}${unit === '' ? '' : thinSpace + unit}`;
}

function showAge(ageMs: number): string {
  return Number.isNaN(ageMs) ? noValue : formatAge(ageMs);
}

function showInterval(intervalMs: number): string {
  if (Number.isNaN(intervalMs)) return noValue;
  if (intervalMs < 950) return `${Math.round(intervalMs / 50) * 50}${thinSpace}ms`;
  return formatSpan(Math.round(intervalMs / 1000) * 1000);
}

function showLatest(record: DeviceRecord['metrics'][number]): { text: string; unit: string } {
  if (typeof record.latest === 'string') return { text: record.latest, unit: '' };
  if (record.kind === 'bool') return { text: record.latest === 0 ? 'off' : 'on', unit: '' };
  return formatValue(record.latest, record.unit, record.shape);
}

function openAge(box: HTMLElement | null): AgeCell | null {
  if (box === null) return null;
  return {
    box,
    ring: box.querySelector<SVGElement>('[data-ring]')!,
    age: openText(box.querySelector('[data-age]')!),
    contact: openText(box.querySelector('[data-contact]')!),
    ringShown: -1,
    isApart: box.classList.contains('is-apart'),
  };
}

function openFound(box: Element | null): Text | null {
  return box === null ? null : openText(box);
}

function openText(box: Element): Text {
  const text = document.createTextNode('');
  box.replaceChildren(text);
  return text;
}

function setText(node: Text, text: string): void {
  if (node.data !== text) node.data = text;
}
