/**
 * The bytes of an outbox segment on disk: a header, then records that each carry their length and CRC-32.
 *
 * Owns nothing; the CRC is an argument. Invariant: what `scanSegment` answers was written whole, or it says how many bytes at
 * the end are torn and where records are damaged. Never throws, whatever the bytes.
 */
import type { SkipReason } from '@lapwing/protocol';

export type Crc32 = (bytes: Uint8Array) => number;

export interface SegmentHeader {
  readonly epoch: number;
  /** No sequence number below this is in the segment. */
  readonly firstSeq: number;
}

export type OutboxRecord =
  | {
      readonly kind: 'frame';
      readonly seq: number;
      readonly fromMs: number;
      readonly toMs: number;
      readonly readings: number;
      readonly frame: Uint8Array;
    }
  | {
      readonly kind: 'hole';
      readonly fromSeq: number;
      readonly toSeq: number;
      readonly reason: SkipReason;
      readonly fromMs: number;
      readonly toMs: number;
      readonly readings: number;
    }
  /** Sequence numbers up to this may have been used, even if no record of them is found. */
  | { readonly kind: 'reserved'; readonly throughSeq: number }
  /** A process opened the outbox while the machine ran under this boot id ('' unknown). */
  | { readonly kind: 'opened'; readonly bootId: string }
  /** A process closed it in order: nothing is missing behind the records before this. */
  | { readonly kind: 'closed'; readonly nextSeq: number };

export interface ScannedRecord {
  readonly record: OutboxRecord;
  /** Of the frame's bytes in the file, for records of kind frame. */
  readonly frameAt: number;
  readonly endAt: number;
}

export interface SegmentScan {
  readonly header: SegmentHeader;
  readonly records: readonly ScannedRecord[];
  /** Length of the file up to which it can be kept; bytes behind that are a record that was never finished. */
  readonly keepBytes: number;
  /** Bytes in whole or between records whose CRC is wrong. */
  readonly damagedBytes: number;
  /** The last whole record is damaged, so a sequence number behind the good ones may have been used. */
  readonly damagedTail: boolean;
}

export const headerBytes = 25;
const magic = 0x424f574c;
const formatVersion = 1;
const recordHeadBytes = 8;
const frameHeadBytes = 29;
const bodyBytesMax = 1 << 20;
const reasons: readonly SkipReason[] = ['overflow', 'acked-elsewhere', 'corrupt', 'dropped'];

export function writeHeader(header: SegmentHeader, crc32: Crc32): Uint8Array {
  const bytes = new Uint8Array(headerBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic, true);
  view.setUint8(4, formatVersion);
  view.setFloat64(5, header.epoch, true);
  view.setFloat64(13, header.firstSeq, true);
  view.setUint32(21, crc32(bytes.subarray(0, 21)), true);
  return bytes;
}

export function writeRecord(record: OutboxRecord, crc32: Crc32): Uint8Array {
  const body = writeBody(record);
  const bytes = new Uint8Array(recordHeadBytes + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length, true);
  view.setUint32(4, crc32(body), true);
  bytes.set(body, recordHeadBytes);
  return bytes;
}

function writeBody(record: OutboxRecord): Uint8Array {
  switch (record.kind) {
    case 'frame': {
      const body = new Uint8Array(frameHeadBytes + record.frame.length);
      const view = new DataView(body.buffer);
      body[0] = 1;
      view.setFloat64(1, record.seq, true);
      view.setFloat64(9, record.fromMs, true);
      view.setFloat64(17, record.toMs, true);
      view.setUint32(25, record.readings, true);
      body.set(record.frame, frameHeadBytes);
      return body;
    }
    case 'hole': {
      const body = new Uint8Array(42);
      const view = new DataView(body.buffer);
      body[0] = 2;
      view.setFloat64(1, record.fromSeq, true);
      view.setFloat64(9, record.toSeq, true);
      view.setFloat64(17, record.fromMs, true);
      view.setFloat64(25, record.toMs, true);
      view.setFloat64(33, record.readings, true);
      body[41] = reasons.indexOf(record.reason);
      return body;
    }
    case 'reserved':
      return writeNumberBody(3, record.throughSeq);
    case 'closed':
      return writeNumberBody(5, record.nextSeq);
    case 'opened': {
      // A boot id is ASCII.
      const body = new Uint8Array(1 + record.bootId.length);
      body[0] = 4;
      for (let i = 0; i < record.bootId.length; i++) body[i + 1] = record.bootId.charCodeAt(i);
      return body;
    }
  }
}

function writeNumberBody(kind: number, value: number): Uint8Array {
  const body = new Uint8Array(9);
  body[0] = kind;
  new DataView(body.buffer).setFloat64(1, value, true);
  return body;
}

/** Null when the bytes do not begin with a whole, undamaged header of this format. */
export function scanSegment(bytes: Uint8Array, crc32: Crc32): SegmentScan | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerBytes || view.getUint32(0, true) !== magic || bytes[4] !== formatVersion) return null;
  if (view.getUint32(21, true) !== crc32(bytes.subarray(0, 21))) return null;
  const header = { epoch: view.getFloat64(5, true), firstSeq: view.getFloat64(13, true) };
  const records: ScannedRecord[] = [];
  let at = headerBytes;
  let damagedBytes = 0;
  let damagedTail = false;
  while (at < bytes.length) {
    const read = readRecord(view, at, crc32);
    if (read !== 'torn' && read !== 'damaged') {
      records.push(read);
      at = read.endAt;
      damagedTail = false;
      continue;
    }
    // A length may itself be damaged, so what follows is searched for byte by byte: a CRC finds it.
    const next = findRecord(view, at + 1, crc32);
    if (next === -1) {
      if (read === 'torn') break;
      damagedTail = true;
      damagedBytes += bytes.length - at;
      at = bytes.length;
      break;
    }
    damagedBytes += next - at;
    at = next;
  }
  return { header, records, keepBytes: at, damagedBytes, damagedTail };
}

function findRecord(view: DataView, fromAt: number, crc32: Crc32): number {
  for (let at = fromAt; at + recordHeadBytes < view.byteLength; at++) {
    const read = readRecord(view, at, crc32);
    if (read !== 'torn' && read !== 'damaged') return at;
  }
  return -1;
}

function readRecord(view: DataView, at: number, crc32: Crc32): ScannedRecord | 'torn' | 'damaged' {
  if (at + recordHeadBytes > view.byteLength) return 'torn';
  const length = view.getUint32(at, true);
  const endAt = at + recordHeadBytes + length;
  if (length === 0 || length > bodyBytesMax) return length === 0 ? 'damaged' : 'torn';
  if (endAt > view.byteLength) return 'torn';
  const body = new Uint8Array(view.buffer, view.byteOffset + at + recordHeadBytes, length);
  if (crc32(body) !== view.getUint32(at + 4, true)) return 'damaged';
  const record = readBody(body);
  return record === null ? 'damaged' : { record, frameAt: at + recordHeadBytes + frameHeadBytes, endAt };
}

function readBody(body: Uint8Array): OutboxRecord | null {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  switch (body[0]) {
    case 1:
      if (body.length <= frameHeadBytes) return null;
      return {
        kind: 'frame',
        seq: view.getFloat64(1, true),
        fromMs: view.getFloat64(9, true),
        toMs: view.getFloat64(17, true),
        readings: view.getUint32(25, true),
        frame: body.subarray(frameHeadBytes),
      };
    case 2: {
      const reason = reasons[body[41] ?? 0];
      if (body.length !== 42 || reason === undefined) return null;
      return {
        kind: 'hole',
        fromSeq: view.getFloat64(1, true),
        toSeq: view.getFloat64(9, true),
        fromMs: view.getFloat64(17, true),
        toMs: view.getFloat64(25, true),
        readings: view.getFloat64(33, true),
        reason,
      };
    }
    case 3:
      return body.length === 9 ? { kind: 'reserved', throughSeq: view.getFloat64(1, true) } : null;
    case 4:
      return { kind: 'opened', bootId: String.fromCharCode(...body.subarray(1, 129)) };
    case 5:
      return body.length === 9 ? { kind: 'closed', nextSeq: view.getFloat64(1, true) } : null;
    default:
      return null;
  }
}
