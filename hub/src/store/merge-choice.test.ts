import { expect, test } from 'vitest';
import { encodeFacts } from './block-facts.ts';
import { MergeChoice } from './merge-choice.ts';
import { migrations } from './schema.ts';
import { migrate, openEmpty } from './sqlite.ts';

const noBytes = new Uint8Array(0);

/** Blocks of one stream at 1 Hz that hold nothing but their facts, merged as they are chosen. */
function grow(sealed: { blocks: number; rows: number; metrics: number }): { rowsMerged: number; blocks: number[] } {
  const connection = openEmpty();
  migrate(connection, migrations);
  connection.prepare('INSERT INTO streams(key, device, epoch, created_ms) VALUES(1, 1, 1, 0)').run();
  const insert = connection.prepare(
    `INSERT INTO blocks(stream, seq_from, seq_to, t_min, t_max, row_count, facts, times, arrivals)
     VALUES(1, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = connection.prepare('DELETE FROM blocks WHERE id = ?');
  const add = (from: number, to: number): void => {
    const counts = { readings: (to - from) * sealed.metrics, late: 0, backfilled: 0 };
    const facts = encodeFacts({ ...counts, intervalMs: 1000, gapMs: 3000, covered: [], lateStretches: [], parts: [] });
    insert.run(from, to - 1, from * 1000, (to - 1) * 1000, to - from, facts, noBytes, noBytes);
  };
  const choice = new MergeChoice(connection, () => false);
  let rowsMerged = 0;
  for (let i = 0; i < sealed.blocks; i++) {
    add(i * sealed.rows, (i + 1) * sealed.rows);
    for (let due = choice.choose(1); due.length > 0; due = choice.choose(1)) {
      for (const { id, rows } of due) {
        remove.run(id);
        rowsMerged += rows;
      }
      add(due[0]!.seqFrom, due.at(-1)!.seqTo + 1);
    }
  }
  const rows = connection.prepare('SELECT row_count FROM blocks ORDER BY seq_from').pluck().all() as number[];
  connection.close();
  return { rowsMerged, blocks: rows };
}

test('of a device of ten metrics each reading is merged once, into blocks that are not read again', () => {
  const { rowsMerged, blocks } = grow({ blocks: 48, rows: 4_100, metrics: 10 });
  expect(rowsMerged).toBe(48 * 4_100);
  expect(blocks).toEqual(Array.from({ length: 12 }, () => 4 * 4_100));
});

test('of one metric, too, into blocks of the largest tier', () => {
  const { rowsMerged, blocks } = grow({ blocks: 32, rows: 4_100, metrics: 1 });
  expect(rowsMerged).toBe(32 * 4_100);
  expect(blocks).toEqual(Array.from({ length: 4 }, () => 8 * 4_100));
});

test('of a hundred metrics none is merged: each block has as much as one may', () => {
  const { rowsMerged, blocks } = grow({ blocks: 20, rows: 4_100, metrics: 100 });
  expect(rowsMerged).toBe(0);
  expect(blocks).toHaveLength(20);
});

test('whatever their size, none waits for ever, and none is merged twice', () => {
  for (let metrics = 9; metrics <= 80; metrics++) {
    const { rowsMerged, blocks } = grow({ blocks: 24, rows: 4_100, metrics });
    expect(rowsMerged, `${metrics} metrics`).toBeLessThanOrEqual(24 * 4_100);
    for (const rows of blocks.slice(0, -3))
      expect(rows * metrics, `${metrics} metrics`).toBeGreaterThanOrEqual(131_072);
  }
});
