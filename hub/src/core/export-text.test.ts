/**
 * Exported text: quoting, formulas, numbers bit for bit, duplicates of a time, and the merge of the store's pages.
 */
import type { MetricDeclaration } from '@lapwing/protocol';
import { describe, expect, test } from 'vitest';
import { guardText, readNumberText, unguardText, writeNumberText, writeTextCell } from './csv-text.ts';
import { type MergeSelection, mergeReadings } from './export-merge.ts';
import { makeTextWriter } from './export-text.ts';
import type { DeviceKey, ReadingsAnswer, ReadingsQuery } from './ports.ts';
import { readTimeText, writeTimeText } from './time-text.ts';

interface Kept {
  readonly timeMs: number;
  readonly value: number | string;
}

/** Answers pages as the store does, with at most `pageMax` readings whatever was asked for. */
function makePages(metrics: readonly (readonly Kept[])[], pageMax: number) {
  const asked: ReadingsQuery[] = [];
  const readings = (query: ReadingsQuery): Promise<ReadingsAnswer> => {
    asked.push(query);
    const all = metrics[query.metric]!.filter(({ timeMs }) => timeMs >= query.fromMs && timeMs < query.toMs);
    const page = all.slice(query.skip, query.skip + Math.min(query.limit, pageMax));
    const next = all[query.skip + page.length];
    const isText = page.some(({ value }) => typeof value === 'string');
    return Promise.resolve({
      timesMs: Float64Array.from(page, ({ timeMs }) => timeMs),
      arrivedMs: Float64Array.from(page, ({ timeMs }) => timeMs + 5),
      values: isText ? new Float64Array(0) : Float64Array.from(page, ({ value }) => value as number),
      texts: isText ? page.map(({ value }) => value as string) : [],
      nextMs: next?.timeMs ?? Number.NaN,
      nextSkip:
        next === undefined ? 0 : all.slice(0, query.skip + page.length).filter((r) => r.timeMs === next.timeMs).length,
    });
  };
  return { readings, asked };
}

const selection: MergeSelection = {
  device: 1 as DeviceKey,
  metrics: [
    { index: 0, isText: false },
    { index: 1, isText: true },
  ],
  fromMs: 0,
  toMs: 1e15,
};
const declared: MetricDeclaration[] = [
  { name: 'temp', unit: '°C', kind: 'gauge' },
  { name: '=state', unit: '', kind: 'text' },
];
const never = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };

async function exportAll(format: 'csv' | 'ndjson', shape: 'long' | 'wide', metrics: readonly (readonly Kept[])[]) {
  const writer = makeTextWriter(format, shape, declared);
  let text = writer.head;
  for await (const rows of mergeReadings(makePages(metrics, 2), selection, never)) {
    text += writer.writeRows({ deviceId: 'd', metrics: declared }, rows);
  }
  return text;
}

describe('cells', () => {
  test.each(['=1+1', '+1', '-1', '@x', '\t=1', '\n=1', '＝1', "'=1", "''@", "'", "'tis", 'a=1', '', ' =1', '-'])(
    'a text %j comes back, and never begins a formula',
    (text) => {
      expect(unguardText(guardText(text))).toBe(text);
      expect(guardText(text)).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/);
    },
  );

  test('quotes follow RFC 4180, and an empty text is not an empty cell', () => {
    expect(['a', 'a,b', 'say "x"', 'two\nlines', ''].map(writeTextCell)).toEqual([
      'a',
      '"a,b"',
      '"say ""x"""',
      '"two\nlines"',
      '""',
    ]);
  });

  test('numbers come back bit for bit', () => {
    const numbers = [0, -0, 0.1, -5, 1e21, 5e-324, 1.7976931348623157e308, Number.NaN, Infinity, -Infinity, 1 / 3];
    for (const number of numbers) expect(Object.is(readNumberText(writeNumberText(number)), number)).toBe(true);
    for (const text of ['', 'x', '1x', '--1', '0x10', '1,5', 'e5', '.']) expect(readNumberText(text)).toBeNull();
  });
});

describe('times', () => {
  test('come back from the first to the last millisecond that is allowed', () => {
    for (const timeMs of [-62_135_596_800_000, -1, 0, 1_700_000_000_123, 253_402_300_799_999]) {
      expect(readTimeText(writeTimeText(timeMs))).toBe(timeMs);
    }
  });

  test('are read with zones, without, as seconds and as milliseconds', () => {
    expect(readTimeText('2024-02-29 12:00:00')).toBe(Date.UTC(2024, 1, 29, 12));
    expect(readTimeText('2024-02-29T12:00:00.5+02:00')).toBe(Date.UTC(2024, 1, 29, 10, 0, 0, 500));
    expect(readTimeText('1700000000')).toBe(1_700_000_000_000);
    expect(readTimeText('1700000000.25')).toBe(1_700_000_000_250);
    expect(readTimeText('1700000000250')).toBe(1_700_000_000_250);
    for (const text of ['', 'now', '2023-02-29', '2023-04-31', '2024-01-01T24:00:00', '10000-01-01', '1e9']) {
      expect(readTimeText(text)).toBeNaN();
    }
  });
});

describe('an export', () => {
  const temps = [1, 2, 2, 2, 2, 5].map((timeMs, index) => ({ timeMs, value: index - 1 }));
  const states = [
    { timeMs: 2, value: '=cmd()' },
    { timeMs: 2, value: 'a "b", c' },
    { timeMs: 9, value: '' },
  ];

  test('wide: a row per time, several where a time has several readings, empty where there is none', async () => {
    expect((await exportAll('csv', 'wide', [temps, states])).split('\r\n')).toEqual([
      `time,temp,"'=state"`,
      '1970-01-01T00:00:00.001Z,-1,',
      `1970-01-01T00:00:00.002Z,0,"'=cmd()"`,
      '1970-01-01T00:00:00.002Z,1,"a ""b"", c"',
      '1970-01-01T00:00:00.002Z,2,',
      '1970-01-01T00:00:00.002Z,3,',
      '1970-01-01T00:00:00.005Z,4,',
      '1970-01-01T00:00:00.009Z,,""',
      '',
    ]);
  });

  test('long: a line per reading with both clocks, in order of time', async () => {
    const lines = (await exportAll('csv', 'long', [temps, states])).split('\r\n');
    expect(lines[0]).toBe('time,timeMs,device,metric,unit,kind,value,arrived,arrivedMs');
    expect(lines[1]).toBe('1970-01-01T00:00:00.001Z,1,d,temp,°C,gauge,-1,1970-01-01T00:00:00.006Z,6');
    expect(lines[3]).toBe(`1970-01-01T00:00:00.002Z,2,d,"'=state",,text,"'=cmd()",1970-01-01T00:00:00.007Z,7`);
    expect(lines).toHaveLength(1 + temps.length + states.length + 1);
  });

  test('NDJSON says what JSON cannot as text, and keeps values apart from the time', async () => {
    const nasty = [-0, Number.NaN, -Infinity, 1e300].map((value, timeMs) => ({ timeMs, value }));
    const lines = (await exportAll('ndjson', 'wide', [nasty, []])).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { values: { temp: unknown } }).values.temp)).toEqual([
      '-0',
      'NaN',
      '-Infinity',
      1e300,
    ]);
    expect(JSON.parse((await exportAll('ndjson', 'long', [[], states])).split('\n')[0]!)).toEqual({
      time: '1970-01-01T00:00:00.002Z',
      timeMs: 2,
      device: 'd',
      metric: '=state',
      unit: '',
      kind: 'text',
      value: '=cmd()',
      arrived: '1970-01-01T00:00:00.007Z',
      arrivedMs: 7,
    });
  });

  test('every page is asked for once, and none ahead of need', async () => {
    const pages = makePages([Array.from({ length: 9 }, (_, timeMs) => ({ timeMs, value: 0 })), []], 2);
    const merged = mergeReadings(pages, selection, never);
    let entries = 0;
    for await (const rows of merged) entries += rows.entries;
    expect(entries).toBe(9);
    expect(pages.asked.filter(({ metric }) => metric === 0).map(({ fromMs }) => fromMs)).toEqual([0, 2, 4, 6, 8]);
    expect(pages.asked.filter(({ metric }) => metric === 1)).toHaveLength(1);
  });

  test('stops when the asker has left', async () => {
    const pages = makePages([temps, states], 1);
    const gone = { ...never, aborted: false };
    const merged = mergeReadings(
      {
        readings: (query) => {
          if (pages.asked.length === 3) gone.aborted = true;
          return pages.readings(query);
        },
      },
      selection,
      gone,
    );
    await expect(merged.next()).rejects.toThrow('left');
    expect(pages.asked.length).toBe(4);
  });
});
