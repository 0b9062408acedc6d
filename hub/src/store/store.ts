/**
 * The store, as the hub sees it: opens the data directory, starts the writer and the readers, and implements the port.
 *
 * Owns the threads, the lock on the directory and the health figures; what is queued is commit-queue.ts's, what is asked is
 * query-desk.ts's. Invariant: a receipt is told only after its commit was fsynced. The main thread itself never touches the database.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Store, StoredState, StoreHealth, StoreListener } from '../core/ports.ts';
import { CommitQueue } from './commit-queue.ts';
import { CommitTimes } from './commit-times.ts';
import { QueryDesk } from './query-desk.ts';
import { damageAdvice, isDamage, lockDirectory } from './sqlite.ts';
import type { Answer, FromWriter, ReaderOptions, ToWriter, WriterFigures, WriterOptions } from './worker-messages.ts';

export interface StoreOptions {
  /** Holds `lapwing.db`, made if missing; or name the file itself. */
  readonly directory?: string;
  readonly file?: string;
  readonly listener: StoreListener;
  /** Least time between two commits under load: raise it for SD cards (acks wait as long). */
  readonly commitIntervalMs?: number;
  readonly pendingBytesMax?: number;
  readonly logBytesMax?: number;
  readonly headBytesMax?: number;
  readonly sealRowsMax?: number;
  readonly checkpointBytes?: number;
  readonly readerThreads?: number;
  /** A query that takes longer than this, waiting included, fails with an error named QueryDeadlineError. */
  readonly questionMsMax?: number;
  readonly probeMs?: number;
  /** For tests of a full disk: the most pages that the database may have. */
  readonly pagesMax?: number;
}

const mebibyte = 1024 * 1024;

export async function openStore(options: StoreOptions): Promise<{ store: Store; state: StoredState }> {
  const file = options.file ?? join(options.directory ?? '.', 'lapwing.db');
  const lock = lockDirectory(`${file}.lock`);
  try {
    return await openThreads(file, options, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

type Lock = ReturnType<typeof lockDirectory>;

async function openThreads(
  file: string,
  options: StoreOptions,
  lock: Lock,
): Promise<{ store: Store; state: StoredState }> {
  const writer = startWriter(file, options);
  const started = once(writer, 'message') as Promise<[FromWriter]>;
  const store = new ThreadedStore(options, { file, writer, lock });
  const [ready] = await started;
  if (ready.kind === 'ready') return { store, state: ready.state };
  await store.close();
  throw ready.kind === 'refused' ? explainDamage(ready) : new Error(`The writer began with ${ready.kind}.`);
}

function startWriter(file: string, options: StoreOptions): Worker {
  const workerData: WriterOptions = {
    file,
    sealRowsMax: options.sealRowsMax ?? 4096,
    // Replaying takes about 0.02 s of CPU a mebibyte here, four times that on a small board: a start stays well below a second.
    logBytesMax: options.logBytesMax ?? 8 * mebibyte,
    headBytesMax: options.headBytesMax ?? 128 * mebibyte,
    checkpointBytes: options.checkpointBytes ?? 32 * mebibyte,
    probeMs: options.probeMs ?? 1000,
    pagesMax: options.pagesMax,
  };
  return new Worker(new URL('./writer.ts', import.meta.url), { workerData });
}

/** The reader and the writer talk on a channel of their own. */
function startReader(file: string, writer: Worker, abortFlag: SharedArrayBuffer): Worker {
  const { port1, port2 } = new MessageChannel();
  writer.postMessage({ kind: 'reader', port: port1 } satisfies ToWriter, [port1]);
  const workerData: ReaderOptions = { file, writerPort: port2, abortFlag };
  return new Worker(new URL('./reader.ts', import.meta.url), { workerData, transferList: [port2] });
}

class ThreadedStore implements Store {
  private readonly desk: QueryDesk;
  private readonly queue: CommitQueue;
  private readonly listener: StoreListener;
  private readonly writer: Worker;
  private readonly lock: Lock;
  private readonly writerEnded: Promise<void>;
  private readonly commitTimes = new CommitTimes();
  private figures: WriterFigures = { commitMs: 0, logBytes: 0, databaseBytes: 0, walBytes: 0 };
  private state: { state: 'ok' | 'unavailable'; code: string; message: string; sinceMs: number };
  private closing: Promise<void> | null = null;

  constructor(options: StoreOptions, parts: { file: string; writer: Worker; lock: Lock }) {
    this.listener = options.listener;
    this.writer = parts.writer;
    this.lock = parts.lock;
    this.state = { state: 'ok', code: '', message: '', sinceMs: Date.now() };
    this.queue = new CommitQueue({
      listener: options.listener,
      commitIntervalMs: options.commitIntervalMs ?? 0,
      pendingBytesMax: options.pendingBytesMax ?? 8 * mebibyte,
      send: (group) => this.tell({ kind: 'group', ...group }, [group.bytes.buffer]),
    });
    this.desk = new QueryDesk(() => this.queue.settle(), {
      questionMsMax: options.questionMsMax ?? 15_000,
      readersMax: options.readerThreads ?? 2,
      startReader: (abortFlag) => startReader(parts.file, parts.writer, abortFlag),
    });
    this.writerEnded = new Promise((resolve) => this.writer.once('exit', () => resolve()));
    this.writer.on('message', (message: FromWriter) => this.writerOnMessage(message));
    // The writer reports what the world does to it; that it ends by itself is our bug, and the process with it: unacked is resent.
    this.writer.on('error', (error) => {
      throw error;
    });
  }

  append(entry: Parameters<Store['append']>[0]): boolean {
    return this.queue.append(entry);
  }
  change(change: Parameters<Store['change']>[0]): void {
    this.queue.change(change);
  }
  keepTogether(bytes: number): void {
    this.queue.keepTogether(bytes);
  }
  hurry(): void {
    this.queue.hurryAll();
  }

  commitChange(change: Parameters<Store['commitChange']>[0]): Promise<void> {
    return this.queue.commitChange(change);
  }

  history(
    query: Parameters<Store['history']>[0],
    signal?: Parameters<Store['history']>[1],
  ): ReturnType<Store['history']> {
    return this.desk.ask({ kind: 'history', query }, signal) as Promise<Answer> as ReturnType<Store['history']>;
  }
  readings(
    query: Parameters<Store['readings']>[0],
    signal?: Parameters<Store['readings']>[1],
  ): ReturnType<Store['readings']> {
    return this.desk.ask({ kind: 'readings', query }, signal) as Promise<Answer> as ReturnType<Store['readings']>;
  }
  events(device: Parameters<Store['events']>[0], limit: number): ReturnType<Store['events']> {
    return this.desk.ask({ kind: 'events', device, limit }) as Promise<Answer> as ReturnType<Store['events']>;
  }
  completeness(
    query: Parameters<Store['completeness']>[0],
    signal?: Parameters<Store['completeness']>[1],
  ): ReturnType<Store['completeness']> {
    return this.desk.ask({ kind: 'completeness', query }, signal) as Promise<Answer> as ReturnType<
      Store['completeness']
    >;
  }
  fleetCompleteness(query: Parameters<Store['fleetCompleteness']>[0]): ReturnType<Store['fleetCompleteness']> {
    const answer = this.desk.ask({ kind: 'fleetCompleteness', query });
    return answer as Promise<Answer> as ReturnType<Store['fleetCompleteness']>;
  }
  fleetAt(
    query: Parameters<Store['fleetAt']>[0],
    signal?: Parameters<Store['fleetAt']>[1],
  ): ReturnType<Store['fleetAt']> {
    return this.desk.ask({ kind: 'fleetAt', query }, signal) as Promise<Answer> as ReturnType<Store['fleetAt']>;
  }
  gaps(device: Parameters<Store['gaps']>[0]): ReturnType<Store['gaps']> {
    return this.desk.ask({ kind: 'gaps', device }) as Promise<Answer> as ReturnType<Store['gaps']>;
  }

  retention(): ReturnType<Store['retention']> {
    return this.desk.ask({ kind: 'retention' }) as Promise<Answer> as ReturnType<Store['retention']>;
  }
  previewRetention(
    asked: Parameters<Store['previewRetention']>[0],
    signal?: Parameters<Store['previewRetention']>[1],
  ): ReturnType<Store['previewRetention']> {
    return this.desk.ask({ kind: 'retentionPreview', ...asked }, signal) as Promise<Answer> as ReturnType<
      Store['previewRetention']
    >;
  }

  health(): StoreHealth {
    const { databaseBytes, walBytes, logBytes } = this.figures;
    const { committedGroups, committedFrames } = this.queue;
    const { p50, max } = this.commitTimes.summarize();
    return {
      ...this.state,
      databaseBytes,
      walBytes,
      logBytes,
      committedGroups,
      committedFrames,
      commitMsP50: p50,
      commitMsMax: max,
    };
  }

  close(): Promise<void> {
    this.closing ??= this.closeThreads();
    return this.closing;
  }

  private async closeThreads(): Promise<void> {
    await this.queue.settle();
    this.queue.close();
    await this.desk.close();
    this.tell({ kind: 'close' });
    await this.writerEnded;
    this.lock.release();
  }

  private tell(message: ToWriter, transfer: ArrayBuffer[] = []): void {
    this.writer.postMessage(message, transfer);
  }

  private writerOnMessage(message: FromWriter): void {
    switch (message.kind) {
      case 'committed':
        this.figures = message.figures;
        this.commitTimes.add(message.figures.commitMs);
        this.queue.writerOnCommitted(message.id, message.spare);
        return;
      case 'failed':
        this.queue.writerOnFailed(message.id, makeCause(message));
        this.noteState('unavailable', message);
        return;
      case 'unavailable':
        this.queue.writerOnUnavailable(makeCause(message));
        this.noteState('unavailable', message);
        return;
      case 'ready':
        this.figures = message.figures;
        return;
      case 'refused':
        return;
      case 'ok':
        this.queue.writerOnOk();
        this.noteState('ok', { code: '', message: '' });
        return;
      default:
        message satisfies never;
    }
  }

  private noteState(state: 'ok' | 'unavailable', why: { code: string; message: string }): void {
    if (this.state.state === state) return;
    this.state = { state, code: why.code, message: why.message, sinceMs: Date.now() };
    this.listener.storeOnState(this.health());
  }
}

function explainDamage({ error, code }: { error: Error; code: string }): Error {
  if (!isDamage(code)) return error;
  return Object.assign(new Error(`${error.message}. ${damageAdvice}`, { cause: error }), { code });
}

function makeCause(failure: { code: string; message: string }): Error {
  return Object.assign(new Error(failure.message), { code: failure.code });
}
