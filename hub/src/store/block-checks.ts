/**
 * Checksums that bind stored bytes to their place, so that a column can never pass for another.
 *
 * Every column blob opens with a CRC-32 of itself. On top of that a column's stats carry a checksum of (column id, block's range,
 * stats, data's checksum), and a block's row one of (key, place in the stream, range, rows, facts, checksums of times and
 * arrivals). Rows written before version 2 of the schema carry neither and are taken as they are. No state but scratch.
 */
import { crc32 } from 'node:zlib';

/** A flipped bit may turn a blob into text, a number or NULL: what the column's type says is not what the disk holds. */
export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

/** What a query takes from a block's row. */
export interface BlockPlace {
  readonly id: number;
  readonly stream: number;
  readonly seqFrom: number;
  readonly seqTo: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly rows: number;
}

const place = new DataView(new ArrayBuffer(56));
const placeBytes = new Uint8Array(place.buffer);
const crcBytes = 4;
const checkBytes = 2 * crcBytes + 1;
const statsBytesMin = 48;

function hashNumbers(numbers: readonly number[]): number {
  for (let i = 0; i < numbers.length; i++) place.setFloat64(i * 8, numbers[i]!, true);
  return crc32(placeBytes.subarray(0, numbers.length * 8));
}

/** u32 checksum of times, of arrivals, of all the rest and these two. */
export function makeBlockCheck(at: BlockPlace, blobs: { facts: Uint8Array; times: Uint8Array; arrivals: Uint8Array }) {
  const bytes = new Uint8Array(3 * crcBytes);
  bytes.set(blobs.times.subarray(0, crcBytes));
  bytes.set(blobs.arrivals.subarray(0, crcBytes), crcBytes);
  putBlockHash(bytes, hashBlock(at, blobs.facts, bytes));
  return bytes;
}

/** The same blobs at another place. */
export function moveBlockCheck(check: Uint8Array, at: BlockPlace, facts: Uint8Array): Uint8Array {
  const bytes = check.slice();
  putBlockHash(bytes, hashBlock(at, facts, bytes));
  return bytes;
}

export function isBlockWhole(check: Uint8Array, at: BlockPlace, facts: Uint8Array): boolean {
  if (!isBytes(check) || !isBytes(facts)) return false;
  const view = new DataView(check.buffer, check.byteOffset, check.byteLength);
  return check.length === 3 * crcBytes && view.getUint32(2 * crcBytes, true) === hashBlock(at, facts, check);
}

/** Whether a blob is the one that the check was made with; its own content is decodeColumn's to check. */
export function isBlobOf(check: Uint8Array, which: 'times' | 'arrivals', blob: Uint8Array): boolean {
  if (!isBytes(blob)) return false;
  const at = which === 'times' ? 0 : crcBytes;
  for (let i = 0; i < crcBytes; i++) if (check[at + i] !== blob[i]) return false;
  return true;
}

function hashBlock(at: BlockPlace, facts: Uint8Array, check: Uint8Array): number {
  const { id, stream, seqFrom, seqTo, minMs, maxMs, rows } = at;
  const numbers = hashNumbers([id, stream, seqFrom, seqTo, minMs, maxMs, rows]);
  return crc32(check.subarray(0, 2 * crcBytes), crc32(facts, numbers));
}
function putBlockHash(bytes: Uint8Array, hash: number): void {
  new DataView(bytes.buffer).setUint32(2 * crcBytes, hash, true);
}

/** Stats (whole doubles), the data's checksum, the checksum of both at their place, and one byte more: so the length tells it is there. */
export function addStatsCheck(at: ColumnPlace, stats: Uint8Array, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(stats.length + checkBytes);
  bytes.set(stats);
  bytes.set(data.subarray(0, crcBytes), stats.length);
  const hash = hashStats(at, bytes.subarray(0, stats.length + crcBytes));
  new DataView(bytes.buffer).setUint32(stats.length + crcBytes, hash, true);
  return bytes;
}

export interface ColumnPlace {
  readonly columnId: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** The plain stats, or null when they or their place are damaged. `data`: must be the column's as well. */
export function takeStats(at: ColumnPlace, bytes: Uint8Array, data?: Uint8Array): Uint8Array | null {
  if (!isBytes(bytes) || (data !== undefined && !isBytes(data))) return null;
  if (bytes.length % 8 === 0) return bytes.length >= statsBytesMin ? bytes : null;
  const length = bytes.length - checkBytes;
  if (length < 0 || bytes.length % 8 !== 1) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(length + crcBytes, true) !== hashStats(at, bytes.subarray(0, length + crcBytes))) return null;
  if (data !== undefined) {
    for (let i = 0; i < crcBytes; i++) if (data[i] !== bytes[length + i]) return null;
  }
  return bytes.subarray(0, length);
}

function hashStats({ columnId, minMs, maxMs }: ColumnPlace, bytes: Uint8Array): number {
  return crc32(bytes, hashNumbers([columnId, minMs, maxMs]));
}
