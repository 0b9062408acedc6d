/** The demo's week: the same for the same seed, of every board and every dialect, in tables that the import takes. */
import { expect, test } from 'vitest';
import { makeBoardTables, makeDialectTables, type PastTable, type Week } from './demo-history.ts';

const toMs = Date.UTC(2026, 5, 15);
const week: Week = { seed: 3, boards: 10, dialectDevices: 3, fromMs: toMs - 7_200_000, toMs };

function checkTable({ csv, readings, device }: PastTable): void {
  const [header = '', ...lines] = csv.trimEnd().split('\n');
  const columns = header.split(',').length;
  expect(lines.length, device).toBeGreaterThanOrEqual(12);
  expect(new Set(lines.map((line) => line.split(',').length)), device).toEqual(new Set([columns]));
  const times = lines.map((line) => Date.parse(line.slice(0, line.indexOf(','))));
  expect(
    times.every((time, at) => time >= week.fromMs && time < toMs && (at === 0 || time > times[at - 1]!)),
    device,
  ).toBe(true);
  expect(readings).toBe(lines.reduce((sum, line) => sum + line.split(',').filter((cell) => cell !== '').length - 1, 0));
}

test('boards have one table each, the same for the same seed', () => {
  const tables = [...makeBoardTables(week)];
  expect(tables).toHaveLength(10);
  tables.forEach(checkTable);
  expect([...makeBoardTables(week)]).toEqual(tables);
  expect([...makeBoardTables({ ...week, seed: 4 })][0]!.csv).not.toBe(tables[0]!.csv);
});

test('devices of each dialect have theirs, those behind a bridge, too', () => {
  const tables = [...makeDialectTables(week)];
  tables.forEach(checkTable);
  const devices = tables.map(({ device }) => device);
  expect(new Set(devices).size).toBe(devices.length);
  const count = (pattern: RegExp): number => devices.filter((device) => pattern.test(device)).length;
  expect(count(/^tasmota_/)).toBe(3);
  expect(count(/^zigbee2mqtt-0x/)).toBe(3);
  expect(count(/^chirpstack-/)).toBe(3);
  expect(count(/^sparkplug-line-\d$/)).toBe(3);
  expect(count(/^sparkplug-Plant-line-\d-oven\*$/)).toBe(3);
  expect(devices.length).toBeGreaterThanOrEqual(12 * 3);
});
