import { decodeMessage } from '@lapwing/protocol';
import { expect, test } from 'vitest';
import { CsvParser } from './csv-parser.ts';
import { type CsvComplaint, type CsvRow, CsvTable, parseTime } from './csv-table.ts';
import { MemoryOutbox } from './memory-outbox.ts';
import { RowPacker } from './row-packer.ts';

function read(text: string) {
  const complaints: CsvComplaint[] = [];
  const rows: CsvRow[] = [];
  const metrics: { name: string; kind: string; unit: string }[] = [];
  const table = new CsvTable({
    unit: 'W',
    csvOnComplaint: (complaint) => complaints.push(complaint),
    csvOnMetrics: (found) => metrics.push(...found),
    csvOnRow: (row) => rows.push(row),
  });
  const parser = new CsvParser();
  for (const record of [...parser.push(text), ...parser.finish()]) table.take(record);
  table.finish();
  return { complaints, metrics, rows, zoneless: table.zoneless };
}

test.each([
  ['2015-07-10 14:24:00', Date.UTC(2015, 6, 10, 14, 24), true],
  ['2015-07-10T14:24:00.5Z', Date.UTC(2015, 6, 10, 14, 24) + 500, false],
  ['2015-07-10T14:24:00+02:00', Date.UTC(2015, 6, 10, 12, 24), false],
  ['2015-07-10', Date.UTC(2015, 6, 10), true],
  ['1436538240', 1_436_538_240_000, false],
  ['1436538240.25', 1_436_538_240_250, false],
  ['1436538240000', 1_436_538_240_000, false],
  ['2015-02-30 00:00:00', Number.NaN, false],
  ['2015-07-10 24:00:00', Number.NaN, false],
  ['yesterday', Number.NaN, false],
  ['', Number.NaN, false],
])('time %s', (text, timeMs, zoneless) => {
  expect(parseTime(text)).toEqual({ timeMs, zoneless });
});

test('header, numbers, texts, empty cells', () => {
  const found = read('time,power,state,power\n1000,1.5,on,7\n1001,,off,-2e3\n1002,NaN,,0\n');
  expect(found.metrics).toEqual([
    { name: 'power', unit: 'W', kind: 'gauge' },
    { name: 'state', unit: '', kind: 'text' },
    { name: 'power-2', unit: 'W', kind: 'gauge' },
  ]);
  expect(found.rows).toEqual([
    { timeMs: 1_000_000, values: [1.5, 'on', 7] },
    { timeMs: 1_001_000, values: [null, 'off', -2000] },
    { timeMs: 1_002_000, values: [Number.NaN, null, 0] },
  ]);
  expect(found.complaints).toEqual([]);
});

test('no header: columns are numbered', () => {
  expect(read('1000,5\n1001,6').metrics).toEqual([{ name: 'column-2', unit: 'W', kind: 'gauge' }]);
});

test('a line that does not fit is told and left out; a cell that does not fit is left out alone', () => {
  const late = Array.from({ length: 300 }, (_, row) => `${row},${row}`).join('\n');
  const { complaints, rows } = read(`t,v\n5,1,2\nnoon,3\n${late}\n300,oops\n301,9`);
  expect(complaints.map(({ line }) => line)).toEqual([2, 3, 304]);
  expect(rows.length).toBe(302);
  expect(rows.at(-2)).toEqual({ timeMs: 300_000, values: [null] });
});

test('packed rows arrive bit for bit, whatever the doubles', () => {
  const odd = [0.1 + 0.2, 34.88199999999998, -0, 5e-324, 1e300, 0.06453452400000001, Number.POSITIVE_INFINITY];
  const rows: CsvRow[] = odd.map((value, row) => ({
    timeMs: row * 60_000,
    values: [value, row % 2 ? null : `t${row}`],
  }));
  const outbox = new MemoryOutbox({ epoch: 1, framesMax: 100, bytesMax: 1e6 });
  const packer = new RowPacker(
    outbox,
    [
      { name: 'v', unit: '', kind: 'gauge' },
      { name: 's', unit: '', kind: 'text' },
    ],
    true,
  );
  for (const row of rows) packer.take(row);
  packer.flush(true);
  expect(packer.readings).toBe(11);
  const item = outbox.itemAfter(0);
  if (item?.kind !== 'frame') throw new Error('no batch');
  const decoded = decodeMessage(item.frame, 'device');
  if (!decoded.ok || decoded.message.type !== 'batch') throw new Error('no batch');
  const [numbers, texts] = decoded.message.columns;
  expect(decoded.message).toMatchObject({ backfill: true, ackNow: true });
  for (const [row, value] of odd.entries()) expect(Object.is(numbers!.values[row], value)).toBe(true);
  expect([...texts!.present!]).toEqual([1, 0, 1, 0, 1, 0, 1]);
  expect(texts!.values[2]).toBe('t2');
});

test('the same rows give the same batches, and wide or long texts stay within a frame', () => {
  const metrics = [
    { name: 'v', unit: '', kind: 'gauge' },
    { name: 's', unit: '', kind: 'text' },
  ] as const;
  const pack = (): Uint8Array[] => {
    const outbox = new MemoryOutbox({ epoch: 1, framesMax: 1e4, bytesMax: 1e9 });
    const packer = new RowPacker(outbox, metrics, true);
    for (let row = 0; row < 3_000; row++) {
      packer.take({ timeMs: row, values: [Math.sin(row), '€'.repeat(row % 250)] });
    }
    packer.flush(true);
    const frames: Uint8Array[] = [];
    for (let item = outbox.itemAfter(0); item?.kind === 'frame'; item = outbox.itemAfter(item.seq))
      frames.push(item.frame);
    return frames;
  };
  const frames = pack();
  expect(frames.length).toBeGreaterThan(10);
  expect(pack()).toEqual(frames);
});
