/** What only shows below the threads: a commit of unknown outcome, and a misuse that must end the process. */
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GroupBuilder } from '../../src/store/group.ts';
import { Ledger } from '../../src/store/ledger.ts';
import { deviceChanges, makeDirectory, stream } from './store-bench.ts';
import { encodeBatch } from './store-model.ts';

let directory = '';
const ledgers: Ledger[] = [];

function openLedger(): Ledger {
  const ledger = new Ledger({
    file: join(directory, 'lapwing.db'),
    sealRowsMax: 100,
    logBytesMax: 1e6,
    headBytesMax: 1e6,
    checkpointBytes: 1e6,
    pagesMax: undefined,
  });
  ledgers.push(ledger);
  return ledger;
}

function commit(ledger: Ledger, seqs: readonly number[]): void {
  const group = new GroupBuilder(new Uint8Array(10));
  for (const seq of seqs) {
    const columns = [{ metric: 0, cells: [seq] }];
    const frame = encodeBatch({ stream, seq, arrivedMs: 1, times: [seq], columns }, (metric) => metric);
    group.append({ stream, seq, arrivedMs: 1, frame });
  }
  const bytes = group.finish();
  ledger.commit({ bytes, frames: group.frames, changes: deviceChanges });
  ledger.decode(bytes);
}

beforeEach(() => {
  directory = makeDirectory();
});
afterEach(() => {
  for (const ledger of ledgers.splice(0)) ledger.close();
  rmSync(directory, { recursive: true });
});

test('a group told as abandoned that is in the file after all may be sent again, and counts once', () => {
  const before = openLedger();
  commit(before, [1, 2]);
  // What a failed fsync may leave: a commit that `before` knows nothing of.
  commit(openLedger(), [3, 4]);
  const reopened = openLedger();
  reopened.allowResending(before);
  commit(reopened, [3, 4, 5]);
  const head = reopened.heads.get(stream)!;
  expect(head).toMatchObject({ rows: 5, committedSeq: 5, decodedSeq: 5 });
  expect([...head.times.subarray(0, 5)]).toEqual([1, 2, 3, 4, 5]);
  expect(openLedger().heads.get(stream)).toMatchObject({ rows: 5, committedSeq: 5 });
});

test('a sequence number that does not rise is a mistake of the hub, and nothing of its group is stored', () => {
  const ledger = openLedger();
  commit(ledger, [1, 2]);
  expect(() => commit(ledger, [3, 2])).toThrow('stream 1: 2 after 3');
  expect(openLedger().heads.get(stream)).toMatchObject({ rows: 2, committedSeq: 2 });
  commit(ledger, [3]);
  expect(ledger.heads.get(stream)).toMatchObject({ rows: 3, committedSeq: 3 });
});

test('however much of one stream a group holds, no head grows longer than two blocks', () => {
  const ledger = openLedger();
  commit(
    ledger,
    Array.from({ length: 1_050 }, (_, i) => i + 1),
  );
  expect(ledger.heads.get(stream)).toMatchObject({ rows: 50, committedSeq: 1_050 });
});

test('frames out of order of time and with the hub’s clock set back keep their arrival', () => {
  const group = new GroupBuilder(new Uint8Array(10));
  const ledger = openLedger();
  commit(ledger, []);
  for (const [i, arrivedMs] of [1e12, 5, 1e12 + 1, -3].entries()) {
    const columns = [{ metric: 0, cells: [1] }];
    const frame = encodeBatch({ stream, seq: i + 1, arrivedMs, times: [9 - i], columns }, (metric) => metric);
    group.append({ stream, seq: i + 1, arrivedMs, frame });
  }
  const bytes = group.finish();
  ledger.commit({ bytes, frames: 4, changes: [] });
  ledger.decode(bytes);
  expect([...openLedger().heads.get(stream)!.arrivals.subarray(0, 4)]).toEqual([1e12, 5, 1e12 + 1, -3]);
});

/** One batch a commit, of `rows` rows each. */
function commitRows(ledger: Ledger, seqs: { from: number; to: number; rows: number }): void {
  for (let seq = seqs.from; seq <= seqs.to; seq++) {
    const group = new GroupBuilder(new Uint8Array(10));
    const times = Array.from({ length: seqs.rows }, (_, row) => seq * 1000 + row);
    const columns = [{ metric: 0, cells: times.map((time) => Math.sin(time) * 1e6) }];
    const frame = encodeBatch({ stream, seq, arrivedMs: 1, times, columns }, (metric) => metric);
    group.append({ stream, seq, arrivedMs: 1, frame });
    const bytes = group.finish();
    ledger.commit({ bytes, frames: 1, changes: seq === 1 ? deviceChanges : [] });
    ledger.decode(bytes);
  }
}

function maintainAll(ledger: Ledger): void {
  while (ledger.maintain(performance.now()));
}

test('a large group is pressed in the log, and read back as it was', () => {
  const ledger = openLedger();
  const group = new GroupBuilder(new Uint8Array(10));
  for (let seq = 1; seq <= 80; seq++) {
    const columns = [{ metric: 0, cells: [seq] }];
    const frame = encodeBatch({ stream, seq, arrivedMs: seq, times: [seq], columns }, (metric) => metric);
    group.append({ stream, seq, arrivedMs: seq, frame });
  }
  const bytes = group.finish();
  ledger.commit({ bytes, frames: 80, changes: deviceChanges });
  expect(ledger.log.storedBytes).toBeLessThan(bytes.length * 0.8);
  const again = openLedger();
  expect(again.log).toMatchObject({ groupBytes: bytes.length, storedBytes: ledger.log.storedBytes });
  expect([...again.heads.get(stream)!.times.subarray(0, 80)]).toEqual(Array.from({ length: 80 }, (_, i) => i + 1));
});

test('when nothing comes the log is sealed and trimmed, unless its streams have too few rows for a block', () => {
  const ledger = openLedger();
  commitRows(ledger, { from: 1, to: 4, rows: 20 });
  ledger.noteQuiet();
  maintainAll(ledger);
  expect(ledger.log.groupBytes, 'a small log stays').toBeGreaterThan(0);
  commitRows(ledger, { from: 5, to: 300, rows: 60 });
  const unsealed = ledger.heads.get(stream)!.rows;
  expect(unsealed).toBeGreaterThan(0);
  ledger.noteQuiet();
  maintainAll(ledger);
  expect(ledger.heads.get(stream)!.rows).toBe(0);
  expect(ledger.log).toMatchObject({ groupBytes: 0, storedBytes: 0 });
  commitRows(ledger, { from: 301, to: 301, rows: 60 });
  expect(openLedger().heads.get(stream)).toMatchObject({ committedSeq: 301, rows: 60 });
});

test('what comes after a quiet time ends the sealing of the log', () => {
  const ledger = openLedger();
  commitRows(ledger, { from: 1, to: 301, rows: 60 });
  ledger.noteQuiet();
  commitRows(ledger, { from: 302, to: 302, rows: 60 });
  maintainAll(ledger);
  expect(ledger.log.groupBytes).toBeGreaterThan(0);
});

test('a clean stop leaves no log and no free pages behind', () => {
  const ledger = openLedger();
  commitRows(ledger, { from: 1, to: 400, rows: 60 });
  ledger.rest(performance.now() + 10_000);
  expect(ledger.log.groupBytes).toBe(0);
  expect(ledger.connection.pragma('freelist_count', { simple: true })).toBe(0);
  const logged = 400 * 60 * 8;
  ledger.close();
  ledgers.splice(0);
  expect(statSync(join(directory, 'lapwing.db')).size).toBeLessThan(logged * 2.2);
  expect(openLedger().heads.get(stream)).toMatchObject({ committedSeq: 400, rows: 0 });
});
