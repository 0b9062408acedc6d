import { encodeMessage, makeNumberColumn, peekBatchRows } from '@lapwing/protocol';
import { expect, test } from 'vitest';
import { type HeadMemory, StreamHead } from './heads.ts';

function makeFrame(seq: number, rows: readonly number[]): Uint8Array {
  return encodeMessage({
    type: 'batch',
    seq,
    ackNow: false,
    backfill: false,
    times: Float64Array.from(rows, (row) => row * 1000),
    columns: [
      makeNumberColumn(0, rows),
      makeNumberColumn(
        1,
        rows,
        Uint8Array.from(rows, (row) => (row === rows[0] ? 1 : row % 2)),
      ),
      { metric: 2, encoding: 'text', present: null, values: rows.map((row) => `at ${row}`) },
    ],
  });
}

function makeHead(): { head: StreamHead; memory: HeadMemory } {
  const memory = { bytes: 0 };
  const stream = { key: 1, device: 1, table: [5, 6, 7], sealedSeq: 0, arrivedMs: Number.NaN };
  return { head: new StreamHead(stream, memory), memory };
}

/** Inside a longer run of bytes, as a group has it. */
function hold(head: StreamHead, frame: Uint8Array, arrivedMs: number): void {
  const bytes = new Uint8Array(frame.length + 9);
  bytes.set(frame, 4);
  head.hold(bytes, { start: 4, end: 4 + frame.length }, arrivedMs);
}

function readAll(head: StreamHead): unknown {
  const columns = [...head.columns()].map(({ metric, column }) => ({
    metric,
    values: column.isText ? [...column.texts] : [...column.numbers.subarray(0, column.count)],
    rowOf: column.rowOf === null ? null : [...column.rowOf.subarray(0, column.count)],
  }));
  const { rows, seqFirst, counts } = head;
  return { columns, rows, seqFirst, counts, times: [...head.times.subarray(0, rows)] };
}

const batches = Array.from({ length: 40 }, (_, i) => Array.from({ length: (i % 5) + 1 }, (_, row) => 10 * i + row));

test('what was held comes out the same, whenever it is looked at', () => {
  const late = makeHead();
  const often = makeHead();
  batches.forEach((rows, i) => {
    for (const { head } of [late, often]) hold(head, makeFrame(i + 300, rows), i);
    if (i % 7 === 0) often.head.settle();
  });
  expect(late.head.rows).toBe(batches.flat().length);
  expect(readAll(late.head)).toEqual(readAll(often.head));
  expect([...late.head.times.subarray(0, late.head.rows)]).toEqual(batches.flat().map((row) => row * 1000));
  expect(late.head).toMatchObject({ seqFirst: 300, rows: 120 });
});

test('memory is counted, held and settled, and all of it goes', () => {
  const { head, memory } = makeHead();
  batches.forEach((rows, i) => void hold(head, makeFrame(i + 1, rows), i));
  expect(memory.bytes).toBe(head.bytes);
  const heldBytes = memory.bytes;
  expect(heldBytes).toBeGreaterThan(1000);
  head.settle();
  expect(memory.bytes).toBe(head.bytes);
  expect(memory.bytes).toBeGreaterThan(heldBytes / 2);
  head.clear();
  expect(memory.bytes).toBe(0);
  expect(head).toMatchObject({ rows: 0, bytes: 0 });
});

test('a frame that cannot be read is left out, its neighbours are not', () => {
  const { head } = makeHead();
  hold(head, makeFrame(1, [1]), 1);
  hold(head, makeFrame(2, [2, 3]).subarray(0, 12), 2);
  hold(head, makeFrame(3, [4]), 3);
  head.settle();
  expect(head.rows).toBe(2);
  expect([...head.times.subarray(0, 2)]).toEqual([1000, 4000]);
});

test('rows are peeked behind sequence numbers of any length', () => {
  for (const seq of [1, 127, 128, 20_000, 2 ** 40]) {
    for (const rows of [1, 127, 200]) {
      const frame = makeFrame(
        seq,
        Array.from({ length: rows }, (_, row) => row),
      );
      expect(peekBatchRows(frame, 0)).toBe(rows);
    }
  }
  expect(peekBatchRows(Uint8Array.of(1, 0, 0x80), 0)).toBe(0);
});
