/**
 * The readings of one device in order of time, merged from the store's pages of its metrics.
 *
 * Owns one page per metric, so memory is flat whatever the selection's size; asks for the next page only when one is used up.
 * Invariant: every reading comes once, in rows of one time; several readings of a metric at one time make several rows, in the
 * order they are stored. Refuses to hold more than `readingsHeldMax` readings, but for devices with very many metrics.
 */
import type { AbortSignalLike, DeviceKey, ReadingsAnswer, Store } from './ports.ts';

export interface MergeSelection {
  readonly device: DeviceKey;
  /** In the order in which readings of one row come. */
  readonly metrics: readonly { readonly index: number; readonly isText: boolean }[];
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

/** Rows as columns; entry e belongs to row r where rowStarts[r] ≤ e < rowStarts[r + 1]. */
export interface ReadingRows {
  readonly rows: number;
  readonly timesMs: Float64Array;
  readonly rowStarts: Uint32Array;
  readonly entries: number;
  /** Place in the selection's metrics, rising within a row. */
  readonly places: Uint16Array;
  /** A number, or a text for a text metric. */
  readonly values: readonly (number | string)[];
  readonly arrivedMs: Float64Array;
}

const readingsHeldMax = 100_000;
const pageReadingsMin = 64;
const pageReadingsMax = 4_000;
/** Small enough that writing one out takes a few milliseconds: exports share a thread with intake. */
const entriesMax = 2_048;

/** Blocks of rows; the arrays are the receiver's. Rejects when `signal` aborts. */
export async function* mergeReadings(
  store: Pick<Store, 'readings'>,
  selection: MergeSelection,
  signal: AbortSignalLike,
): AsyncGenerator<ReadingRows> {
  const wanted = Math.floor(readingsHeldMax / Math.max(1, selection.metrics.length));
  const limit = Math.min(pageReadingsMax, Math.max(pageReadingsMin, wanted));
  const cursors = selection.metrics.map((metric) => new MetricCursor({ store, selection, limit, signal }, metric));
  for (const cursor of cursors) await cursor.load();
  const heads = Float64Array.from(cursors, (cursor) => cursor.headMs());
  const builder = new RowsBuilder();
  for (;;) {
    const timeMs = findLeast(heads);
    if (timeMs === Number.POSITIVE_INFINITY) break;
    builder.openRow(timeMs);
    for (let place = 0; place < cursors.length; place++) {
      if (heads[place] !== timeMs) continue;
      const cursor = cursors[place]!;
      builder.add(place, cursor);
      if (cursor.step()) await cursor.load();
      heads[place] = cursor.headMs();
    }
    if (builder.entries >= entriesMax) yield builder.finish();
  }
  if (builder.entries > 0) yield builder.finish();
}

function findLeast(heads: Float64Array): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < heads.length; i++) if (heads[i]! < least) least = heads[i]!;
  return least;
}

interface CursorSource {
  readonly store: Pick<Store, 'readings'>;
  readonly selection: MergeSelection;
  readonly limit: number;
  readonly signal: AbortSignalLike;
}

class MetricCursor {
  private readonly source: CursorSource;
  private readonly metric: MergeSelection['metrics'][number];
  private page: ReadingsAnswer | null = null;
  private at = 0;
  private nextMs: number;
  private nextSkip = 0;

  constructor(source: CursorSource, metric: MergeSelection['metrics'][number]) {
    this.source = source;
    this.metric = metric;
    this.nextMs = source.selection.fromMs;
  }

  /** Infinity when nothing is left. */
  headMs(): number {
    return this.page === null ? Number.POSITIVE_INFINITY : this.page.timesMs[this.at]!;
  }

  headValue(): number | string {
    return this.metric.isText ? this.page!.texts[this.at]! : this.page!.values[this.at]!;
  }

  headArrivedMs(): number {
    return this.page!.arrivedMs[this.at]!;
  }

  /** True when the page is used up: `load` before the next look at the head. */
  step(): boolean {
    this.at += 1;
    return this.at >= this.page!.timesMs.length;
  }

  async load(): Promise<void> {
    const { store, selection, limit, signal } = this.source;
    this.page = null;
    this.at = 0;
    if (signal.aborted) throw new Error('The asker left.');
    if (Number.isNaN(this.nextMs)) return;
    const query = {
      device: selection.device,
      metric: this.metric.index,
      fromMs: this.nextMs,
      toMs: selection.toMs,
      limit,
      skip: this.nextSkip,
    };
    const page = await store.readings(query, signal);
    this.nextMs = page.nextMs;
    this.nextSkip = page.nextSkip;
    if (page.timesMs.length > 0) this.page = page;
  }
}

class RowsBuilder {
  entries = 0;
  private timesMs: number[] = [];
  private rowStarts: number[] = [];
  private places: number[] = [];
  private values: (number | string)[] = [];
  private arrivedMs: number[] = [];

  openRow(timeMs: number): void {
    this.timesMs.push(timeMs);
    this.rowStarts.push(this.entries);
  }

  add(place: number, cursor: MetricCursor): void {
    this.places.push(place);
    this.values.push(cursor.headValue());
    this.arrivedMs.push(cursor.headArrivedMs());
    this.entries += 1;
  }

  finish(): ReadingRows {
    const built = {
      rows: this.timesMs.length,
      timesMs: Float64Array.from(this.timesMs),
      rowStarts: Uint32Array.from([...this.rowStarts, this.entries]),
      entries: this.entries,
      places: Uint16Array.from(this.places),
      values: this.values,
      arrivedMs: Float64Array.from(this.arrivedMs),
    };
    this.entries = 0;
    this.timesMs = [];
    this.rowStarts = [];
    this.places = [];
    this.values = [];
    this.arrivedMs = [];
    return built;
  }
}
