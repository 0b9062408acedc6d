/**
 * Takes the messages of the feed apart and applies each to the feed's state.
 *
 * Owns one scratch for batches. Invariant: observers see a batch after the state has it, and only if it was new.
 */
import { BatchScratch, decodeMessage, type FeedMessage, type LiveEntry, readBatch } from '@lapwing/protocol';
import { applyBatch, applyPresence, applySnapshot, type FeedObserver, type FeedState } from './feed-state.ts';

export interface FeedReader {
  apply(message: FeedMessage): void;
  /** Frames that could not be read: the hub has checked them, so this should stay 0. */
  readonly faults: number;
}

export function makeFeedReader(state: FeedState, observers: ReadonlySet<FeedObserver>): FeedReader {
  const scratch = new BatchScratch();
  const all: FeedObserver = {
    observeBatch: (device, lent, stream) => {
      for (const observer of observers) observer.observeBatch?.(device, lent, stream);
    },
    observeRepeat: (device, lent, stream) => {
      for (const observer of observers) observer.observeRepeat?.(device, lent, stream);
    },
    observeSnapshot: (device, conflated) => {
      for (const observer of observers) observer.observeSnapshot?.(device, conflated);
    },
  };
  const reader = {
    faults: 0,
    apply(message: FeedMessage): void {
      // What was on its way when the page was rewound is the present's.
      if (state.isPast) return;
      if (message.type === 'snapshot') applySnapshot(state, message, all);
      else if (message.type === 'presence') applyPresence(state, message);
      else if (message.type === 'live') for (const entry of message.entries) applyEntry(entry);
    },
  };

  function applyEntry(entry: LiveEntry): void {
    const { body } = entry;
    if (body.kind === 'batch') {
      if (readBatch(body.frame, scratch) !== null) reader.faults++;
      else applyBatch(state, { stream: entry.stream, arrivedMs: entry.arrivedMs, scratch }, all);
      return;
    }
    const device = state.streams.get(entry.stream);
    if (device === undefined) return;
    if (!(device.lastSeenMs > entry.arrivedMs)) device.lastSeenMs = entry.arrivedMs;
    if (body.kind === 'late') {
      if (entry.stream === device.stream) device.seq = Math.max(device.seq, body.seq);
      for (const observer of observers) observer.observeLate?.(device, body.fromMs, body.toMs);
      return;
    }
    const decoded = decodeMessage(body.frame, 'device');
    if (!decoded.ok || decoded.message.type !== 'event') {
      reader.faults++;
      return;
    }
    const event = decoded.message;
    if (entry.stream === device.stream) device.seq = Math.max(device.seq, event.seq);
    for (const observer of observers) observer.observeEvent?.(device, event, entry.arrivedMs);
  }

  return reader;
}
