/**
 * What a frame is, without decoding it: for routing, counting and logs.
 *
 * No state. Nothing here says that a frame is well formed.
 */
import { frameType } from './messages.ts';

/** The frame's type byte; 0, which no message has, for an empty frame. */
export function peekFrameType(frame: Uint8Array): number {
  return frame[0] ?? 0;
}

/** Batch, Skipped and Event carry sequence numbers: they are stored, acked and resent (SPEC DL-1). */
export function isSequenced(type: number): boolean {
  return type === frameType.batch || type === frameType.skipped || type === frameType.event;
}

/** The sequence number of a sequenced frame (a Skipped's first), or 0 when it is none or breaks off before. */
export function readSequence(frame: Uint8Array): number {
  const type = peekFrameType(frame);
  if (!isSequenced(type)) return 0;
  let seq = 0;
  let scale = 1;
  const start = type === frameType.batch ? 2 : 1;
  for (let at = start; at < start + 8; at++) {
    const byte = frame[at];
    if (byte === undefined) return 0;
    seq += (byte & 0x7f) * scale;
    if (byte < 0x80) return seq <= Number.MAX_SAFE_INTEGER ? seq : 0;
    scale *= 0x80;
  }
  return 0;
}

/** Rows of the Batch frame that begins at `at`, which is known to be sound; 0 when it breaks off before. */
export function peekBatchRows(bytes: Uint8Array, at: number): number {
  let from = at + 2;
  // The sequence number.
  while ((bytes[from] ?? 0) >= 0x80) from++;
  let rows = 0;
  let scale = 1;
  for (from++; ; from++) {
    const byte = bytes[from];
    if (byte === undefined) return 0;
    rows += (byte & 0x7f) * scale;
    if (byte < 0x80) return rows;
    scale *= 0x80;
  }
}
