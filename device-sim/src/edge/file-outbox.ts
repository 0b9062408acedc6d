/**
 * The outbox of a real device: append-only segment files with a CRC per record, so that a killed process, a torn write or a
 * worn SD card costs no more than what it hit, and says so.
 *
 * Owns the directory of segments (one process at a time) and an index of them in memory. Invariants: a frame is in the page
 * cache before it is sent, so kill -9 never lets a sequence number be used twice; numbers that may have been used are reserved
 * on the disk itself (fsync, once per `reserveSeqs` frames), so a power cut never does either: what it took becomes a hole with
 * reason `corrupt`. When full, the oldest segment goes and becomes a hole with its times and readings. A disk that refuses
 * writes is no end: frames then stay in memory, bounded like the rest. New numbers for all (DL-16) are written beside it, and
 * then take its place as a whole.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import {
  type FrameFacts,
  makeFrameHole,
  moveHole,
  type Outbox,
  type OutboxCounts,
  type OutboxHole,
  type OutboxItem,
} from '../core/outbox.ts';
import { type LoadedOutbox, loadIndex, OutboxIndex } from '../core/outbox-index.ts';
import { headerBytes, type OutboxRecord, scanSegment, writeHeader, writeRecord } from '../core/outbox-record.ts';
import { renumberFrame } from '../core/renumber-frame.ts';

export interface FileOutboxOptions {
  readonly directory: string;
  readonly bytesMax: number;
  /** Used when the directory holds no outbox yet. */
  readonly newEpoch: number;
  /** Tells one run of the machine from the next; '' when unknown. */
  readonly bootId: string;
  /** Numbers reserved by one fsync: 256 at 1 Hz is one small write every four minutes. */
  readonly reserveSeqs?: number;
  readonly outboxOnNote?: (text: string) => void;
  /** What belongs to the frames and is kept elsewhere is written here, before they come under `epoch`. */
  readonly outboxOnEpoch?: (epoch: number) => void;
}

/** Of frames that wait in memory because the disk refuses them. */
const keptBytesMax = 1 << 20;

interface Segment {
  readonly id: number;
  readonly path: string;
  bytes: number;
  lastSeq: number;
}

export class FileOutbox implements Outbox {
  epoch = 0;
  usedThrough = 0;
  private readonly options: FileOutboxOptions;
  private index = new OutboxIndex(1);
  private segments: Segment[] = [];
  private readonly segmentBytesMax: number;
  private readonly reserveSeqs: number;
  private reservedThrough = 0;
  private file = -1;
  private readFile = { segment: -1, file: -1 };
  private bytes = 0;
  private diskState: 'ok' | 'refusing' = 'ok';
  /** Writes that failed. */
  private refusals = 0;

  constructor(options: FileOutboxOptions) {
    this.options = options;
    this.segmentBytesMax = Math.max(4096, Math.min(256 * 1024, Math.floor(options.bytesMax / 8)));
    this.reserveSeqs = options.reserveSeqs ?? 256;
    this.open();
  }

  nextSeq(): number {
    return this.index.nextSeq;
  }

  append(frame: Uint8Array, facts: FrameFacts): void {
    const seq = this.index.nextSeq;
    const { readings, fromMs, toMs } = facts;
    if (seq > this.reservedThrough) this.reserve(seq + this.reserveSeqs - 1);
    const segment = this.segments.at(-1)!;
    const at = segment.bytes + 8 + 29;
    const written = this.write({ kind: 'frame', seq, readings, fromMs, toMs, frame });
    segment.lastSeq = seq;
    const place = { segment: segment.id, at, length: frame.byteLength, kept: written ? null : frame.slice() };
    this.index.add({ seq, readings, fromMs, toMs, ...place });
    if (segment.bytes >= this.segmentBytesMax) this.rotate();
    while (this.bytes + this.index.keptBytes > this.options.bytesMax && this.segments.length > 1) this.dropOldest();
    while (this.index.keptBytes > keptBytesMax) this.tellDropped(this.index.dropFirst());
  }

  itemAfter(seq: number): OutboxItem | null {
    const item = this.index.itemAfter(seq);
    if (item === null || item.kind === 'hole') return item;
    const frame = item.kept ?? this.read(item.segment, item.at, item.length);
    return { kind: 'frame', seq: item.seq, frame, readings: item.readings, fromMs: item.fromMs, toMs: item.toMs };
  }

  ackThrough(seq: number): number {
    const readings = this.index.ackThrough(seq);
    while (this.segments.length > 1 && this.segments[0]!.lastSeq <= seq) this.removeOldest();
    const active = this.segments[0]!;
    // All is acked: a fresh file before this one grows, so that a live link writes the same few kilobytes over and over.
    if (this.segments.length === 1 && active.lastSeq <= seq && active.bytes > this.segmentBytesMax / 4) {
      this.rotate();
      if (this.segments.length > 1) this.removeOldest();
    }
    return readings;
  }

  drop(seq: number): void {
    const hole = this.index.drop(seq);
    if (hole !== null) this.write(hole);
  }

  renumber(epoch: number): boolean {
    const { directory, outboxOnEpoch } = this.options;
    const { usedThrough } = this;
    const { readingsDropped } = this.index;
    try {
      this.copyTo(new FileOutbox({ ...this.options, directory: nextOf(directory), newEpoch: epoch }));
      outboxOnEpoch?.(epoch);
    } catch (error) {
      this.noteDisk(error);
      rmSync(nextOf(directory), { recursive: true, force: true });
      return false;
    }
    this.letGo();
    try {
      renameSync(directory, oldOf(directory));
    } catch (error) {
      this.noteDisk(error);
    }
    this.open();
    this.index.readingsDropped += readingsDropped;
    this.usedThrough = this.epoch === epoch ? 0 : usedThrough;
    return this.epoch === epoch;
  }

  counts(): OutboxCounts {
    return {
      frames: this.index.count(),
      bytes: this.bytes + this.index.keptBytes,
      readingsDropped: this.index.readingsDropped,
    };
  }

  close(): void {
    if (this.file === -1) return;
    this.write({ kind: 'closed', nextSeq: this.index.nextSeq });
    this.sync();
    this.letGo();
  }

  private open(): void {
    this.letGo();
    settleDirectory(this.options.directory);
    mkdirSync(this.options.directory, { recursive: true, mode: 0o700 });
    this.segments = [];
    this.bytes = 0;
    const { epoch, loaded } = this.load();
    this.epoch = epoch;
    this.index = loaded.index;
    this.openForAppend(loaded);
    this.usedThrough = this.index.nextSeq - 1;
  }

  private letGo(): void {
    if (this.file !== -1) closeSync(this.file);
    this.file = -1;
    this.forgetReadFile();
  }

  /** All that is held, under the other's numbers. */
  private copyTo(other: FileOutbox): void {
    let seq = 0;
    for (let item = this.itemAfter(seq); item !== null; item = this.itemAfter(seq)) {
      seq = item.kind === 'frame' ? item.seq : item.toSeq;
      const frame = item.kind === 'frame' ? renumberFrame(item.frame, other.nextSeq()) : null;
      if (item.kind === 'frame' && frame !== null) other.append(frame, item);
      else if (item.kind === 'frame') other.addHole(makeFrameHole(item, 'corrupt'));
      // Not a loss, but what was acked in this epoch.
      else if (item.reason !== 'acked-elsewhere') other.addHole(item);
    }
    other.close();
    if (other.refusals > 0) throw new Error('no room to write it anew');
  }

  private addHole(hole: OutboxHole): void {
    const moved = moveHole(hole, this.index.nextSeq);
    this.index.takeHole(moved);
    this.segments.at(-1)!.lastSeq = moved.toSeq;
    this.write(moved);
  }

  private load(): { epoch: number; loaded: LoadedOutbox } {
    const names = readdirSync(this.options.directory)
      .filter((name) => /^outbox-\d{16}\.seg$/.test(name))
      .sort();
    const scans: { segment: number; scan: NonNullable<ReturnType<typeof scanSegment>>; bytes: number }[] = [];
    for (const name of names) {
      const path = join(this.options.directory, name);
      const bytes = readFileSync(path);
      const scan = scanSegment(bytes, crc32);
      if (scan === null) {
        this.options.outboxOnNote?.(`${name} is no outbox segment any more: left out`);
        rmSync(path);
        continue;
      }
      scans.push({ segment: Number(name.slice(7, 23)), scan, bytes: scan.keepBytes });
    }
    const epoch = scans.at(-1)?.scan.header.epoch ?? this.options.newEpoch;
    const own = scans.filter(({ scan }) => scan.header.epoch === epoch);
    for (const { segment, scan, bytes } of own) {
      const path = this.pathOf(segment);
      const last = scan.records.reduce((seq, { record }) => (record.kind === 'frame' ? record.seq : seq), 0);
      this.segments.push({ id: segment, path, bytes, lastSeq: Math.max(last, scan.header.firstSeq - 1) });
      this.bytes += bytes;
    }
    const loaded = loadIndex(own);
    if (loaded.damagedBytes > 0) this.options.outboxOnNote?.(`${loaded.damagedBytes} damaged bytes in the outbox`);
    return { epoch, loaded };
  }

  private openForAppend(loaded: LoadedOutbox): void {
    const last = this.segments.at(-1);
    if (last === undefined) this.addSegment();
    else {
      this.file = openSync(last.path, 'r+');
      // A record that was never finished was never sent: cut it off.
      ftruncateSync(this.file, last.bytes);
    }
    this.reservedThrough = loaded.reservedThrough;
    const { bootId } = this.options;
    const sameBoot = bootId !== '' && bootId === loaded.bootId;
    if (last !== undefined && !loaded.closed && !sameBoot) {
      // The machine went down: the page cache is gone, and numbers up to the reservation may have been used.
      const hole = this.index.addUnknown(loaded.reservedThrough, 0);
      if (hole !== null) {
        this.options.outboxOnNote?.('the machine stopped without warning: what was not on the disk yet is lost');
        this.write(hole);
      }
    }
    this.write({ kind: 'opened', bootId });
  }

  private pathOf(id: number): string {
    return join(this.options.directory, `outbox-${String(id).padStart(16, '0')}.seg`);
  }

  private addSegment(): void {
    const id = (this.segments.at(-1)?.id ?? 0) + 1;
    const path = this.pathOf(id);
    const file = openSync(path, 'w+', 0o600);
    try {
      writeSync(file, writeHeader({ epoch: this.epoch, firstSeq: this.index.nextSeq }, crc32));
    } catch (error) {
      closeSync(file);
      rmSync(path, { force: true });
      throw error;
    }
    this.segments.push({ id, path, bytes: headerBytes, lastSeq: this.index.nextSeq - 1 });
    this.bytes += headerBytes;
    this.file = file;
  }

  /** The next segment is there, and begins with what a start needs, before any older one may go. */
  private rotate(): void {
    const before = this.file;
    try {
      this.addSegment();
    } catch (error) {
      this.noteDisk(error);
      return;
    }
    fdatasyncSync(before);
    closeSync(before);
    this.forgetReadFile();
    this.write({ kind: 'opened', bootId: this.options.bootId });
    this.reserve(Math.max(this.reservedThrough, this.index.nextSeq + this.reserveSeqs - 1));
  }

  private reserve(throughSeq: number): void {
    this.reservedThrough = throughSeq;
    this.write({ kind: 'reserved', throughSeq });
    this.sync();
  }

  private sync(): void {
    try {
      fsyncSync(this.file);
    } catch (error) {
      this.noteDisk(error);
    }
  }

  /** False: the disk did not take it, and the file ends where it did before. */
  private write(record: OutboxRecord): boolean {
    const segment = this.segments.at(-1)!;
    const bytes = writeRecord(record, crc32);
    try {
      const count = writeSync(this.file, bytes, 0, bytes.length, segment.bytes);
      if (count !== bytes.length) throw new Error(`only ${count} of ${bytes.length} bytes were written`);
    } catch (error) {
      this.noteDisk(error);
      try {
        ftruncateSync(this.file, segment.bytes);
      } catch (again) {
        this.noteDisk(again);
      }
      return false;
    }
    segment.bytes += bytes.length;
    this.bytes += bytes.length;
    if (this.diskState === 'refusing') this.options.outboxOnNote?.('the disk takes the outbox again');
    this.diskState = 'ok';
    return true;
  }

  private read(segmentId: number, at: number, length: number): Uint8Array {
    const active = this.segments.at(-1)!;
    let { file } = this;
    if (segmentId !== active.id) {
      if (this.readFile.segment !== segmentId) {
        this.forgetReadFile();
        this.readFile = { segment: segmentId, file: openSync(this.pathOf(segmentId), 'r') };
      }
      file = this.readFile.file;
    }
    const frame = new Uint8Array(length);
    readSync(file, frame, 0, length, at);
    return frame;
  }

  private forgetReadFile(): void {
    if (this.readFile.file !== -1) closeSync(this.readFile.file);
    this.readFile = { segment: -1, file: -1 };
  }

  private dropOldest(): void {
    // First the word that it is gone, then its going.
    this.tellDropped(this.index.dropSegment(this.segments[0]!.id));
    this.removeOldest();
  }

  private tellDropped(hole: OutboxHole | null): void {
    if (hole !== null) this.write(hole);
  }

  private removeOldest(): void {
    const oldest = this.segments.shift()!;
    if (this.readFile.segment === oldest.id) this.forgetReadFile();
    this.bytes -= oldest.bytes;
    rmSync(oldest.path, { force: true });
  }

  private noteDisk(error: unknown): void {
    this.refusals += 1;
    if (this.diskState === 'refusing') return;
    this.diskState = 'refusing';
    const text = error instanceof Error ? error.message : String(error);
    this.options.outboxOnNote?.(`the disk does not take the outbox (${text}): kept in memory for now`);
  }
}

function nextOf(directory: string): string {
  return `${directory}.next`;
}

function oldOf(directory: string): string {
  return `${directory}.old`;
}

/** Ends a renumbering that was cut short: only a whole `next` ever sees the outbox's own name free. */
function settleDirectory(directory: string): void {
  if (!existsSync(directory) && existsSync(nextOf(directory))) renameSync(nextOf(directory), directory);
  for (const path of [nextOf(directory), oldOf(directory)]) rmSync(path, { recursive: true, force: true });
}
