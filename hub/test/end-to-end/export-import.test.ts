/**
 * Files in and out of real hubs, by their commands: imported twice and stored once, exported in every format, read back by an
 * independent reader of Parquet, carried to another hub bit for bit.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { type HubProcess, hubEntry, startHub } from '../../../scripts/hub-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'lapwing-files-'));
const dataOf = (name: string) => join(folder, name);
const fileOf = (name: string) => join(folder, name);
const hubs: HubProcess[] = [];
let client: HubClient;

beforeAll(async () => {
  for (const name of ['one', 'two']) hubs.push(await startHub({ dataFolder: dataOf(name) }));
  client = await HubClient.signIn(hubs[0]!.signInLink);
});

afterAll(async () => {
  for (const { child } of hubs) await endProcess(child, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

/** `lapwing ARGS` about the hub of that name: its standard output. */
async function lapwing(name: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [hubEntry, ...args, '--data', dataOf(name)], {
    maxBuffer: 2 ** 28,
  });
  return stdout;
}

async function importFile(name: string, file: string, device: string): Promise<Record<string, unknown>> {
  return JSON.parse(await lapwing(name, ['import', file, '--device', device, '--json'])) as Record<string, unknown>;
}

async function readParquet(file: string): Promise<{ rows: Record<string, unknown>[]; groups: number }> {
  const bytes = readFileSync(file);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const compressors = { ZSTD: (input: Uint8Array) => new Uint8Array(zstdDecompressSync(input)) };
  const rows = await parquetReadObjects({ file: buffer, compressors });
  return { rows, groups: parquetMetadata(buffer).row_groups.length };
}

const rowsInFile = 70_000;
/** As NAB's files are, but with CRLF, times that come twice, and a gap. */
const nabLike = Array.from({ length: rowsInFile }, (_, row) => ({
  timeMs: Date.UTC(2014, 6, 1) + Math.floor(row / 2) * 300_000 + (row > 900 ? 86_400_000 : 0),
  value: Math.sin(row / 50) * 1e4 * Math.PI,
}));
const nabText = ['timestamp,value', ...nabLike.map(({ timeMs, value }) => `${writeNabTime(timeMs)},${value}`), ''].join(
  '\r\n',
);

function writeNabTime(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ');
}

describe('a file like those of NAB', () => {
  test('is stored once, however often it is imported, and grows', async () => {
    const file = fileOf('nab.csv');
    const half = nabText.slice(0, nabText.indexOf('\r\n', nabText.length / 2) + 2);
    writeFileSync(file, half);
    const first = await importFile('one', file, 'nab');
    expect(first).toMatchObject({ duplicates: 0, badLineCount: 0, devices: ['nab'] });
    writeFileSync(file, nabText);
    const second = await importFile('one', file, 'nab');
    expect(second).toMatchObject({ rows: rowsInFile, duplicates: first.stored, badLineCount: 0 });
    expect(second.stored).toBe(rowsInFile - Number(first.stored));
    expect(await importFile('one', file, 'nab')).toMatchObject({ rows: rowsInFile, stored: 0, duplicates: rowsInFile });
    const kept = await client.readAll('nab', 'value');
    expect(kept.timesMs).toEqual(nabLike.map(({ timeMs }) => timeMs));
    expect(kept.values).toEqual(nabLike.map(({ value }) => value));
  });

  test('is still stored once when the hub was killed in between', async () => {
    await endProcess(hubs[0]!.child, 'SIGKILL');
    hubs[0] = await startHub({ dataFolder: dataOf('one') });
    expect(await importFile('one', fileOf('nab.csv'), 'nab')).toMatchObject({ stored: 0, duplicates: rowsInFile });
    client = new HubClient(hubs[0].url, client.cookie);
  });

  test('that begins the same and differs is refused with advice', async () => {
    const file = fileOf('other.csv');
    writeFileSync(file, nabText.replace('2014-07-02 00:00:00', '2014-07-02 00:00:01'));
    await expect(importFile('one', file, 'nab')).rejects.toThrow(/differ\. .*source=NAME/);
    expect((await client.readAll('nab', 'value')).values).toHaveLength(rowsInFile);
  });

  test('comes out as CSV, NDJSON and Parquet with the same readings', async () => {
    const csv = (await lapwing('one', ['export', '--device', 'nab', '--shape', 'wide'])).trimEnd().split('\r\n');
    expect(csv[0]).toBe('time,value');
    expect(csv.slice(1)).toEqual(nabLike.map(({ timeMs, value }) => `${new Date(timeMs).toISOString()},${value}`));
    const ndjson = (await lapwing('one', ['export', '--device', 'nab', '--format', 'ndjson'])).trimEnd().split('\n');
    expect(ndjson.map((line) => (JSON.parse(line) as { value: number }).value)).toEqual(
      nabLike.map(({ value }) => value),
    );
    const file = fileOf('nab.parquet');
    const told = JSON.parse(await lapwing('one', ['export', '--device', 'nab', '--out', file, '--json'])) as object;
    expect(told).toMatchObject({ file, bytes: readFileSync(file).length });
    const { rows, groups } = await readParquet(file);
    expect(groups).toBe(2);
    expect(rows.map(({ time }) => (time as Date).getTime())).toEqual(nabLike.map(({ timeMs }) => timeMs));
    expect(rows.map(({ value }) => value)).toEqual(nabLike.map(({ value }) => value));
    expect(rows[0]).toMatchObject({ device: 'nab', metric: 'value', unit: '', kind: 'gauge', text: null });
  });
});

const nastyNumbers = [0, -0, 0.1 + 0.2, 5e-324, -1.7976931348623157e308, Number.NaN, Infinity, -Infinity, 2 ** 53 + 2];
const nastyTexts = [
  '',
  ' ',
  '=1+1',
  "'=1+1",
  '+x',
  '-x',
  '@SUM(A1)',
  '\t=x',
  'a,b;"c"\nd',
  '007',
  'NaN',
  'ü🦆',
  "'",
  'true',
];

describe('everything nasty', () => {
  const lines: object[] = [];
  const add = (timeMs: number, metric: string, rest: object) =>
    lines.push({ timeMs, device: 'nasty', metric, unit: '', ...rest });
  nastyNumbers.forEach((value, index) => {
    const said = Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : String(value);
    add(1_000 - index, '=number', { kind: 'gauge', unit: '-°C', value: said });
  });
  nastyTexts.forEach((value, index) => {
    add(-62_135_596_800_000 + Math.floor(index / 2), 'a "text", quoted', { kind: 'text', value });
  });
  [true, false, true].forEach((value, index) => {
    add(1_000, 'bool', { kind: 'bool', value });
    add(253_402_300_799_998, '__proto__', { kind: 'counter', value: index });
  });

  test('is carried to another hub and comes out of it with the same bytes', async () => {
    const file = fileOf('nasty.ndjson');
    writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
    expect(await importFile('one', file, 'nasty')).toMatchObject({ stored: lines.length, badLineCount: 0 });
    const withoutArrival = (text: string) =>
      text.replaceAll(/,[^,\n]*,\d+\r\n/g, '\r\n').replaceAll(/,"arrived":"[^"]*","arrivedMs":\d+/g, '');
    for (const format of ['csv', 'ndjson']) {
      const carried = fileOf(`carried.${format}`);
      await lapwing('one', ['export', '--device', 'nasty', '--out', carried]);
      const renamed = `nasty-${format}`;
      expect(await importFile('two', carried, renamed)).toMatchObject({ stored: lines.length, badLineCount: 0 });
      for (const args of [[], ['--format', 'ndjson'], ['--shape', 'wide'], ['--shape', 'wide', '--format', 'ndjson']]) {
        const before = await lapwing('one', ['export', '--device', 'nasty', ...args]);
        const after = await lapwing('two', ['export', '--device', renamed, ...args]);
        expect(withoutArrival(after).replaceAll(renamed, 'nasty')).toBe(withoutArrival(before));
        expect(before).toContain(args.includes('ndjson') ? '"-0"' : '-0');
      }
    }
  });

  test('is all there in Parquet, and the signs of zero are', async () => {
    const file = fileOf('nasty.parquet');
    await lapwing('one', ['export', '--device', 'nasty', '--metrics', '=number', '--out', file]);
    const values = (await readParquet(file)).rows.map(({ value }) => value);
    expect(values.toReversed().every((value, index) => Object.is(value, nastyNumbers[index]))).toBe(true);
    await lapwing('one', ['export', '--device', 'nasty', '--shape', 'wide', '--out', file]);
    const { rows } = await readParquet(file);
    expect(rows.map((row) => row['a "text", quoted']).filter((text) => text !== null)).toEqual(nastyTexts);
    expect(rows.map(({ bool }) => bool).filter((bool) => bool !== null)).toEqual([true, false, true]);
  });

  test('begins no formula in any cell of a CSV', async () => {
    for (const shape of ['long', 'wide']) {
      const text = await lapwing('one', ['export', '--device', 'nasty', '--shape', shape]);
      const formulas = [...text.matchAll(/(?:^|[,\n])"?([=+\-@][^,\r\n]*)/g)].map(([, cell]) => cell!);
      expect(formulas.filter((cell) => Number.isNaN(Number(cell)))).toEqual([]);
    }
  });
});

describe('the routes', () => {
  test('import is for people, from the hub’s own page; export for API tokens too', async () => {
    const { token } = await client.post<{ token: string }>('/tokens', { label: 'reader' });
    const url = `${client.url}/api/v1`;
    const headers = { authorization: `Bearer ${token}` };
    const exported = await fetch(`${url}/export?device=nasty&metrics=bool`, { headers });
    expect([exported.status, (await exported.text()).split('\r\n').length]).toEqual([200, 5]);
    const body = 'time,a\n1,1\n';
    expect((await fetch(`${url}/import?device=x`, { method: 'POST', headers, body })).status).toBe(403);
    const foreign = { cookie: client.cookie, origin: 'http://evil.example' };
    expect((await fetch(`${url}/import?device=x`, { method: 'POST', headers: foreign, body })).status).toBe(403);
    expect((await fetch(`${url}/import?device=x`, { method: 'POST', body })).status).toBe(401);
    const own = { cookie: client.cookie, origin: client.url };
    const rubbish = await fetch(`${url}/import?device=x`, { method: 'POST', headers: own, body: 'x\n'.repeat(5_000) });
    expect([rubbish.status, await rubbish.json()]).toMatchObject([400, { error: { code: 'no-readings' } }]);
  });
});
