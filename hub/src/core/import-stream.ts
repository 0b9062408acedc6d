/**
 * The stream of one device in one import: its rows counted and checked, its batch being filled, its word from the store.
 *
 * Owns the count of rows and the running check. Invariant: a sequence number is (rows so far) × 2^20 + (20 bits of the hash of all
 * of them), so numbers rise, and one number says both how far the store is and of which content.
 */
import type { MetricDeclaration } from '@lapwing/protocol';
import { ContentHash } from './content-hash.ts';
import type { StreamState } from './device-roster.ts';
import { type BatchCell, ImportBatch } from './import-batch.ts';
import { ImportRefusal } from './import-refusal.ts';
import type { AckSink, Intake } from './intake.ts';

const checkBits = 20;
const checkSpan = 2 ** checkBits;

export class ImportStream {
  readonly stream: StreamState;
  readonly batch = new ImportBatch();
  readonly sink: AckSink;
  /** Name → place in the stream's table. */
  readonly metrics = new Map<string, MetricDeclaration & { readonly index: number }>();
  private readonly intake: Intake;
  private readonly hash = new ContentHash();
  private readonly storedRows: number;
  private readonly storedCheck: number;
  private rows = 0;
  private batchSeq = 0;
  private isAbandoned = false;
  private waiter: { resolve: () => void; reject: (error: Error) => void } | null = null;

  constructor(stream: StreamState, intake: Intake) {
    this.stream = stream;
    this.intake = intake;
    this.storedRows = Math.floor(stream.progress.received / checkSpan);
    this.storedCheck = stream.progress.received % checkSpan;
    this.sink = { sendFrame: () => this.resolveWhenCommitted(), abandon: () => this.abandon() };
    this.learnMetrics();
  }

  /** After a declaration. */
  learnMetrics(): void {
    const { table, device } = this.stream;
    for (let index = this.metrics.size; index < table.length; index++) {
      const metric = device.metrics[table[index]!]!;
      this.metrics.set(metric.name, { ...metric, index });
    }
  }

  /** Counts a row. Throws ImportRefusal where the file is seen to differ from the one that was imported before. */
  count(description: string): 'new' | 'stored-before' {
    this.rows += 1;
    this.hash.add(description);
    if (this.rows > this.storedRows) return 'new';
    if (this.rows === this.storedRows && this.hash.value(checkBits) !== this.storedCheck) {
      throw new ImportRefusal(
        'other-file',
        `A file that begins like this one was imported before, but within its first ${this.rows} rows they differ`,
      );
    }
    return 'stored-before';
  }

  add(timeMs: number, cells: readonly BatchCell[]): void {
    this.batch.add(timeMs, cells);
    this.batchSeq = this.rows * checkSpan + this.hash.value(checkBits);
  }

  flush(nowMs: number): void {
    // What was abandoned must come again first: a later batch would say that the rows before it are stored.
    if (this.isAbandoned) throw this.refuse();
    const fault = this.intake.acceptImport(this.stream, { frame: this.batch.take(this.batchSeq), nowMs });
    if (fault === null) return;
    if (fault.fault !== 'storeUnavailable')
      throw new Error(`an import made a batch that the hub refuses: ${fault.text}`);
    this.abandon();
    throw this.refuse();
  }

  /** The end of a file that is shorter than what is stored of it: whether it is the same cannot be told. */
  checkLength(): void {
    if (this.rows >= this.storedRows) return;
    throw new ImportRefusal(
      'shorter-file',
      `A file that begins like this one was imported before with ${this.storedRows} rows; this one ends after ${this.rows}`,
    );
  }

  settle(): Promise<void> {
    if (this.isAbandoned) return Promise.reject(this.refuse());
    if (this.isCommitted()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiter = { resolve, reject };
      this.intake.requestAck(this.stream);
    });
  }

  private isCommitted(): boolean {
    const { committed, received } = this.stream.progress;
    return committed >= received;
  }

  private resolveWhenCommitted(): void {
    if (this.isCommitted()) this.waiter?.resolve();
  }

  private abandon(): void {
    this.isAbandoned = true;
    this.waiter?.reject(this.refuse());
  }

  private refuse(): ImportRefusal {
    const rows = Math.floor(this.stream.progress.committed / checkSpan);
    const text = `The store cannot take readings now; ${rows} rows of ${this.stream.device.deviceId} are stored`;
    return new ImportRefusal('store-unavailable', text);
  }
}
