/**
 * Real series (the Numenta Anomaly Benchmark's CSV files) through the reader: nothing of them is lost or changed. The files are
 * not part of this repository: the test looks in LAPWING_NAB_DIR, else beside the repository, and skips where they are absent.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CsvTable } from '../src/core/csv-table.ts';
import { readCsv } from '../src/edge/csv-source.ts';

const folder = process.env.LAPWING_NAB_DIR ?? join(import.meta.dirname, '../../../shared/data/nab');
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.csv')) : [];

test.skipIf(files.length === 0)(
  'every row of every NAB file is read, to the last bit (LAPWING_NAB_DIR names the folder)',
  async () => {
    for (const name of files) {
      const rows: string[] = [];
      const table = new CsvTable({
        unit: '',
        csvOnComplaint: ({ line, text }) => expect.fail(`${name}:${line}: ${text}`),
        csvOnMetrics: (metrics) => expect(metrics).toMatchObject([{ name: 'value', kind: 'gauge' }]),
        csvOnRow: ({ timeMs, values }) => rows.push(`${timeMs} ${values[0]}`),
      });
      for await (const record of readCsv(join(folder, name))) table.take(record);
      table.finish();
      // Read a second way, with nothing but the language's own parsers.
      const expected = readFileSync(join(folder, name), 'utf8')
        .split(/\r?\n/)
        .slice(1)
        .filter((line) => line !== '')
        .map((line) => line.split(','))
        .map(([time, value]) => `${Date.parse(`${time!.replace(' ', 'T')}Z`)} ${Number(value)}`);
      expect(rows).toEqual(expected);
      expect(table.zoneless).toBe(true);
    }
  },
);
