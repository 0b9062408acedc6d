/**
 * What a dialect found of one device, on its way into frames of its hub-made stream: readings as batches, and events.
 *
 * Owns the frame being filled. Rows are grouped by time; buffered readings (isHistorical) go into frames of their own, marked as
 * backfill. Invariant: a frame is within the protocol's limits, whatever was found. What a metric cannot hold (a text for a number,
 * a value in another unit) goes to a metric of its own beside it; what no table can hold is left out and said.
 */
import { type DeviceEvent, encodeMessage, limits, type MetricKind } from '@lapwing/protocol';
import type { DeviceRoster, DeviceState, StreamState } from './device-roster.ts';
import type { Finding, FoundEvent, FoundMetric, FoundReading } from './dialects/dialect.ts';
import { inferUnit } from './dialects/infer-metric.ts';
import { type BatchCell, ImportBatch } from './import-batch.ts';

/** One stream of a device for all that it says in foreign tongues: the same over restarts, so that its numbers go on. */
export const foreignEpoch = 0x6c_77_66_31;

interface Place {
  readonly index: number;
  readonly kind: MetricKind;
  unit: string;
}

/** Where the readings of one device go. */
export class ForeignStream {
  readonly stream: StreamState;
  /** What the dialect calls a metric, with what its value is → its place in the table. */
  private readonly places = new Map<string, Place | null>();
  private readonly roster: DeviceRoster;
  private learnt = false;
  private alike: { readonly readings: readonly FoundReading[]; readonly places: readonly number[] } | null = null;

  constructor(roster: DeviceRoster, device: DeviceState, nowMs: number) {
    this.roster = roster;
    this.stream = roster.openHubStream(device, foreignEpoch, nowMs);
  }

  /** Whether metrics were declared or got their unit since the last call: viewers need to be told. */
  takeLearnt(): boolean {
    const { learnt } = this;
    this.learnt = false;
    return learnt;
  }

  /** The places of these numbers, as they were found the last time; null where one has none, or not of its own, or is no number. */
  placesOf(readings: readonly FoundReading[]): readonly number[] | null {
    if (this.alike?.readings === readings) return this.alike.places;
    const places = readings.map((reading) => this.placeOf(reading));
    const found = places.flatMap((place) => (place === null || !isNumeric(place.kind) ? [] : [place.index]));
    if (new Set(found).size < readings.length) return null;
    this.alike = { readings, places: found };
    return found;
  }

  /** Null where the device's table is full. */
  placeOf(metric: Pick<FoundReading | FoundMetric, 'metric' | 'unit' | 'kind'>): Place | null {
    const place = this.placeUnder(metric);
    if (place === null || metric.unit === place.unit || metric.unit === '') return place;
    // What the name alone suggests is a guess, and what the metric has may have been told.
    if (metric.unit === inferUnit(metric.metric)) return place;
    return this.placeUnder({ ...metric, metric: `${metric.metric}.${metric.unit}` });
  }

  private placeUnder(metric: Pick<FoundReading | FoundMetric, 'metric' | 'unit' | 'kind'>): Place | null {
    const key = `${shapeOf(metric.kind)} ${metric.metric}`;
    const known = this.places.get(key);
    if (known === undefined) {
      const made = this.declareOne(metric);
      // A full table stays full; what is asked for again and again must not grow the map.
      if (made !== null) this.places.set(key, made);
      return made;
    }
    if (known !== null && known.unit === '' && metric.unit !== '') this.learnUnit(known, metric.unit);
    return known;
  }

  private declareOne({ metric, unit, kind }: Pick<FoundMetric, 'metric' | 'unit' | 'kind'>): Place | null {
    const { device } = this.stream;
    const name = chooseName(device, metric, kind);
    if (name === null) return null;
    const known = device.metricByName.get(name);
    const declared = known === undefined ? { name, unit, kind } : device.metrics[known]!;
    const place = known === undefined ? -1 : this.stream.table.indexOf(known);
    if (place < 0) {
      if (this.roster.declare(this.stream, [declared]) !== null) return null;
      this.learnt = true;
    }
    const index = place < 0 ? this.stream.table.length - 1 : place;
    const made = { index, kind: declared.kind, unit: declared.unit };
    if (made.unit === '' && unit !== '') this.learnUnit(made, unit);
    return made;
  }

  private learnUnit(place: Place, unit: string): void {
    const { device, table } = this.stream;
    const { name, kind } = device.metrics[table[place.index]!]!;
    this.roster.learnUnit(device, { name, unit, kind });
    place.unit = unit;
    this.learnt = true;
  }
}

export interface Framed {
  readonly stream: StreamState;
  readonly seq: number;
  readonly frame: Uint8Array;
  /** Set where the frame is one. */
  readonly event: DeviceEvent | null;
}

export interface Said {
  readonly fresh: readonly FoundReading[];
  readonly historical: readonly FoundReading[];
  readonly events: readonly FoundEvent[];
}

/** All that one delivery says of a device, with the numbers behind what its stream has received. */
export function packSaid(
  into: ForeignStream,
  said: Said,
  arrivedMs: number,
): { frames: Framed[]; readings: number; leftOut: number } {
  const { stream } = into;
  const result = { frames: [] as Framed[], readings: 0, leftOut: 0 };
  let seq = stream.progress.received;
  for (const isHistorical of [false, true]) {
    const readings = isHistorical ? said.historical : said.fresh;
    if (readings.length === 0) continue;
    const packed = packReadings(into, readings, { arrivedMs, isHistorical, seq });
    for (const frame of packed.frames) result.frames.push({ stream, seq: ++seq, frame, event: null });
    result.readings += packed.readings;
    result.leftOut += packed.leftOut;
  }
  for (const { level, code, text, timeMs } of said.events) {
    seq += 1;
    const event: DeviceEvent = { type: 'event', seq, atMs: timeMs ?? arrivedMs, level, code, text };
    result.frames.push({ stream, seq, frame: encodeMessage(event), event });
  }
  return result;
}

/** Frames with the numbers behind `seq`. */
export function packReadings(
  into: ForeignStream,
  readings: readonly FoundReading[],
  { arrivedMs, isHistorical, seq: before }: { arrivedMs: number; isHistorical: boolean; seq: number },
): { frames: Uint8Array[]; readings: number; leftOut: number } {
  const rows = groupByTime(into, readings, arrivedMs);
  const batch = new ImportBatch();
  const frames: Uint8Array[] = [];
  let seq = before;
  let count = 0;
  const flush = () => {
    seq += 1;
    frames.push(batch.take(seq, isHistorical));
  };
  for (const [timeMs, cells] of rows.cells) {
    for (const part of splitRow(cells)) {
      if (!batch.fits(part)) flush();
      batch.add(timeMs, part);
      count += part.length;
    }
  }
  if (batch.cells > 0) flush();
  return { frames, readings: count, leftOut: rows.leftOut };
}

function groupByTime(
  into: ForeignStream,
  readings: readonly FoundReading[],
  arrivedMs: number,
): { cells: Map<number, BatchCell[]>; leftOut: number } {
  const cells = new Map<number, BatchCell[]>();
  let leftOut = 0;
  for (const reading of readings) {
    const place = into.placeOf(reading);
    if (place === null || (typeof reading.value === 'number' && !Number.isFinite(reading.value))) {
      leftOut += place === null ? 1 : 0;
      continue;
    }
    const timeMs = reading.timeMs ?? arrivedMs;
    let row = cells.get(timeMs);
    if (row === undefined) {
      row = [];
      cells.set(timeMs, row);
    }
    row.push({ index: place.index, kind: place.kind, value: reading.value });
  }
  return { cells, leftOut };
}

/** Parts of a row that a frame alone can hold: at most so many cells, no metric twice, texts within the frame. */
function splitRow(cells: readonly BatchCell[]): readonly (readonly BatchCell[])[] {
  if (cells.length === 1) return [cells];
  const parts: BatchCell[][] = [];
  let part: BatchCell[] = [];
  let seen = new Set<number>();
  let textCells = 0;
  for (const cell of cells) {
    if (part.length >= partCellsMax || seen.has(cell.index) || textCells >= partTextsMax) {
      parts.push(part);
      part = [];
      seen = new Set();
      textCells = 0;
    }
    part.push(cell);
    seen.add(cell.index);
    if (cell.kind === 'text') textCells += 1;
  }
  parts.push(part);
  return parts;
}

const partCellsMax = 512;
/** Of at most 1 KiB each. */
const partTextsMax = 16;

function isNumeric(kind: MetricKind): boolean {
  return kind !== 'text' && kind !== 'bool';
}

function shapeOf(kind: MetricKind): string {
  return kind === 'text' || kind === 'bool' ? kind : 'number';
}

/** The metric's own name, or one beside it where the device has that for something of another kind. */
function chooseName(device: DeviceState, metric: string, kind: MetricKind): string | null {
  for (const name of [metric, `${metric}.${shapeOf(kind)}`]) {
    if (name.length > limits.metricNameBytesMax) return null;
    const known = device.metricByName.get(name);
    if (known === undefined || shapeOf(device.metrics[known]!.kind) === shapeOf(kind)) return name;
  }
  return null;
}

/** In the order in which they were first named. */
export function groupByDevice(findings: readonly Finding[]): Map<string, Finding[]> {
  const byDevice = new Map<string, Finding[]>();
  for (const finding of findings) {
    if (finding.type === 'fault' || finding.type === 'reply') continue;
    const list = byDevice.get(finding.device);
    if (list === undefined) byDevice.set(finding.device, [finding]);
    else list.push(finding);
  }
  return byDevice;
}
