/**
 * The main thread's desk for queries: a barrier first, then the next free reader thread, one query each at a time.
 *
 * Owns the readers, the queue of questions and who asked. Invariant: a question goes to a reader only when every frame appended
 * before it was asked is committed or abandoned. A question whose asker left, or that takes longer than `questionMsMax`, is dropped
 * from the queue, or stopped between two blocks. Refuses more than `questionsMax` at a time. A reader is started when a question
 * finds none free, and ends when it has had nothing to do for a while: an idle hub has no use for its memory (18 MiB each).
 */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import type { AbortSignalLike } from '../core/ports.ts';
import type { Answer, FromReader, Question, ToReader } from './worker-messages.ts';

const questionsMax = 1000;
const readerIdleMs = 300_000;
const idleLookMs = 60_000;

interface Job {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

interface Reader {
  readonly worker: Worker;
  readonly abortFlag: Int32Array;
  job: Job | null;
  freeSinceMs: number;
}

export interface DeskOptions {
  readonly questionMsMax: number;
  readonly readersMax: number;
  /** A new reader thread, which looks at the flag: not 0 when the asker of its question left. */
  readonly startReader: (abortFlag: SharedArrayBuffer) => Worker;
}

export class QueryDesk {
  private readonly settle: () => Promise<void>;
  private readonly readers: Reader[] = [];
  private readonly waiting: Job[] = [];
  private readonly options: DeskOptions;
  private readonly idleTimer = setInterval(() => this.endIdle(), idleLookMs).unref();
  private asked = 0;
  private closed = false;

  /** `settle` is the barrier. */
  constructor(settle: () => Promise<void>, options: DeskOptions) {
    this.settle = settle;
    this.options = options;
  }

  async ask(question: Question, signal?: AbortSignalLike): Promise<Answer> {
    if (this.closed) throw new Error('The store is closed.');
    if (this.asked >= questionsMax) throw makeError('StoreBusyError', 'Too many queries are waiting for the store.');
    this.asked++;
    try {
      await this.settle();
      return await this.enqueue(question, signal);
    } finally {
      this.asked--;
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.idleTimer);
    for (const job of this.waiting.splice(0)) job.reject(new Error('The store is closed.'));
    const ends = this.readers.map(({ worker }) => once(worker, 'exit'));
    for (const reader of this.readers) {
      Atomics.store(reader.abortFlag, 0, 1);
      this.tell(reader, { kind: 'close' });
    }
    await Promise.all(ends);
  }

  private enqueue(question: Question, signal?: AbortSignalLike): Promise<Answer> {
    if (this.closed) return Promise.reject(new Error('The store is closed.'));
    if (signal?.aborted) return Promise.reject(makeAbortError());
    return new Promise((resolve, reject) => {
      const stopListening = () => {
        clearTimeout(deadline);
        signal?.removeEventListener('abort', signalOnAbort);
      };
      const job: Job = {
        question,
        resolve: (answer) => {
          stopListening();
          resolve(answer);
        },
        reject: (error) => {
          stopListening();
          reject(error);
        },
      };
      const signalOnAbort = () => this.abort(job, makeAbortError());
      const text = `The query took longer than ${this.options.questionMsMax / 1000} seconds.`;
      const deadline = setTimeout(
        () => this.abort(job, makeError('QueryDeadlineError', text)),
        this.options.questionMsMax,
      );
      signal?.addEventListener('abort', signalOnAbort);
      this.waiting.push(job);
      this.dispatch();
    });
  }

  /** The asker is answered at once; the reader gets free at its next block. */
  private abort(job: Job, error: Error): void {
    const queued = this.waiting.indexOf(job);
    if (queued >= 0) this.waiting.splice(queued, 1);
    const reader = this.readers.find((candidate) => candidate.job === job);
    if (reader !== undefined) Atomics.store(reader.abortFlag, 0, 1);
    job.reject(error);
  }

  private dispatch(): void {
    while (this.waiting.length > 0) {
      const reader = this.readers.find(({ job }) => job === null) ?? this.addReader();
      if (reader === null) return;
      reader.job = this.waiting.shift()!;
      Atomics.store(reader.abortFlag, 0, 0);
      this.tell(reader, { kind: 'ask', question: reader.job.question });
    }
  }

  private addReader(): Reader | null {
    if (this.readers.length >= this.options.readersMax) return null;
    const abortFlag = new SharedArrayBuffer(4);
    const worker = this.options.startReader(abortFlag);
    const reader: Reader = { worker, abortFlag: new Int32Array(abortFlag), job: null, freeSinceMs: 0 };
    this.readers.push(reader);
    worker.on('message', (message: FromReader) => this.readerOnMessage(reader, message));
    // A reader answers failures; that it ends by itself is our bug, and the process with it.
    worker.on('error', (error) => {
      throw error;
    });
    return reader;
  }

  private endIdle(): void {
    const beforeMs = performance.now() - readerIdleMs;
    const idle = this.readers.filter(({ job, freeSinceMs }) => job === null && freeSinceMs < beforeMs);
    for (const reader of idle) {
      this.readers.splice(this.readers.indexOf(reader), 1);
      this.tell(reader, { kind: 'close' });
    }
  }

  private readerOnMessage(reader: Reader, message: FromReader): void {
    const job = reader.job;
    reader.job = null;
    reader.freeSinceMs = performance.now();
    if (message.kind === 'answer') job?.resolve(message.answer);
    else if (message.kind === 'failed') job?.reject(message.error);
    if (!this.closed) this.dispatch();
  }

  private tell(reader: Reader, message: ToReader): void {
    reader.worker.postMessage(message);
  }
}

function makeAbortError(): Error {
  return makeError('AbortError', 'The query was aborted.');
}

function makeError(name: string, text: string): Error {
  const error = new Error(text);
  error.name = name;
  return error;
}
