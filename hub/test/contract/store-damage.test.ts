/** Damage on the disk: whatever bit flips, no answer holds a value that was never stored, and intake goes on. */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import type { Store } from '../../src/core/ports.ts';
import { checkDatabase } from '../../src/store/check.ts';
import { answerHeadRequest } from '../../src/store/head-answer.ts';
import { answerHistory } from '../../src/store/history-query.ts';
import { Ledger } from '../../src/store/ledger.ts';
import { answerReadings } from '../../src/store/readings-query.ts';
import { Snapshots } from '../../src/store/snapshot.ts';
import { openStore } from '../../src/store/store.ts';
import { loadState } from '../../src/store/stored-state.ts';
import type { HeadRequest } from '../../src/store/worker-messages.ts';
import { device, makeDirectory, RecordingListener, StoreBench } from './store-bench.ts';

const rounds = Number(process.env.LAPWING_DAMAGE_ROUNDS ?? 200);
const rowsOfBlock = 70;
const seqs = 430;
const everything = { device, fromMs: 0, toMs: 1e9 };
const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** Not to be foretold by any coder, so that many of the file's bytes are readings. */
const stateAt = (seq: number): string => `state ${Math.imul(seq, 0x9e37_79b1) >>> 0}`;

/** Six blocks and a log with the rest, in one file without a WAL. */
async function makeStore(): Promise<string> {
  const bench = await StoreBench.open({ sealRowsMax: rowsOfBlock, logBytesMax: 3000 });
  directories.push(bench.directory);
  bench.addDevice();
  for (let seq = 1; seq <= seqs; seq++) {
    const columns = [
      { metric: 0, cells: [seq / 10] },
      { metric: 1, cells: [stateAt(seq)] },
    ];
    bench.append({ seq, columns });
    // Half a block at a time, so that each is full when a commit ends.
    if (seq % (rowsOfBlock / 2) === 0) await bench.listener.until(() => bench.listener.seqOf(1 as never) === seq);
  }
  await bench.store.close();
  const database = new Database(join(bench.directory, 'lapwing.db'));
  // No pages of no use, where a flipped bit would prove nothing.
  database.exec('VACUUM');
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
  return bench.directory;
}

function copyStore(from: string): string {
  const to = makeDirectory();
  directories.push(to);
  copyFileSync(join(from, 'lapwing.db'), join(to, 'lapwing.db'));
  return to;
}

/** A ledger and a view of it in this thread: opening them takes a tenth of what a store with its threads takes. */
function openView(directory: string): { store: Asked; close(): void } {
  const file = join(directory, 'lapwing.db');
  const bounds = { sealRowsMax: 4096, logBytesMax: 1e6, headBytesMax: 1e6, checkpointBytes: 1e6, pagesMax: undefined };
  const ledger = new Ledger({ file, ...bounds });
  loadState(ledger.connection, ledger.heads);
  const { port1, port2 } = new MessageChannel();
  port1.on('message', (request: HeadRequest) => port1.postMessage(answerHeadRequest(ledger.heads, request)));
  const snapshots = new Snapshots({ file, writerPort: port2, abortFlag: new SharedArrayBuffer(4) });
  const withDamage = <T>(found: T) => ({ ...found, damaged: snapshots.damaged.size });
  return {
    store: {
      readings: async (query) => withDamage(await answerReadings(snapshots, query)),
      history: async (query) => withDamage(await answerHistory(snapshots, query)),
    },
    close: () => {
      snapshots.close();
      port1.close();
      ledger.close();
    },
  };
}

/** Where in the file the bytes of blocks and log rows lie: each blob is found whole, or is in overflow pages and left to chance. */
function findReadings(directory: string, bytes: Buffer): number[] {
  const database = new Database(join(directory, 'lapwing.db'), { readonly: true });
  const blobs = database
    .prepare('SELECT data FROM block_columns UNION ALL SELECT times FROM blocks UNION ALL SELECT frames FROM log')
    .pluck()
    .all() as Buffer[];
  database.close();
  const places = blobs.flatMap((blob) => {
    const at = bytes.indexOf(blob);
    return at === -1 ? [] : Array.from(blob, (_, i) => at + i);
  });
  expect(places.length).toBeGreaterThan(1000);
  return places;
}

type Asked = Pick<Store, 'readings' | 'history'>;

async function expectOnlyTruth({ store }: { store: Asked }): Promise<{ read: number; damaged: number }> {
  let damaged = 0;
  let read = 0;
  const page = await store.readings({ ...everything, metric: 0, limit: 10_000, skip: 0 });
  damaged += page.damaged ?? 0;
  read += page.values.length;
  page.timesMs.forEach((time, i) => {
    expect(page.values[i]).toBe(time / 1000 / 10);
    expect(page.arrivedMs[i]).toBe(10_000 + time / 1000);
  });
  expect(new Set(page.timesMs).size).toBe(page.timesMs.length);
  const texts = await store.readings({ ...everything, metric: 1, limit: 10_000, skip: 0 });
  damaged += texts.damaged ?? 0;
  read += texts.texts.length;
  expect(texts.texts).toEqual(Array.from(texts.timesMs, (time) => stateAt(time / 1000)));
  const history = await store.history({ ...everything, toMs: (seqs + 1) * 1000, metrics: [0], buckets: 8 });
  damaged += history.damaged ?? 0;
  const { min, max, count } = history.series[0]!;
  const bucketMs = ((seqs + 1) * 1000) / 8;
  count.forEach((readings, bucket) => {
    if (readings === 0) return;
    expect(readings).toBeLessThanOrEqual(Math.ceil(bucketMs / 1000));
    expect(min[bucket]).toBeGreaterThanOrEqual((bucket * bucketMs) / 10_000 - 1e-9);
    expect(max[bucket]).toBeLessThan(((bucket + 1) * bucketMs) / 10_000);
  });
  return { read, damaged };
}

test(`${rounds} flipped bits: never a wrong value, and what cannot be read is said`, { timeout: 300_000 }, async () => {
  const pristine = await makeStore();
  const bytes = readFileSync(join(pristine, 'lapwing.db'));
  const used = [...bytes.keys()].filter((at) => bytes[at] !== 0);
  const readings = findReadings(pristine, bytes);
  let seed = 12_345;
  const pick = (bound: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * bound);
  };
  const outcomes = { whole: 0, leftOut: 0, said: 0, found: 0, unsaid: 0 };
  for (let round = 0; round < rounds; round++) {
    const directory = makeDirectory();
    const file = join(directory, 'lapwing.db');
    const flipped = Uint8Array.from(bytes);
    // Every other one anywhere; most of so small a file is the text of the schema.
    const targets = round % 2 === 0 ? readings : used;
    flipped[targets[pick(targets.length)]!]! ^= 1 << pick(8);
    writeFileSync(file, flipped);
    let findings = -1;
    try {
      findings = checkDatabase(file).findings.length;
      const view = openView(directory);
      try {
        const { read, damaged } = await expectOnlyTruth(view);
        if (read === 2 * seqs && damaged === 0) outcomes.whole++;
        else {
          outcomes.leftOut++;
          if (findings === 0) outcomes.unsaid++;
        }
      } finally {
        view.close();
      }
    } catch (error) {
      // Of structural damage SQLite speaks itself: the store refuses to open, or the query fails. Anything else is our mistake.
      if (!(error instanceof Database.SqliteError)) throw error;
      outcomes.said++;
    }
    if (findings > 0) outcomes.found++;
    rmSync(directory, { recursive: true });
  }
  if (process.env.LAPWING_DAMAGE_ROUNDS !== undefined) console.log(outcomes);
  expect(outcomes.leftOut, JSON.stringify(outcomes)).toBeGreaterThan(rounds / 3);
  expect(outcomes.unsaid, JSON.stringify(outcomes)).toBe(0);
});

/** Changes bytes inside a stored blob, through SQLite, so that its structure stays right. */
function spoil(directory: string, text: string): void {
  const database = new Database(join(directory, 'lapwing.db'));
  const { changes } = database.prepare(text).run();
  expect(changes).toBe(1);
  database.close();
}

test('a damaged column is left out, named by check, and no other reading is missed', async () => {
  const directory = copyStore(await makeStore());
  const columnId = 'SELECT min(id) FROM block_columns WHERE id % 2 = 0';
  spoil(
    directory,
    `UPDATE block_columns SET data = CAST(substr(data, 1, 8) || x'5a' || substr(data, 10) AS BLOB) WHERE id = (${columnId})`,
  );
  const { findings } = checkDatabase(join(directory, 'lapwing.db'));
  expect(findings).toMatchObject([
    { what: 'column', device: 'dev-1', metric: 'temperature', fromMs: 1000, rows: rowsOfBlock },
  ]);
  const bench = await StoreBench.open({}, directory);
  const page = await bench.store.readings({ ...everything, metric: 0, limit: 10_000, skip: 0 });
  expect(page).toMatchObject({ damaged: 1 });
  expect([...page.timesMs]).toEqual(Array.from({ length: seqs - rowsOfBlock }, (_, i) => (i + rowsOfBlock + 1) * 1000));
  const texts = await bench.store.readings({ ...everything, metric: 1, limit: 10_000, skip: 0 });
  expect(texts.texts.length).toBe(seqs);
  expect(texts.damaged).toBeUndefined();
  bench.append({ seq: seqs + 1 });
  expect(await bench.countReadings(1)).toBe(seqs);
  expect(bench.store.health().state).toBe('ok');
  await bench.store.close();
});

test('damaged figures of a column, and damaged times of a block, leave out just that', async () => {
  const whole = await makeStore();
  const stats = copyStore(whole);
  spoil(
    stats,
    "UPDATE block_columns SET stats = CAST(x'5a' || substr(stats, 2) AS BLOB) WHERE id = (SELECT min(id) FROM block_columns)",
  );
  const times = copyStore(whole);
  spoil(
    times,
    "UPDATE blocks SET times = CAST(substr(times, 1, 6) || x'77' || substr(times, 8) AS BLOB) WHERE id = (SELECT min(id) FROM blocks)",
  );
  for (const [directory, what] of [
    [stats, 'column'],
    [times, 'block'],
  ] as const) {
    expect(checkDatabase(join(directory, 'lapwing.db')).findings).toMatchObject([{ what, rows: rowsOfBlock }]);
    const bench = await StoreBench.open({}, directory);
    expect((await expectOnlyTruth(bench)).damaged).toBeGreaterThan(0);
    await bench.store.close();
  }
});

test('a damaged log row is kept aside, and the hub starts with the rest', async () => {
  const directory = copyStore(await makeStore());
  spoil(
    directory,
    "UPDATE log SET frames = CAST(substr(frames, 1, 30) || x'ff' || substr(frames, 32) AS BLOB) WHERE id = (SELECT max(id) FROM log)",
  );
  expect(checkDatabase(join(directory, 'lapwing.db')).findings).toMatchObject([{ what: 'log' }]);
  const bench = await StoreBench.open({}, directory);
  const { read } = await expectOnlyTruth(bench);
  expect(read).toBeLessThan(2 * seqs);
  await bench.store.close();
  const database = new Database(join(directory, 'lapwing.db'));
  expect(database.prepare('SELECT count(*) FROM damaged_log').pluck().get()).toBe(1);
  database.close();
});

test('a file that is no database is refused with what to do, and left as it is', async () => {
  const directory = copyStore(await makeStore());
  const file = join(directory, 'lapwing.db');
  const bytes = readFileSync(file);
  bytes.fill(0x41, 0, 100);
  writeFileSync(file, bytes);
  await expect(openStore({ directory, listener: new RecordingListener() })).rejects.toThrow(/lapwing check/);
  expect(readFileSync(file).equals(bytes)).toBe(true);
  expect(checkDatabase(file).findings[0]).toMatchObject({ what: 'database' });
});

test('check reads the database of a running hub', async () => {
  const bench = await StoreBench.open({ sealRowsMax: 10, logBytesMax: 500 });
  bench.addDevice();
  for (let seq = 1; seq <= 300; seq++) {
    bench.append({ seq });
    if (seq % 50 > 0) continue;
    expect(await bench.countReadings()).toBe(seq);
    const { findings, blocks } = checkDatabase(join(bench.directory, 'lapwing.db'));
    expect(findings).toEqual([]);
    expect(blocks).toBeGreaterThan(0);
  }
  await bench.end();
});

test('a name that is not as it was written is told by check, and is no reason not to start', async () => {
  const directory = copyStore(await makeStore());
  spoil(directory, "UPDATE metrics SET name = 'temperatura' WHERE metric = 0");
  spoil(directory, "UPDATE devices SET device_id = 'dev-2'");
  expect(checkDatabase(join(directory, 'lapwing.db')).findings).toMatchObject([
    { what: 'database', device: 'dev-2', metric: null },
    { what: 'database', device: 'dev-2', metric: 'temperatura' },
  ]);
  const bench = await StoreBench.open({}, directory);
  expect(await bench.countReadings()).toBe(seqs);
  await bench.store.close();
});

test('a stream that says it has more in blocks than it has would hide what the log holds: the store refuses it by name', async () => {
  const directory = copyStore(await makeStore());
  spoil(directory, 'UPDATE streams SET sealed_seq = sealed_seq + 256');
  expect(checkDatabase(join(directory, 'lapwing.db')).findings).toMatchObject([{ what: 'database', device: 'dev-1' }]);
  await expect(StoreBench.open({}, directory)).rejects.toThrow(
    /the row of stream 1 is not as it was written.*lapwing check/,
  );
});
