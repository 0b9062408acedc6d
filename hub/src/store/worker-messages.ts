/**
 * What the store's threads say to each other. Types only.
 *
 * main ↔ writer: groups down, receipts up, in order. main ↔ reader: one query at a time. reader ↔ writer: head requests, on a
 * channel of their own, so that they do not pass through the main thread.
 */
import type { MessagePort } from 'node:worker_threads';
import type {
  CompletenessAnswer,
  CompletenessQuery,
  FleetAtAnswer,
  FleetAtQuery,
  FleetCompleteness,
  FleetCompletenessQuery,
  HistoryAnswer,
  HistoryQuery,
  ReadingsAnswer,
  ReadingsQuery,
  RetentionPolicy,
  RetentionPreview,
  StoreChange,
  StoredEvent,
  StoredGap,
  StoredState,
} from '../core/ports.ts';
import type { BlockFacts } from './block-facts.ts';
import type { LedgerOptions } from './ledger.ts';

export type WriterOptions = LedgerOptions & { readonly probeMs: number };

export type ToWriter =
  | {
      readonly kind: 'group';
      readonly id: number;
      /** Transferred; its buffer comes back with the answer to the next group, to be used again. */
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly frames: number;
      readonly changes: readonly StoreChange[];
    }
  /** A reader was started; it asks for heads on this port, which closes with it. */
  | { readonly kind: 'reader'; readonly port: MessagePort }
  | { readonly kind: 'close' };

export interface WriterFigures {
  readonly commitMs: number;
  readonly logBytes: number;
  readonly databaseBytes: number;
  readonly walBytes: number;
}

export type FromWriter =
  | { readonly kind: 'ready'; readonly state: StoredState; readonly figures: WriterFigures }
  /** Across threads an error keeps its message, not its code. */
  | { readonly kind: 'refused'; readonly error: Error; readonly code: string }
  | {
      readonly kind: 'committed';
      readonly id: number;
      readonly spare: ArrayBuffer | null;
      readonly figures: WriterFigures;
    }
  | { readonly kind: 'failed'; readonly id: number; readonly code: string; readonly message: string }
  | { readonly kind: 'unavailable'; readonly code: string; readonly message: string }
  | { readonly kind: 'ok' };

export interface ReaderOptions {
  readonly file: string;
  readonly writerPort: MessagePort;
  /** One Int32: not 0 when the asker of the running query left. */
  readonly abortFlag: SharedArrayBuffer;
}

export type Question =
  | { readonly kind: 'history'; readonly query: HistoryQuery }
  | { readonly kind: 'readings'; readonly query: ReadingsQuery }
  | { readonly kind: 'events'; readonly device: number; readonly limit: number }
  | { readonly kind: 'gaps'; readonly device: number }
  | { readonly kind: 'completeness'; readonly query: CompletenessQuery }
  | { readonly kind: 'fleetCompleteness'; readonly query: FleetCompletenessQuery }
  | { readonly kind: 'fleetAt'; readonly query: FleetAtQuery }
  | { readonly kind: 'retention' }
  | { readonly kind: 'retentionPreview'; readonly policy: RetentionPolicy; readonly nowMs: number };
export type Answer =
  | HistoryAnswer
  | ReadingsAnswer
  | readonly StoredEvent[]
  | readonly StoredGap[]
  | CompletenessAnswer
  | FleetCompleteness
  | FleetAtAnswer
  | RetentionPolicy
  | RetentionPreview;

export type ToReader = { readonly kind: 'ask'; readonly question: Question } | { readonly kind: 'close' };
export type FromReader =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly error: Error };

/** The unsealed readings of `metrics` (the device's indexes) in [fromMs, toMs), of streams as the reader's snapshot has them. */
export interface HeadRequest {
  readonly streams: readonly { readonly key: number; readonly sealedSeq: number; readonly isApart: number }[];
  readonly metrics: readonly number[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Say how the unsealed rows came, too. */
  readonly facts?: boolean;
  /** Rising: only the newest readings of each metric between each of these times and the one before it. */
  readonly newestAt?: Float64Array;
}
/** How a head's rows came, and the share of them in the range asked for. */
export interface HeadFacts {
  readonly facts: BlockFacts;
  readonly rows: number;
  readonly share: number;
}
/** `moved`: a stream was sealed, or its place in joined blocks opened, since the reader's snapshot; it must take a new one. Streams are in the order asked for. */
export type HeadAnswer =
  | { readonly moved: true }
  | {
      readonly moved: false;
      readonly streams: readonly {
        readonly committedSeq: number;
        readonly columns: readonly HeadRows[];
        readonly head?: HeadFacts;
      }[];
    };

/** Readings of one metric in order of arrival. */
export interface HeadRows {
  readonly metric: number;
  readonly times: Float64Array;
  readonly arrivals: Float64Array;
  readonly values: Float64Array | readonly string[];
}
