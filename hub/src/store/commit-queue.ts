/**
 * The main thread's queue to the writer: natural group commit, pressure, and what happens when the disk fails.
 *
 * Owns the group being filled, the full groups behind the one in flight, and rare changes kept over an outage. Invariant: one
 * group is in flight at a time and groups are answered in order, so each entry is either told as committed or as abandoned, once.
 * Does no I/O: it is given `send`. The listener is never called from inside a call.
 */
import type { Store, StoreChange, StoreListener, StreamKey } from '../core/ports.ts';
import { GroupBuilder, groupHeaderBytes } from './group.ts';
import { StreamSlots } from './stream-slots.ts';

const groupBytesAtFirst = 64 * 1024;
/** A group this full is closed: the writer decodes a group in one go. */
const groupBytesMax = 1024 * 1024;
const spareBuffersMax = 4;

export interface CommitQueueOptions {
  readonly listener: StoreListener;
  /** Least time between two commits while there is something to commit; a first frame after a pause does not wait. */
  readonly commitIntervalMs: number;
  /** More bytes than this waiting: pressure is high; under half of it: normal again. */
  readonly pendingBytesMax: number;
  readonly send: (group: {
    id: number;
    bytes: Uint8Array<ArrayBuffer>;
    frames: number;
    changes: StoreChange[];
  }) => void;
}

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

interface Group {
  readonly id: number;
  readonly builder: GroupBuilder;
  readonly streams: StreamKey[];
  readonly seqs: number[];
  /** Pairs of words. */
  readonly once: number[];
  /** In step with builder.changes; null for a change nobody waits for. */
  readonly waiters: (Waiter | null)[];
}

export class CommitQueue {
  committedGroups = 0;
  committedFrames = 0;
  private readonly options: CommitQueueOptions;
  private readonly slots = new StreamSlots();
  private filling: Group;
  private readonly full: Group[] = [];
  private inFlight: { group: Group; bytes: number } | null = null;
  private nextId = 1;
  private bytesWaiting = 0;
  private state: 'ok' | 'unavailable' | 'closed' = 'ok';
  private keptChanges: StoreChange[] = [];
  private readonly spares: ArrayBuffer[] = [];
  private pressure: 'high' | 'normal' = 'normal';
  private pressureTold: 'high' | 'normal' = 'normal';
  private barriers: { readonly id: number; readonly resolve: () => void }[] = [];
  private sendSoon: NodeJS.Immediate | null = null;
  private sendLater: NodeJS.Timeout | null = null;
  private hurriedId = 0;
  private sentAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: CommitQueueOptions) {
    this.options = options;
    this.filling = this.makeGroup();
  }

  append(entry: Parameters<Store['append']>[0]): boolean {
    if (this.state !== 'ok') return false;
    this.keepTogether(entry.frame.length);
    const group = this.filling;
    const before = group.builder.length;
    group.builder.append(entry);
    this.bytesWaiting += group.builder.length - before;
    const slot = this.slots.find(entry.stream, group.id, group.streams.length);
    group.streams[slot] = entry.stream;
    group.seqs[slot] = entry.seq;
    for (const { high, low } of entry.once ?? []) group.once.push(high, low);
    if (this.bytesWaiting > this.options.pendingBytesMax && this.pressure === 'normal') this.setPressure('high');
    if (this.sendSoon === null) this.scheduleSend();
    return true;
  }

  /** Closes the group being filled where so many bytes more would not fit. */
  keepTogether(bytes: number): void {
    const group = this.filling;
    if (group.builder.length + bytes <= groupBytesMax || group.builder.frames === 0) return;
    this.full.push(group);
    this.hurry(group.id);
    this.filling = this.makeGroup();
  }

  change(change: StoreChange): void {
    if (this.state !== 'ok') this.keptChanges.push(change);
    else this.addChange(change, null);
  }

  commitChange(change: StoreChange): Promise<void> {
    if (this.state !== 'ok') return Promise.reject(new Error(`The store is ${this.state}.`));
    return new Promise((resolve, reject) => this.addChange(change, { resolve, reject }));
  }

  /** What is queued does not wait for the commit interval. */
  hurryAll(): void {
    if (this.state === 'ok') this.hurry(this.filling.id);
  }

  /** Resolves when everything queued before is committed or abandoned; hurries it along. */
  settle(): Promise<void> {
    if (this.state !== 'ok') return Promise.resolve();
    const last = this.isEmpty(this.filling) ? this.filling.id - 1 : this.filling.id;
    const oldest = this.inFlight?.group.id ?? this.full[0]?.id ?? this.filling.id;
    if (oldest > last) return Promise.resolve();
    return new Promise((resolve) => {
      this.barriers.push({ id: last, resolve });
      this.hurry(last);
    });
  }

  writerOnCommitted(id: number, spare: ArrayBuffer | null): void {
    const done = this.inFlight;
    if (done?.group.id !== id) throw new Error(`group ${id} was answered out of order`);
    const { group } = done;
    this.inFlight = null;
    this.bytesWaiting -= done.bytes;
    if (spare !== null && this.spares.length < spareBuffersMax) this.spares.push(spare);
    this.committedGroups++;
    this.committedFrames += group.builder.frames;
    this.scheduleSend();
    for (const waiter of group.waiters) waiter?.resolve();
    if (group.streams.length > 0) {
      this.options.listener.storeOnCommitted({ streams: group.streams, seqs: group.seqs });
    }
    this.releaseBarriers(group.id);
    if (this.pressure === 'high' && this.bytesWaiting < this.options.pendingBytesMax / 2) this.setPressure('normal');
  }

  /** The disk failed: everything queued is abandoned, and nothing more is taken. A group in flight is still answered. */
  writerOnUnavailable(cause: Error): void {
    if (this.state === 'ok') this.state = 'unavailable';
    this.abandon(cause, this.full.concat(this.filling));
    this.full.length = 0;
    this.filling = this.makeGroup();
    this.clearTimers();
  }

  writerOnFailed(id: number, cause: Error): void {
    const failed = this.inFlight;
    if (failed?.group.id !== id) throw new Error(`group ${id} was answered out of order`);
    this.inFlight = null;
    this.bytesWaiting -= failed.bytes;
    if (this.state === 'ok') this.state = 'unavailable';
    const behind = [...this.full.splice(0), this.filling];
    this.filling = this.makeGroup();
    this.clearTimers();
    this.abandon(cause, [failed.group, ...behind]);
  }

  writerOnOk(): void {
    if (this.state !== 'unavailable') return;
    this.state = 'ok';
    for (const change of this.keptChanges.splice(0)) this.addChange(change, null);
  }

  /** Takes nothing more. Call after `settle`. */
  close(): void {
    this.state = 'closed';
    this.clearTimers();
    this.abandon(new Error('The store was closed.'), [...this.full.splice(0), this.filling]);
  }

  private makeGroup(): Group {
    const buffer = this.spares.pop() ?? new ArrayBuffer(groupBytesAtFirst);
    return {
      id: this.nextId++,
      builder: new GroupBuilder(new Uint8Array(buffer)),
      streams: [],
      seqs: [],
      once: [],
      waiters: [],
    };
  }

  private isEmpty(group: Group): boolean {
    return group.builder.frames === 0 && group.builder.changes.length === 0;
  }

  /** Frames already in the group come after it in the commit: harmless, since tables only grow and streams are told first. */
  private addChange(change: StoreChange, waiter: Waiter | null): void {
    this.filling.builder.changes.push(change);
    this.filling.waiters.push(waiter);
    if (waiter === null) this.scheduleSend();
    else this.hurry(this.filling.id);
  }

  /** Somebody waits for this group: the commit interval does not hold it back. */
  private hurry(id: number): void {
    this.hurriedId = Math.max(this.hurriedId, id);
    if (this.sendLater !== null) clearTimeout(this.sendLater);
    this.sendLater = null;
    this.scheduleSend();
  }

  /** At the end of this turn of the event loop, so that all frames which came together share a commit. */
  private scheduleSend(): void {
    if (this.state !== 'ok' || this.inFlight !== null || this.sendSoon !== null || this.sendLater !== null) return;
    if (this.full.length === 0 && this.isEmpty(this.filling)) return;
    const waitMs = this.sentAtMs + this.options.commitIntervalMs - performance.now();
    const next = this.full[0] ?? this.filling;
    if (waitMs > 0 && next.id > this.hurriedId) this.sendLater = setTimeout(() => this.sendNext(), waitMs);
    else this.sendSoon = setImmediate(() => this.sendNext());
  }

  private sendNext(): void {
    this.clearTimers();
    let group = this.full.shift();
    if (group === undefined) {
      group = this.filling;
      this.filling = this.makeGroup();
    }
    const bytes = group.builder.finish();
    this.inFlight = { group, bytes: bytes.length - groupHeaderBytes };
    this.sentAtMs = performance.now();
    const { changes, frames } = group.builder;
    const all = group.once.length === 0 ? changes : [...changes, makeOnceChange(group.once)];
    this.options.send({ id: group.id, bytes, frames, changes: all });
  }

  private abandon(cause: Error, groups: readonly Group[]): void {
    const streams = new Set<StreamKey>();
    for (const group of groups) {
      for (const stream of group.streams) streams.add(stream);
      group.builder.changes.forEach((change, i) => {
        const waiter = group.waiters[i];
        if (waiter) waiter.reject(new Error('The store could not write.', { cause }));
        else this.keptChanges.push(change);
      });
    }
    if (this.inFlight === null) this.releaseBarriers(Number.POSITIVE_INFINITY);
    this.bytesWaiting = this.inFlight?.bytes ?? 0;
    if (streams.size > 0) this.options.listener.storeOnAbandoned([...streams]);
    if (this.pressure === 'high') this.setPressure('normal');
  }

  private releaseBarriers(upTo: number): void {
    const waiting = this.barriers;
    if (waiting.length === 0) return;
    this.barriers = waiting.filter(({ id }) => id > upTo);
    for (const { id, resolve } of waiting) if (id <= upTo) resolve();
  }

  private setPressure(pressure: 'high' | 'normal'): void {
    this.pressure = pressure;
    queueMicrotask(() => {
      if (this.pressure === this.pressureTold) return;
      this.pressureTold = this.pressure;
      this.options.listener.storeOnPressure(this.pressure);
    });
  }

  private clearTimers(): void {
    if (this.sendSoon !== null) clearImmediate(this.sendSoon);
    if (this.sendLater !== null) clearTimeout(this.sendLater);
    this.sendSoon = null;
    this.sendLater = null;
  }
}

/** It goes with its frames and is nobody's to keep over an outage. */
function makeOnceChange(words: readonly number[]): StoreChange {
  return { kind: 'onceKeys', atMs: Date.now(), words: Uint32Array.from(words) };
}
