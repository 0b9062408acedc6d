/**
 * The short way for what is nearly every WebSocket frame: a whole, unfragmented binary message, on a socket that `ws` owns.
 *
 * `ws` makes the handshake and keeps everything that is not such a frame: control frames, fragments, texts, frames that come in
 * pieces or are too long, and every error. Invariant: `ws` is handed whole frames, though perhaps in several pieces, so it always
 * stands between two frames when one is taken past it; nothing is taken past it inside a fragmented message, nor once it found an
 * error or a Close. Owns where in the byte stream the link is. Why: half of what a message of a thousand a second costs in this
 * process, before anybody looks into it, is a Writable's bookkeeping around it (`npm run bench -- live`).
 */
import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';

const finalBinary = 0x82;
const maskBit = 0x80;
/** Two bytes, a length of up to eight, four of the mask. */
const headerBytesMax = 14;
const opcode = { binary: 2, close: 8 } as const;

export interface FrameSink {
  /** Longer messages are left to `ws`. */
  readonly bytesMax: number;
  /** A whole message, unmasked in place. */
  take(message: Buffer): void;
  /** Bytes for `ws`. */
  handOver(bytes: Buffer): void;
}

export type TakeData = (this: Duplex, chunk: Buffer) => void;

/** Takes what `ws` listens to its stream with out of the way, for `FrameSink.handOver` to call; it is the same for all its sockets. */
export function takeListener(stream: Duplex): TakeData {
  const [wsOnData, ...others] = stream.listeners('data') as TakeData[];
  assert(wsOnData !== undefined && others.length === 0, 'ws listens to its stream otherwise than this file knows');
  stream.removeListener('data', wsOnData);
  return wsOnData;
}

/** Takes a client's bytes apart. */
export class FrameReader {
  private readonly sink: FrameSink;
  /** Bytes of the frame that `ws` is reading, which are still to come. */
  private rest = 0;
  /** A header that came in pieces, as far as it came; `ws` has it already. */
  private header: Buffer | null = null;
  private isFragmented = false;
  /** `ws` has a frame that may be wrong, and tells that only in the next tick: until then it gets all that follows. */
  private isDoubtful = false;
  /** The frame being handed over is a Close. */
  private isClosing = false;
  private isOver = false;

  constructor(sink: FrameSink) {
    this.sink = sink;
  }

  read(chunk: Buffer): void {
    let at = 0;
    // What was doubtful in the chunk before, ws has told by now.
    this.isDoubtful = this.rest > 0 && this.isDoubtful;
    while (at < chunk.length && !this.isOver) {
      const isBetween = this.rest === 0 && this.header === null && !this.isDoubtful;
      const end = isBetween ? this.takeWhole(chunk, at) : at;
      at = end === at ? this.passOn(chunk, at) : end;
    }
  }

  /** `ws` has found an error, or is done: nothing more is read. */
  stop(): void {
    this.isOver = true;
  }

  /** Where the frame that begins at `at` ends, if it is one for the short way and all there; else `at`. */
  private takeWhole(chunk: Buffer, at: number): number {
    if (chunk[at] !== finalBinary || this.isFragmented || at + 6 > chunk.length) return at;
    const short = chunk[at + 1]! - maskBit;
    if (short < 0 || short === 127) return at;
    const length = short === 126 ? chunk.readUInt16BE(at + 2) : short;
    const mask = at + (short === 126 ? 4 : 2);
    const start = mask + 4;
    const end = start + length;
    if (end > chunk.length || length > this.sink.bytesMax || (short === 126 && length < 126)) return at;
    unmask(chunk, { mask, start, end });
    this.sink.take(chunk.subarray(start, end));
    return end;
  }

  /** Hands `ws` what there is of the frame that `at` lies in; returns where that ends. */
  private passOn(chunk: Buffer, at: number): number {
    let end = chunk.length;
    if (this.rest > 0) end = Math.min(end, at + this.rest);
    else {
      const known = this.header?.length ?? 0;
      const piece = chunk.subarray(at, Math.min(end, at + headerBytesMax - known));
      const header = this.header === null ? piece : Buffer.concat([this.header, piece]);
      const length = measureFrame(header);
      // A copy: the chunk is the socket's.
      this.header = length === null ? Buffer.from(header) : null;
      if (length !== null) {
        this.noteFrame(header, length);
        end = Math.min(end, at + length - known);
        this.rest = length - known;
      }
    }
    if (this.rest > 0) this.rest -= end - at;
    this.sink.handOver(chunk.subarray(at, end));
    if (this.isClosing && this.rest === 0 && this.header === null) this.isOver = true;
    return end;
  }

  private noteFrame(header: Buffer, length: number): void {
    const first = header[0]!;
    const kind = first & 15;
    // A whole message within the bound that only came in pieces is never wrong.
    const isSound =
      first === finalBinary && !this.isFragmented && header[1]! >= maskBit && length <= this.sink.bytesMax;
    if (!isSound) this.isDoubtful = true;
    if (kind === opcode.close) this.isClosing = true;
    // A continuation, 0, ends a fragmented message or does not; control frames may come in between.
    else if (kind <= opcode.binary) this.isFragmented = (first & 0x80) === 0;
  }
}

/** Header and payload together; null while the header is not all there. */
function measureFrame(header: Buffer): number | null {
  if (header.length < 2) return null;
  const short = header[1]! & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const maskBytes = header[1]! & maskBit ? 4 : 0;
  if (header.length < 2 + lengthBytes + maskBytes) return null;
  const payload = short === 126 ? header.readUInt16BE(2) : short === 127 ? Number(header.readBigUInt64BE(2)) : short;
  return 2 + lengthBytes + maskBytes + payload;
}

function unmask(bytes: Buffer, { mask, start, end }: { mask: number; start: number; end: number }): void {
  const a = bytes[mask]!;
  const b = bytes[mask + 1]!;
  const c = bytes[mask + 2]!;
  const d = bytes[mask + 3]!;
  let at = start;
  for (; at + 3 < end; at += 4) {
    bytes[at]! ^= a;
    bytes[at + 1]! ^= b;
    bytes[at + 2]! ^= c;
    bytes[at + 3]! ^= d;
  }
  if (at < end) bytes[at]! ^= a;
  if (at + 1 < end) bytes[at + 1]! ^= b;
  if (at + 2 < end) bytes[at + 2]! ^= c;
}

/** A server's binary message as it goes over the wire, in one piece: written as it is, and to as many sockets as want it. */
export function wrapMessage(message: Uint8Array): Buffer {
  const { length } = message;
  const headerBytes = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame[0] = finalBinary;
  if (length < 126) frame[1] = length;
  else if (length < 65_536) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.set(message, headerBytes);
  return frame;
}
