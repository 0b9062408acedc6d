/**
 * One import: rows of a file become batches of a stream of their own, stored once however often the file comes.
 *
 * Owns the numbering. A file is the stream whose epoch is drawn from the device, the source's name and the first row; rows are
 * counted, and a batch has for its sequence number the count of its last row, with a check of all rows so far below it. So the
 * store's own "committed up to" says how far an earlier import came, and whether the file is still the same up to there: rows up
 * to it are passed over, the rest is stored, and a file that differs before it is refused before anything of it is stored.
 * Invariant: what is told as stored is committed. Never waits by itself: the caller asks `isFull` and awaits `settle`.
 */
import { deviceIdPattern, limits, type MetricDeclaration, type MetricKind } from '@lapwing/protocol';
import { ContentHash } from './content-hash.ts';
import type { DeviceRoster, DeviceState } from './device-roster.ts';
import { type BatchCell, countTextBytes, rowTextBytesMax } from './import-batch.ts';
import { guessKindOf, judgeName, readCell } from './import-cell.ts';
import { cut, type ImportCell, type ImportRow } from './import-reader.ts';
import { ImportRefusal } from './import-refusal.ts';
import { ImportStream } from './import-stream.ts';
import type { Intake } from './intake.ts';
import type { LiveFeed } from './live-feed.ts';
import type { StreamKey } from './ports.ts';

export interface ImportParts {
  readonly roster: DeviceRoster;
  readonly intake: Intake;
  readonly feed: LiveFeed;
  /** Streams that an import is writing to now, of all imports: two of the same file would take turns with one numbering. */
  readonly running: Set<StreamKey>;
}

export interface ImportOptions {
  /** Null: the rows say it. */
  readonly deviceId: string | null;
  /** Tells files apart that begin with the same row. */
  readonly source: string;
}

export interface ImportTally {
  rows: number;
  readings: number;
  stored: number;
  duplicates: number;
  badLineCount: number;
  readonly badLines: { readonly line: number; readonly why: string }[];
}

const badLinesListed = 100;
const devicesMax = 10_000;
/** Batches between two waits for the store: about a mebibyte. */
const inFlightMax = 16;
/** Cells of all devices together that wait for their batch to fill. */
const pendingCellsMax = 50_000;

export class ImportSession {
  readonly tally: ImportTally = { rows: 0, readings: 0, stored: 0, duplicates: 0, badLineCount: 0, badLines: [] };
  private readonly parts: ImportParts;
  private readonly options: ImportOptions;
  private readonly streams = new Map<string, ImportStream>();
  private fileDevice: string | null = null;
  private inFlight = 0;
  private pendingCells = 0;

  constructor(parts: ImportParts, options: ImportOptions) {
    this.parts = parts;
    this.options = options;
  }

  devices(): string[] {
    return [...this.streams.keys()];
  }

  /** What the reader of the file must know about a metric. */
  findKind(metric: string): MetricKind | null {
    const device = this.parts.roster.devices.get(this.options.deviceId ?? '');
    const index = device?.metricByName.get(metric);
    return index === undefined ? null : device!.metrics[index]!.kind;
  }

  noteBadLine(line: number, why: string): void {
    this.tally.badLineCount += 1;
    if (this.tally.badLines.length < badLinesListed) this.tally.badLines.push({ line, why });
  }

  /** Throws ImportRefusal. */
  takeRow(row: ImportRow, nowMs: number): void {
    const deviceId = this.chooseDevice(row);
    if (deviceId === null) return;
    const device = this.parts.roster.devices.get(deviceId);
    const known = this.streams.get(deviceId);
    const cells = this.readCells(row, device, known);
    if (cells.length === 0) return;
    const stream = known ?? this.openStream(deviceId, { row, cells }, nowMs);
    this.tally.rows += 1;
    this.tally.readings += cells.length;
    if (stream.count(describeRow(row.timeMs, cells)) === 'stored-before') {
      this.tally.duplicates += cells.length;
      return;
    }
    const placed = this.placeCells(stream, cells);
    if (!stream.batch.fits(placed)) this.flush(stream, nowMs);
    stream.add(row.timeMs, placed);
    this.tally.stored += cells.length;
    this.pendingCells += cells.length;
    if (this.pendingCells > pendingCellsMax) this.flushAll(nowMs);
  }

  /** True: await `settle` before the next row. */
  isFull(): boolean {
    return this.inFlight >= inFlightMax;
  }

  /** Resolves when everything handed to the store is committed; throws ImportRefusal when it was not. */
  async settle(): Promise<void> {
    for (const stream of this.streams.values()) await stream.settle();
    this.inFlight = 0;
  }

  async finish(nowMs: number): Promise<void> {
    for (const stream of this.streams.values()) stream.checkLength();
    this.flushAll(nowMs);
    await this.settle();
  }

  /** In any case, at the end. */
  close(): void {
    for (const { stream, sink } of this.streams.values()) {
      this.parts.intake.closeStream(stream, sink);
      this.parts.running.delete(stream.key);
    }
  }

  private chooseDevice({ line, deviceId: said }: ImportRow): string | null {
    const { deviceId } = this.options;
    if (deviceId !== null) {
      this.fileDevice ??= said;
      if (said === null || said === this.fileDevice) return deviceId;
      this.noteBadLine(
        line,
        `is of ${cut(said)}, the rows before of ${this.fileDevice}; import such a file with device=*`,
      );
      return null;
    }
    if (said !== null && deviceIdPattern.test(said)) {
      if (this.streams.has(said) || this.streams.size < devicesMax) return said;
      this.noteBadLine(line, `is of more than ${devicesMax} devices in one file`);
      return null;
    }
    this.noteBadLine(
      line,
      said === null ? 'does not say whose it is: name the device' : `"${cut(said)}" is no device id`,
    );
    return null;
  }

  private readCells({ line, cells }: ImportRow, device: DeviceState | undefined, stream: ImportStream | undefined) {
    const good: (MetricDeclaration & { readonly value: number | string })[] = [];
    for (const cell of cells) {
      const known = stream?.metrics.get(cell.metric) ?? findMetric(device, cell.metric);
      const kind = known?.kind ?? cell.kind ?? guessKindOf(cell.raw);
      const why = known === undefined ? judgeMetric(cell) : '';
      const read = why === '' ? readCell(kind, cell.raw) : { why };
      if ('why' in read) this.noteBadLine(line, `metric ${cut(cell.metric)}: ${read.why}`);
      else good.push({ name: cell.metric, unit: known?.unit || cell.unit, kind, value: read.value });
    }
    return this.boundRow(line, good);
  }

  /** A row is one row of a batch: it has bounds of its own. */
  private boundRow<T extends MetricDeclaration & { value: number | string }>(line: number, cells: readonly T[]) {
    if (cells.length > limits.metricsMax) {
      this.noteBadLine(line, `${cells.length} values, at most ${limits.metricsMax} are possible`);
      return [];
    }
    if (countTextBytes(cells.map(({ kind, value }) => ({ index: 0, kind, value }))) > rowTextBytesMax) {
      this.noteBadLine(line, `more than ${rowTextBytesMax} bytes of text`);
      return [];
    }
    return cells;
  }

  private openStream(
    deviceId: string,
    first: { row: ImportRow; cells: readonly (MetricDeclaration & { value: number | string })[] },
    nowMs: number,
  ): ImportStream {
    const { roster, intake, feed, running } = this.parts;
    const isNew = !roster.devices.has(deviceId);
    const device = roster.enrol(deviceId, nowMs);
    const name = new ContentHash().add(deviceId).add(this.options.source);
    const epoch = 1 + name.add(describeRow(first.row.timeMs, first.cells)).value(52);
    const state = roster.openImport(device, epoch, nowMs);
    if (running.has(state.key)) {
      throw new ImportRefusal('import-running', 'This file is being imported just now');
    }
    running.add(state.key);
    const stream = new ImportStream(state, intake);
    intake.openStream(state, stream.sink);
    this.streams.set(deviceId, stream);
    if (isNew) feed.publishDevice(device);
    return stream;
  }

  /** Metrics that are new to the stream are declared; throws when the device cannot have them. */
  private placeCells(
    stream: ImportStream,
    cells: readonly (MetricDeclaration & { value: number | string })[],
  ): BatchCell[] {
    const fresh = cells.filter(({ name }) => !stream.metrics.has(name));
    if (fresh.length > 0) {
      const refusal = this.parts.roster.declare(
        stream.stream,
        fresh.map(({ name, unit, kind }) => ({ name, unit, kind })),
      );
      if (refusal !== null) throw new ImportRefusal('too-many-metrics', refusal.text);
      stream.learnMetrics();
      this.parts.feed.publishDevice(stream.stream.device);
    }
    return cells.map(({ name, value }) => {
      const { index, kind } = stream.metrics.get(name)!;
      return { index, kind, value };
    });
  }

  private flushAll(nowMs: number): void {
    for (const stream of this.streams.values()) if (stream.batch.cells > 0) this.flush(stream, nowMs);
  }

  private flush(stream: ImportStream, nowMs: number): void {
    this.pendingCells -= stream.batch.cells;
    stream.flush(nowMs);
    this.inFlight += 1;
  }
}

function findMetric(device: DeviceState | undefined, name: string): MetricDeclaration | undefined {
  const index = device?.metricByName.get(name);
  return index === undefined ? undefined : device!.metrics[index];
}

function judgeMetric({ metric, unit }: ImportCell): string {
  if (metric === '') return 'has no name';
  const name = judgeName(metric, limits.metricNameBytesMax);
  if (name !== '') return `its name ${name}`;
  const ofUnit = judgeName(unit, limits.unitBytesMax);
  return ofUnit === '' ? '' : `its unit ${ofUnit}`;
}

/** What makes two rows the same row, whatever format they came in. */
function describeRow(timeMs: number, cells: readonly { name: string; value: number | string }[]): string {
  let text = String(timeMs);
  for (const { name, value } of cells) {
    text += `\u0000${name}\u0001${typeof value === 'string' ? `t${value}` : Object.is(value, -0) ? 'n-0' : `n${value}`}`;
  }
  return text;
}
