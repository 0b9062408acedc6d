/**
 * The Store port in memory, with commits that happen when the test says so: for tests of the core on a fake clock.
 *
 * Owns what was appended, committed and changed. It keeps the port's promises, but for history and readings, which only
 * the real store answers.
 */
import type {
  DeviceKey,
  Receipt,
  Store,
  StoreChange,
  StoredDevice,
  StoredForeignDevice,
  StoredOnceKey,
  StoredState,
  StoredStream,
  StoreHealth,
  StoreListener,
  StreamKey,
} from '../../src/core/ports.ts';

export interface MemoryFrame {
  readonly stream: StreamKey;
  readonly seq: number;
  readonly arrivedMs: number;
  readonly frame: Uint8Array;
  readonly once?: readonly StoredOnceKey[] | null;
}

type Item = { readonly frame: MemoryFrame } | { readonly change: StoreChange; readonly done: () => void };

const emptyIdentity = { deviceTokens: [], enrolmentKeys: [], users: [], sessions: [], apiTokens: [] };

export class MemoryStore implements Store {
  readonly frames: MemoryFrame[] = [];
  readonly changes: StoreChange[] = [];
  listener: StoreListener | null = null;
  isAvailable = true;
  hurries = 0;
  together = 0;
  private queue: Item[] = [];

  append(entry: MemoryFrame): boolean {
    if (!this.isAvailable) return false;
    this.queue.push({ frame: { ...entry, frame: entry.frame.slice() } });
    return true;
  }

  change(change: StoreChange): void {
    this.queue.push({ change, done: () => undefined });
  }

  /** Every commit is one transaction here. */
  keepTogether(): void {
    this.together += 1;
  }

  commitChange(change: StoreChange): Promise<void> {
    return new Promise((resolve) => this.queue.push({ change, done: resolve }));
  }

  hurry(): void {
    this.hurries += 1;
  }

  /** Everything queued becomes durable, and the receipt is told. */
  commit(): void {
    const seqs = new Map<StreamKey, number>();
    for (const item of this.queue) {
      if ('change' in item) {
        this.changes.push(item.change);
        item.done();
        continue;
      }
      this.frames.push(item.frame);
      seqs.set(item.frame.stream, item.frame.seq);
    }
    this.queue = [];
    const receipt: Receipt = { streams: [...seqs.keys()], seqs: [...seqs.values()] };
    if (seqs.size > 0) this.listener?.storeOnCommitted(receipt);
  }

  /** Queued frames are lost, as on a full disk; changes stay queued. */
  abandon(): void {
    const streams = new Set<StreamKey>();
    for (const item of this.queue) if ('frame' in item) streams.add(item.frame.stream);
    this.queue = this.queue.filter((item) => 'change' in item);
    this.listener?.storeOnAbandoned([...streams]);
  }

  /** What a hub would read at its next start: only what was committed, as after kill -9. */
  stateAfterCrash(): StoredState {
    const devices = new Map<DeviceKey, StoredDevice>();
    const streams = new Map<StreamKey, StoredStream>();
    for (const change of this.changes) applyChange(change, devices, streams);
    for (const { stream, seq, arrivedMs } of this.frames) {
      const stored = streams.get(stream)!;
      streams.set(stream, { ...stored, committedSeq: seq });
      devices.set(stored.device, { ...devices.get(stored.device)!, lastSeenMs: arrivedMs });
    }
    return {
      devices: [...devices.values()],
      streams: [...streams.values()],
      identity: emptyIdentity,
      documents: [],
      shares: [],
      settings: { bridges: '' },
      foreignDevices: this.listForeign(),
      onceKeys: Uint32Array.from(
        this.frames.flatMap(({ once }) => (once ?? []).flatMap(({ high, low }) => [high, low])),
      ),
    };
  }

  private listForeign(): StoredForeignDevice[] {
    const rows = new Map<string, StoredForeignDevice>();
    for (const change of this.changes) {
      if (change.kind === 'foreignDevice')
        rows.set(`${change.foreign.dialect} ${change.foreign.native}`, change.foreign);
      else if (change.kind === 'foreignDeviceGone') rows.delete(`${change.dialect} ${change.native}`);
    }
    return [...rows.values()];
  }

  /** The process dies: what was not committed is gone. */
  crash(): void {
    this.queue = [];
    this.listener = null;
  }

  history(): never {
    throw new Error('the memory store answers no history');
  }
  readings(): never {
    throw new Error('the memory store answers no readings');
  }
  events = () => Promise.resolve([]);
  gaps = () => Promise.resolve([]);
  completeness(): never {
    throw new Error('the memory store knows no completeness');
  }
  fleetAt(): never {
    throw new Error('the memory store knows no past');
  }
  fleetCompleteness = () => Promise.resolve([]);
  retention = () => Promise.resolve({ rules: [] });
  previewRetention = () => Promise.resolve({ rules: [] });
  health(): StoreHealth {
    const figures = { databaseBytes: 0, walBytes: 0, logBytes: 0, committedGroups: 0, commitMsP50: 0, commitMsMax: 0 };
    const state = this.isAvailable ? 'ok' : 'unavailable';
    return { state, code: '', message: '', sinceMs: 0, committedFrames: this.frames.length, ...figures };
  }
  close(): Promise<void> {
    this.commit();
    return Promise.resolve();
  }
}

function applyChange(
  change: StoreChange,
  devices: Map<DeviceKey, StoredDevice>,
  streams: Map<StreamKey, StoredStream>,
): void {
  if (change.kind === 'device') {
    const known = devices.get(change.key) ?? { lastSeenMs: Number.NaN, metrics: [], latest: [] };
    devices.set(change.key, { ...known, ...change });
  } else if (change.kind === 'metrics') {
    const device = devices.get(change.device)!;
    const metrics = [...device.metrics];
    metrics.splice(change.firstIndex, change.metrics.length, ...change.metrics);
    devices.set(change.device, {
      ...device,
      metrics,
      latest: metrics.map(() => ({ timeMs: Number.NaN, value: Number.NaN })),
    });
  } else if (change.kind === 'stream') {
    streams.set(change.key, { ...change, committedSeq: 0, table: [] });
  } else if (change.kind === 'table') {
    streams.set(change.stream, { ...streams.get(change.stream)!, table: change.table });
  } else if (change.kind === 'sleep') {
    const { fromMs, wakeMs } = change;
    devices.set(change.device, { ...devices.get(change.device)!, sleep: { fromMs, wakeMs } });
  }
}
