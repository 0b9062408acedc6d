/**
 * What of a block is of which stream, where blocks of successive epochs of a device were joined into one.
 *
 * Parts stand in the order of their rows, which is that of (stream, seq); the block belongs to the stream of the last one. A block of
 * one stream names none. They are part of the block's facts, under its checksum. No state.
 */
import type { ByteSink, ByteSource } from './byte-sink.ts';

export interface BlockPart {
  readonly stream: number;
  readonly seqFrom: number;
  readonly seqTo: number;
  readonly rows: number;
  readonly readings: number;
  readonly late: number;
  readonly backfilled: number;
}

/** Parts of blocks that become one, in their order: neighbours of one stream are one part, and a single part is none. */
export function joinParts(list: readonly BlockPart[]): BlockPart[] {
  const joined: BlockPart[] = [];
  for (const part of list) {
    const last = joined.at(-1);
    if (last?.stream === part.stream) joined[joined.length - 1] = addPart(last, part);
    else joined.push(part);
  }
  return joined.length > 1 ? joined : [];
}

function addPart(a: BlockPart, b: BlockPart): BlockPart {
  return {
    stream: a.stream,
    seqFrom: a.seqFrom,
    seqTo: b.seqTo,
    rows: a.rows + b.rows,
    readings: a.readings + b.readings,
    late: a.late + b.late,
    backfilled: a.backfilled + b.backfilled,
  };
}

/** Streams rise, and are told as steps. */
export function putParts(sink: ByteSink, parts: readonly BlockPart[]): void {
  sink.putUnsigned(parts.length);
  let before = 0;
  for (const { stream, seqFrom, seqTo, rows, readings, late, backfilled } of parts) {
    for (const number of [stream - before, seqFrom, seqTo - seqFrom, rows, readings, late, backfilled]) {
      sink.putUnsigned(number);
    }
    before = stream;
  }
}

export function takeParts(source: ByteSource): BlockPart[] {
  let stream = 0;
  return Array.from({ length: source.takeUnsigned() }, () => {
    stream += source.takeUnsigned();
    const seqFrom = source.takeUnsigned();
    const seqTo = seqFrom + source.takeUnsigned();
    const [rows, readings] = [source.takeUnsigned(), source.takeUnsigned()];
    return { stream, seqFrom, seqTo, rows, readings, late: source.takeUnsigned(), backfilled: source.takeUnsigned() };
  });
}
