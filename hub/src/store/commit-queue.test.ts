import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Receipt, StoreChange, StreamKey } from '../core/ports.ts';
import { CommitQueue } from './commit-queue.ts';
import { GroupCursor } from './group.ts';

type Sent = { id: number; bytes: Uint8Array<ArrayBuffer>; frames: number; changes: StoreChange[] };
const one = 1 as StreamKey;
const two = 2 as StreamKey;
const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });

function makeQueue(options: { commitIntervalMs?: number; pendingBytesMax?: number } = {}) {
  const sent: Sent[] = [];
  const receipts: Receipt[] = [];
  const abandoned: StreamKey[][] = [];
  const pressures: string[] = [];
  const queue = new CommitQueue({
    commitIntervalMs: 0,
    pendingBytesMax: 1e6,
    ...options,
    // As postMessage with a transfer does: the sender keeps nothing.
    send: (group) =>
      void sent.push({ ...group, bytes: structuredClone(group.bytes, { transfer: [group.bytes.buffer] }) }),
    listener: {
      storeOnCommitted: (receipt) => void receipts.push(receipt),
      storeOnAbandoned: (streams) => void abandoned.push([...streams]),
      storeOnPressure: (pressure) => void pressures.push(pressure),
      storeOnState: () => undefined,
    },
  });
  const append = (stream: StreamKey, seq: number, bytes = 10) =>
    queue.append({ stream, seq, arrivedMs: seq, frame: new Uint8Array(bytes).fill(seq) });
  return { queue, sent, receipts, abandoned, pressures, append };
}

function userChange(name: string): StoreChange {
  return { kind: 'user', user: { name, passwordHash: '', createdMs: 0 } };
}

function listEntries(bytes: Uint8Array): [number, number, number][] {
  const cursor = new GroupCursor().open(bytes);
  const entries: [number, number, number][] = [];
  while (cursor.next()) entries.push([cursor.stream, cursor.seq, cursor.frame()[0]!]);
  return entries;
}

test('one group is in flight; what comes meanwhile goes together', async () => {
  const { queue, sent, receipts, append } = makeQueue();
  append(one, 1);
  append(two, 1);
  expect(sent).toEqual([]);
  await nextTurn();
  append(one, 2);
  append(one, 3);
  append(two, 2);
  await nextTurn();
  expect(sent.map(({ bytes }) => listEntries(bytes))).toEqual([
    [
      [1, 1, 1],
      [2, 1, 1],
    ],
  ]);
  queue.writerOnCommitted(sent[0]!.id, null);
  await nextTurn();
  expect(listEntries(sent[1]!.bytes)).toEqual([
    [1, 2, 2],
    [1, 3, 3],
    [2, 2, 2],
  ]);
  queue.writerOnCommitted(sent[1]!.id, null);
  expect(receipts).toEqual([
    { streams: [1, 2], seqs: [1, 1] },
    { streams: [1, 2], seqs: [3, 2] },
  ]);
});

test('a buffer that comes back is used again, and its old bytes do not show', async () => {
  const { queue, sent, append } = makeQueue();
  append(one, 1, 5000);
  await nextTurn();
  append(one, 2);
  queue.writerOnCommitted(sent[0]!.id, sent[0]!.bytes.buffer);
  await nextTurn();
  queue.writerOnCommitted(sent[1]!.id, null);
  append(one, 3);
  await nextTurn();
  append(one, 4);
  queue.writerOnCommitted(sent[2]!.id, null);
  await nextTurn();
  expect(listEntries(sent[3]!.bytes)).toEqual([[1, 4, 4]]);
});

test('a failed group takes everything behind it along, but for the changes nobody waits for', async () => {
  const { queue, sent, abandoned, append } = makeQueue();
  queue.change(userChange('a'));
  const refused = queue.commitChange(userChange('b'));
  append(one, 1);
  await nextTurn();
  queue.change(userChange('c'));
  append(two, 7);
  const settled = queue.settle();
  queue.writerOnFailed(sent[0]!.id, full);
  await settled;
  await expect(refused).rejects.toMatchObject({ cause: { code: 'SQLITE_FULL' } });
  expect(abandoned).toEqual([[1, 2]]);
  expect(append(one, 1)).toBe(false);
  queue.change(userChange('d'));
  await expect(queue.commitChange(userChange('e'))).rejects.toThrow(/unavailable/);
  await nextTurn();
  expect(sent).toHaveLength(1);
  queue.writerOnOk();
  expect(append(one, 1)).toBe(true);
  await nextTurn();
  expect(sent[1]!.changes).toEqual([userChange('a'), userChange('c'), userChange('d')]);
  expect(listEntries(sent[1]!.bytes)).toEqual([[1, 1, 1]]);
});

test('when the writer fails between groups, the one in flight is abandoned with its own answer', async () => {
  const { queue, sent, abandoned, append } = makeQueue();
  append(one, 1);
  await nextTurn();
  append(two, 1);
  queue.writerOnUnavailable(full);
  expect(abandoned).toEqual([[2]]);
  queue.writerOnFailed(sent[0]!.id, full);
  expect(abandoned).toEqual([[2], [1]]);
  queue.writerOnOk();
  append(one, 1);
  await nextTurn();
  expect(listEntries(sent[1]!.bytes)).toEqual([[1, 1, 1]]);
});

test('pressure is told once each way, by bytes that wait', async () => {
  const { queue, sent, pressures, append } = makeQueue({ pendingBytesMax: 1000 });
  append(one, 1, 600);
  await nextTurn();
  append(one, 2, 600);
  append(one, 3, 600);
  expect(pressures).toEqual([]);
  await nextTurn();
  expect(pressures).toEqual(['high']);
  queue.writerOnCommitted(sent[0]!.id, null);
  await nextTurn();
  expect(pressures).toEqual(['high']);
  queue.writerOnCommitted(sent[1]!.id, null);
  await nextTurn();
  expect(pressures).toEqual(['high', 'normal']);
});

test('a group is closed before it grows past a mebibyte', async () => {
  const { queue, sent, append } = makeQueue({ pendingBytesMax: 1e9 });
  for (let seq = 1; seq <= 40; seq++) append(one, seq, 60_000);
  for (let group = 0; group < 3; group++) {
    await nextTurn();
    expect(sent[group]!.bytes.length).toBeLessThan(2 ** 20 + 100);
    queue.writerOnCommitted(sent[group]!.id, null);
  }
  expect(sent.flatMap(({ bytes }) => listEntries(bytes)).map(([, seq]) => seq)).toEqual(
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
});
