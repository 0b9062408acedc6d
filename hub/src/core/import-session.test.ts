/**
 * Imports: what lines of a file become, and that a file is stored once however often it comes, grown, cut off or changed.
 */
import { BatchScratch, decodeMessage } from '@lapwing/protocol';
import { describe, expect, test } from 'vitest';
import { MemoryStore } from '../../test/support/memory-store.ts';
import { CsvParser } from './csv-parser.ts';
import { DeviceRoster, rosterDefaults } from './device-roster.ts';
import { ImportReader } from './import-reader.ts';
import { ImportSession } from './import-session.ts';
import { Intake } from './intake.ts';
import { LiveFeed } from './live-feed.ts';

function makeHub(store = new MemoryStore()) {
  const roster = new DeviceRoster(store.stateAfterCrash(), (change) => store.change(change), {
    ...rosterDefaults,
    startedMs: 0,
  });
  const feed = new LiveFeed(roster, () => undefined);
  const options = { ackIntervalMs: 2_000, ackAtOnceAfter: 256, storeRetryMs: 1_000 };
  const intake = new Intake(
    { store, roster, feed, scratch: new BatchScratch(), someoneWaits: () => undefined },
    options,
  );
  store.listener = {
    storeOnCommitted: (receipt) => intake.storeOnCommitted(receipt, 0),
    storeOnAbandoned: (streams) => intake.storeOnAbandoned(streams),
    storeOnPressure: () => undefined,
    storeOnState: () => undefined,
  };
  const running = new Set<never>();
  return { store, roster, parts: { roster, intake, feed, running } };
}

type TestHub = ReturnType<typeof makeHub>;
const csvOf = (values: readonly number[]) =>
  ['time,a', ...values.map((value, row) => `${1_000 + row},${value}`)].join('\n');
const count = (length: number) => Array.from({ length }, (_, index) => index);

function feedText(session: ImportSession, text: string, format: 'csv' | 'ndjson' = 'csv'): void {
  const reader = new ImportReader({
    findKind: (metric) => session.findKind(metric),
    readerOnRow: (row) => session.takeRow(row, 5_000),
    readerOnBadLine: (line, why) => session.noteBadLine(line, why),
  });
  if (format === 'ndjson') for (const [index, line] of text.split('\n').entries()) reader.takeJson(index + 1, line);
  else {
    const parser = new CsvParser();
    for (const record of [...parser.push(text), ...parser.finish()]) reader.takeRecord(record);
  }
  reader.finish();
}

/** The whole of an import; the store commits when it is asked to. */
async function importText(
  hub: TestHub,
  text: string,
  options: Partial<{ deviceId: string | null; source: string; format: 'csv' | 'ndjson' }> = {},
) {
  const session = new ImportSession(hub.parts, { deviceId: 'd', source: '', ...options });
  try {
    feedText(session, text, options.format);
    const finished = session.finish(5_000);
    hub.store.commit();
    await finished;
    return session.tally;
  } finally {
    session.close();
  }
}

/** Everything committed, as `metric@time=value` in order. */
function listReadings(hub: TestHub, deviceId = 'd'): string[] {
  const device = hub.roster.devices.get(deviceId)!;
  return hub.store.frames.flatMap(({ stream, frame }) => {
    const state = hub.roster.streams.get(stream)!;
    const decoded = decodeMessage(frame, 'device');
    if (state.device !== device || !decoded.ok || decoded.message.type !== 'batch') return [];
    const { times, columns } = decoded.message;
    return [...times].flatMap((timeMs, row) =>
      columns.flatMap(({ metric, present, values }) => {
        if (present !== null && present[row] === 0) return [];
        const value = values[row]!;
        return [`${device.metrics[state.table[metric]!]!.name}@${timeMs}=${Object.is(value, -0) ? '-0' : value}`];
      }),
    );
  });
}

describe('the same file', () => {
  test('again stores nothing, also after a restart, and with other line ends', async () => {
    const hub = makeHub();
    expect(await importText(hub, csvOf([1, 2, 3]))).toMatchObject({ rows: 3, stored: 3, duplicates: 0 });
    const restarted = makeHub(hub.store);
    const again = await importText(restarted, csvOf([1, 2, 3]).replaceAll('\n', '\r\n'));
    expect(again).toMatchObject({ rows: 3, stored: 0, duplicates: 3 });
    expect(listReadings(restarted)).toEqual(['a@1000000=1', 'a@1001000=2', 'a@1002000=3']);
  });

  test('as NDJSON is the same file', async () => {
    const hub = makeHub();
    await importText(hub, csvOf([1, 2]));
    const lines = [1, 2].map((a, row) => JSON.stringify({ timeMs: 1_000_000 + row * 1_000, values: { a } })).join('\n');
    expect(await importText(hub, lines, { format: 'ndjson' })).toMatchObject({ stored: 0, duplicates: 2 });
  });

  test('grown adds what is new, wherever the batches end', async () => {
    const hub = makeHub();
    const values = count(2_500);
    for (const length of [1, 2, 999, 1_001, 2_500]) await importText(hub, csvOf(values.slice(0, length)));
    expect(listReadings(hub)).toEqual(values.map((value) => `a@${(1_000 + value) * 1_000}=${value}`));
  });

  test('cut off by a store that fails goes on where it was', async () => {
    const hub = makeHub();
    const text = csvOf(count(2_500));
    const first = new ImportSession(hub.parts, { deviceId: 'd', source: '' });
    feedText(first, text);
    hub.store.commit();
    const finished = first.finish(5_000);
    hub.store.abandon();
    await expect(finished).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining('2000 rows'),
    });
    first.close();
    expect(await importText(hub, text)).toMatchObject({ stored: 500, duplicates: 2_000 });
    expect(listReadings(hub)).toHaveLength(2_500);
  });

  test('after what was abandoned no later batch is stored', () => {
    const hub = makeHub();
    const session = new ImportSession(hub.parts, { deviceId: 'd', source: '' });
    feedText(session, csvOf(count(1_001)));
    hub.store.abandon();
    expect(() => feedText(session, csvOf(count(5_000)).replace('time,a\n', ''))).toThrow('cannot take readings');
    hub.store.commit();
    expect(listReadings(hub)).toEqual([]);
  });

  test('twice at one time: the second is refused', () => {
    const hub = makeHub();
    const first = new ImportSession(hub.parts, { deviceId: 'd', source: '' });
    feedText(first, csvOf([1]));
    const second = new ImportSession(hub.parts, { deviceId: 'd', source: '' });
    expect(() => feedText(second, csvOf([1]))).toThrow('being imported');
    first.close();
    second.close();
  });
});

describe('another file', () => {
  test('that begins like one before is refused before anything of it is stored, and taken under a name', async () => {
    const hub = makeHub();
    await importText(hub, csvOf([1, 2, 3]));
    await expect(importText(hub, csvOf([1, 9, 3, 4]))).rejects.toMatchObject({ code: 'other-file' });
    await expect(importText(hub, csvOf([1, 2]))).rejects.toMatchObject({ code: 'shorter-file' });
    expect(listReadings(hub)).toHaveLength(3);
    expect(await importText(hub, csvOf([1, 9, 3, 4]), { source: 'corrected' })).toMatchObject({ stored: 4 });
    expect(await importText(hub, csvOf([1, 9, 3, 4]), { source: 'corrected' })).toMatchObject({ stored: 0 });
  });

  test('does not move the stream that the device itself speaks on', async () => {
    const hub = makeHub();
    const device = hub.roster.enrol('d', 0);
    const hello = {
      type: 'hello',
      version: 1,
      deviceId: 'd',
      token: '',
      model: '',
      firmware: '',
      epoch: 7,
      clockMs: 0,
    } as const;
    const spoken = hub.roster.openStream(
      device,
      { ...hello, metrics: [{ name: 'a', unit: '°C', kind: 'counter' }] },
      0,
    );
    await importText(hub, csvOf([1, 2]));
    expect(device.stream).toBe(spoken);
    expect(device.metrics).toEqual([{ name: 'a', unit: '°C', kind: 'counter' }]);
  });
});

describe('lines', () => {
  const long = 'time,timeMs,device,metric,unit,kind,value,arrived,arrivedMs\r\n';

  test('of the long form join to rows, duplicates of a time do not', async () => {
    const hub = makeHub();
    const lines = ['a,,gauge,1', 'b,,text,"x,\ny"', "c,,text,'=1", 'a,,gauge,-0', 'd,,bool,true'];
    await importText(hub, long + lines.map((line) => `,5,d,${line},,`).join('\r\n'));
    expect(listReadings(hub)).toEqual(['a@5=1', 'b@5=x,\ny', 'c@5==1', 'a@5=-0', 'd@5=1']);
    expect(hub.store.frames).toHaveLength(1);
  });

  test('of several devices go to each of them, or are refused for one', async () => {
    const hub = makeHub();
    const text = `${long},5,x,a,,gauge,1,,\r\n,5,y,a,,gauge,2,,\r\n,5,bad id,a,,gauge,3,,\r\n`;
    const tally = await importText(hub, text, { deviceId: null });
    expect(tally).toMatchObject({ stored: 2, badLines: [{ line: 4, why: '"bad id" is no device id' }] });
    expect([listReadings(hub, 'x'), listReadings(hub, 'y')]).toEqual([['a@5=1'], ['a@5=2']]);
    expect(await importText(hub, text, { deviceId: 'z' })).toMatchObject({ stored: 1, badLineCount: 2 });
  });

  test('of a table: kinds are guessed, absent cells are no readings, bad ones are told', async () => {
    const hub = makeHub();
    const tally = await importText(
      hub,
      '\ufefftimestamp,n,b,t,\n2024-01-01 00:00:00,1,true,x,NA\nnever,1,true,x,\n2024-01-01,,FALSE,"",3\n1,2\n',
    );
    const time = Date.UTC(2024, 0, 1);
    expect(tally.badLines).toEqual([
      { line: 3, why: '"never" is no time' },
      { line: 5, why: '2 fields where 5 are expected' },
    ]);
    expect(listReadings(hub)).toEqual([
      `n@${time}=1`,
      `b@${time}=1`,
      `t@${time}=x`,
      `b@${time}=0`,
      `t@${time}=`,
      `column-5@${time}=3`,
    ]);
    expect(hub.roster.devices.get('d')!.metrics.map(({ kind }) => kind)).toEqual(['gauge', 'bool', 'text', 'gauge']);
  });

  test('a device that knows a metric says its kind', async () => {
    const hub = makeHub();
    await importText(hub, `${long},1,d,code,,text,007,,`);
    const tally = await importText(hub, 'time,code\n5000,008\n');
    expect(tally.badLines).toEqual([]);
    expect(listReadings(hub)).toEqual(['code@1=007', 'code@5000000=008']);
    expect((await importText(hub, `${long},9,d,n,,gauge,1,,\r\n,9,d,n,,text,x,,`)).badLines[0]!.why).toBe(
      'metric n: "x" is no number',
    );
  });

  test('that are hostile are told and left out', async () => {
    const hub = makeHub();
    const lines = [
      '{"timeMs":1,"metric":"__proto__","value":1}',
      '{"timeMs":1,"values":{"constructor":2,"n":null,"o":{}}}',
      '{"timeMs":1e300,"metric":"a","value":1}',
      '[]',
      'null',
      '{',
      '{"timeMs":1,"metric":"a\\u0000","value":1}',
      '{"timeMs":1,"metric":"","value":1}',
      `{"timeMs":1,"metric":"t","value":${JSON.stringify('x'.repeat(1_025))}}`,
      '{"timeMs":1,"metric":"t","value":"\\ud800"}',
      '{"timeMs":1,"metric":"t","kind":"toString","value":"x"}',
      '{"timeMs":1,"metric":"n","value":"-0"}',
    ];
    const tally = await importText(hub, lines.join('\n'), { format: 'ndjson' });
    expect(tally).toMatchObject({ stored: 3, badLineCount: 9 });
    expect(listReadings(hub)).toEqual(['__proto__@1=1', 'constructor@1=2', 'n@1=-0']);
  });

  test('of any length and width make frames that the hub takes', async () => {
    const hub = makeHub();
    const wide = ['time', ...count(1_024).map((metric) => `m${metric}`)].join(',');
    const row = (cell: (metric: number) => string) => count(1_024).map(cell).join(',');
    const text = [wide, `1,${row((metric) => `${Math.PI * metric}`)}`, `2,${row(() => '')}`, `3,${row(String)}`].join(
      '\n',
    );
    expect(await importText(hub, text)).toMatchObject({ stored: 2_048, badLineCount: 0 });
    const texts = count(200).map((second) => `${long.length + second},${'ü'.repeat(512)},${'"'.repeat(2)}`);
    expect(await importText(hub, ['time,t,u', ...texts].join('\n'), { source: 't' })).toMatchObject({ stored: 400 });
    const sparse = count(5_000).map((index) => `,${index},d,m${index % 1_024},,gauge,${Math.E * index},,`);
    expect(await importText(hub, long + sparse.join('\r\n'), { source: 's' })).toMatchObject({ stored: 5_000 });
  });
});

describe('the parser', () => {
  test('takes a file in pieces of any size', () => {
    const text = 'time,"a ""b""\nc",d\r\n1,"x\r\ny",""\r\n\r\n2,,z';
    const whole = new CsvParser();
    const expected = [...whole.push(text), ...whole.finish()];
    expect(expected.map(({ line, fields }) => [line, ...fields])).toEqual([
      [1, 'time', 'a "b"\nc', 'd'],
      [3, '1', 'x\r\ny', ''],
      [6, '2', '', 'z'],
    ]);
    expect(expected.map(({ emptyTexts }) => emptyTexts)).toEqual([null, [2], null]);
    for (let size = 1; size < 20; size++) {
      const parser = new CsvParser();
      const found = count(Math.ceil(text.length / size)).flatMap((at) =>
        parser.push(text.slice(at * size, (at + 1) * size)),
      );
      expect([...found, ...parser.finish()]).toEqual(expected);
    }
  });

  test('gives up the line whose quote is wrong, and a line without an end, and goes on', () => {
    const parser = new CsvParser();
    const records = [
      ...parser.push(`a\n1,x"y\n2,"z" w\n"${'q'.repeat(1 << 21)}`),
      ...parser.push('still\n3\n'),
      ...parser.finish(),
    ];
    expect(records.map(({ line, fields, wrong }) => [line, wrong === '' ? fields[0] : 'wrong'])).toEqual([
      [1, 'a'],
      [2, 'wrong'],
      [3, 'wrong'],
      [4, 'wrong'],
      [5, '3'],
    ]);
  });
});
