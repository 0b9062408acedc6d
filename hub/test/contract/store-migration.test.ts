/** A database of the first schema, with its blocks in the first format, is brought up to date and answers as before. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { computeStats, encodeStats } from '../../src/store/block-stats.ts';
import { checkDatabase } from '../../src/store/check.ts';
import { encodeColumn } from '../../src/store/column-code.ts';
import { Ledger } from '../../src/store/ledger.ts';
import { columnIdOf, migrations } from '../../src/store/schema.ts';
import { migrate, openWriting } from '../../src/store/sqlite.ts';
import { device, makeDirectory, StoreBench, stream } from './store-bench.ts';

const rows = 40;
const blocks = 3;

function writeFirstVersion(directory: string): void {
  const connection = openWriting(join(directory, 'lapwing.db'));
  migrate(connection, migrations.slice(0, 1));
  connection.exec(`INSERT INTO devices VALUES(1, 'dev-1', '', '', 5);
    INSERT INTO metrics VALUES(1, 0, 'temperature', '°C', 'gauge');
    INSERT INTO streams VALUES(1, 1, 77, 5, '[0]', ${rows * blocks}, 9)`);
  for (let block = 0; block < blocks; block++) {
    const times = Float64Array.from({ length: rows }, (_, i) => (block * rows + i + 1) * 1000);
    const values = times.map((time) => time / 10_000);
    const arrivals = { values: Float64Array.of(10_000), count: 1, rowOf: Uint32Array.of(0) };
    connection
      .prepare('INSERT INTO blocks VALUES(?, 1, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        ...[block + 1, block * rows + 1, (block + 1) * rows, times[0], times[rows - 1], rows],
        ...[encodeColumn({ values: times, count: rows, rowOf: null }), encodeColumn(arrivals)],
      );
    const stats = computeStats({ values, rowOf: null, start: 0, end: rows }, times);
    const encoded = encodeStats(stats, { minMs: times[0]!, maxMs: times[rows - 1]! });
    connection
      .prepare('INSERT INTO block_columns VALUES(?, ?, ?)')
      .run(columnIdOf(block + 1, 0, false), encoded, encodeColumn({ values, count: rows, rowOf: null }));
  }
  // Files of then had larger pages, and keep them.
  for (const pragma of ['journal_mode = DELETE', 'page_size = 4096']) connection.pragma(pragma);
  connection.exec('VACUUM');
  connection.close();
}

test('blocks of the first version are read, merged and checked', async () => {
  const directory = makeDirectory();
  writeFirstVersion(directory);
  const bench = await StoreBench.open({}, directory);
  expect(bench.state.streams).toMatchObject([{ key: stream, committedSeq: rows * blocks, table: [0] }]);
  const asked = { device, metric: 0, fromMs: 0, toMs: 1e9, limit: 1000, skip: 0 };
  const before = await bench.store.readings(asked);
  expect([...before.values]).toEqual(Array.from({ length: rows * blocks }, (_, i) => (i + 1) / 10));
  bench.append({ seq: rows * blocks + 1 });
  expect(await bench.countReadings()).toBe(rows * blocks + 1);
  await bench.store.close();
  const file = join(directory, 'lapwing.db');
  const bounds = { sealRowsMax: 4096, logBytesMax: 0, headBytesMax: 1e6, checkpointBytes: 1e6, pagesMax: undefined };
  const ledger = new Ledger({ file, ...bounds });
  ledger.maintain(Number.POSITIVE_INFINITY);
  expect(ledger.connection.pragma('page_size', { simple: true })).toBe(4096);
  ledger.close();
  const { findings, unproven, blocks: left } = checkDatabase(file);
  expect(findings).toEqual([]);
  expect(left).toBe(1);
  expect(unproven).toBe(0);
  rmSync(directory, { recursive: true });
});

test('people, keys, boards and what the broker keeps move to their new tables', () => {
  const directory = makeDirectory();
  const file = join(directory, 'lapwing.db');
  const connection = openWriting(file);
  migrate(connection, migrations.slice(0, 13));
  connection.exec(`INSERT INTO users VALUES('zoe', 'hash z', 1), ('adam', 'hash a', 2);
    INSERT INTO sessions VALUES('hash s', 'zoe', 3, 4);
    INSERT INTO api_tokens VALUES('token', 'hash t', 'label t', 5);
    INSERT INTO enrolment_keys VALUES('key', 'hash k', 'label k', 6, NULL, 7), ('late', 'hash l', '', 5, 8, NULL);
    INSERT INTO shares VALUES('share', 'hash h', 'label h', 'board', 'zoe', 8, 9);
    INSERT INTO documents VALUES('board', 'one', 'zoe', 'title', 2, 10, '{}');
    INSERT INTO mqtt_rows VALUES('retained', '', 'a/b', x'0102');`);
  migrate(connection, migrations);
  const listRows = (table: string) => connection.prepare(`SELECT * FROM ${table}`).raw().all();
  expect(listRows('users')).toEqual([
    ['adam', 'hash a', 2],
    ['zoe', 'hash z', 1],
  ]);
  expect(listRows('sessions')).toEqual([['hash s', 'zoe', 3, 4]]);
  expect(listRows('api_tokens')).toEqual([['token', 'hash t', 'label t', 5]]);
  expect(listRows('enrolment_keys')).toEqual([
    ['key', 'hash k', 'label k', 6, null, 7],
    ['late', 'hash l', '', 5, 8, null],
  ]);
  expect(listRows('shares')).toEqual([['share', 'hash h', 'label h', 'board', 'zoe', 8, 9]]);
  expect(listRows('documents')).toEqual([['board', 'one', 'zoe', 'title', 2, 10, '{}']]);
  expect(listRows('mqtt_rows')).toEqual([['retained', '', 'a/b', Buffer.of(1, 2)]]);
  connection.close();
  rmSync(directory, { recursive: true });
});
