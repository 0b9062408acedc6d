/** What the Store port promises, asked of the real store: threads, files and fsync included. */
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { encodeMessage } from '@lapwing/protocol';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import type { StoreChange } from '../../src/core/ports.ts';
import { openStore } from '../../src/store/store.ts';
import { device, deviceChanges, RecordingListener, StoreBench, stream } from './store-bench.ts';

const benches: StoreBench[] = [];
async function openBench(...args: Parameters<typeof StoreBench.open>): Promise<StoreBench> {
  const bench = await StoreBench.open(...args);
  benches.push(bench);
  return bench;
}
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.end();
});

describe('group commit and receipts', () => {
  test('frames appended in one turn share a commit, and the receipt names the highest seq of each stream', async () => {
    const bench = await openBench();
    bench.addDevice();
    for (let seq = 1; seq <= 50; seq++) expect(bench.append({ seq })).toBe(true);
    expect(bench.listener.receipts).toEqual([]);
    await bench.listener.until(() => bench.listener.receipts.length > 0);
    expect(bench.listener.receipts).toEqual([{ streams: [stream], seqs: [50] }]);
    expect(bench.store.health()).toMatchObject({ state: 'ok', committedGroups: 1, committedFrames: 50 });
  });

  test('what comes during a commit goes with the next, in order', async () => {
    const bench = await openBench();
    bench.addDevice();
    const { listener } = bench;
    for (let seq = 1; seq <= 40; seq++) {
      bench.append({ seq });
      if (seq % 10 === 0) await listener.until(() => listener.seqOf(stream) >= seq - 5);
    }
    await listener.until(() => listener.seqOf(stream) === 40);
    const seqs = listener.receipts.map((receipt) => receipt.seqs[0]!);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(new Set(seqs).size).toBe(seqs.length);
    expect(await bench.countReadings()).toBe(40);
  });

  test('a commit interval holds groups back, but not who waits', async () => {
    const bench = await openBench({ commitIntervalMs: 3_600_000 });
    bench.addDevice();
    bench.append({ seq: 1 });
    await bench.listener.until(() => bench.listener.seqOf(stream) === 1);
    bench.append({ seq: 2 });
    expect(await bench.countReadings()).toBe(2);
    bench.append({ seq: 3 });
    await bench.store.commitChange(deviceChanges[0]!);
    expect(bench.listener.seqOf(stream)).toBe(3);
  });

  test('pressure rises above the bound and falls below half of it, never inside a call', async () => {
    const bench = await openBench({ pendingBytesMax: 2000 });
    bench.addDevice();
    for (let seq = 1; seq <= 200; seq++) bench.append({ seq });
    expect(bench.listener.pressures).toEqual([]);
    await bench.listener.until(() => bench.listener.pressures.length === 2);
    expect(bench.listener.pressures).toEqual(['high', 'normal']);
  });
});

describe('restart', () => {
  const view = { kind: 'view', owner: '', title: 't', revision: 1, changedMs: 5, content: '{}' } as const;
  const share = { hash: 'h', label: 'l', board: 'b', createdBy: 'u', createdMs: 1, expiresMs: 2 };
  const changes: StoreChange[] = [
    { kind: 'deviceToken', device, hash: 'h1', atMs: 3 },
    {
      kind: 'enrolmentKey',
      key: { id: 'k1', hash: 'x', label: 'l', createdMs: 1, expiresMs: Number.NaN, usesLeft: null },
    },
    { kind: 'enrolmentKey', key: { id: 'k2', hash: 'y', label: 'l', createdMs: 1, expiresMs: 9, usesLeft: 2 } },
    { kind: 'enrolmentKeyGone', id: 'k1' },
    { kind: 'user', user: { name: 'u', passwordHash: '', createdMs: 1 } },
    { kind: 'user', user: { name: 'u', passwordHash: 'p', createdMs: 1 } },
    { kind: 'session', session: { hash: 's1', user: 'u', createdMs: 1, expiresMs: 2 } },
    { kind: 'session', session: { hash: 's2', user: 'u', createdMs: 1, expiresMs: 2 } },
    { kind: 'sessionGone', hash: 's1' },
    { kind: 'apiToken', token: { id: 'a1', hash: 'h', label: 'l', createdMs: 1 } },
    { kind: 'apiToken', token: { id: 'a2', hash: 'h', label: 'l', createdMs: 1 } },
    { kind: 'apiTokenGone', id: 'a2' },
    { kind: 'document', document: { ...view, id: 'v1' } },
    { kind: 'document', document: { ...view, id: 'v1', revision: 2, owner: 'u' } },
    { kind: 'document', document: { ...view, id: 'v2' } },
    { kind: 'documentGone', document: { kind: 'view', id: 'v2' } },
    { kind: 'sleep', device, fromMs: 1, wakeMs: 2 },
    { kind: 'sleep', device, fromMs: 5, wakeMs: 60_005 },
    { kind: 'deviceNotes', notes: [{ device, label: 'old', tags: [] }] },
    { kind: 'deviceNotes', notes: [{ device, label: 'Attic', tags: ['roof', 'site:north'] }] },
    { kind: 'foreignDevice', foreign: { dialect: 'json', native: 'a', device } },
    { kind: 'foreignDevice', foreign: { dialect: 'json', native: 'b', device: null } },
    { kind: 'foreignDevice', foreign: { dialect: '', native: 'b', device: null } },
    { kind: 'foreignDeviceGone', dialect: 'json', native: 'b' },
    { kind: 'share', share: { ...share, id: 's1' } },
    { kind: 'share', share: { ...share, id: 's2' } },
    { kind: 'shareGone', id: 's2' },
  ];

  test.each(['closed', 'abandoned'])('everything committed is known again, %s before', async (how) => {
    const first = await openBench();
    first.addDevice();
    for (const change of changes) first.store.change(change);
    first.append({ seq: 1, times: [4000, 9000, 9000], columns: [{ metric: 0, cells: [Number.NaN, 1.5, -0] }] });
    first.append({ seq: 2, times: [3000], columns: [{ metric: 1, cells: ['ready'] }] });
    const event = { type: 'event', seq: 3, atMs: 1, level: 'warning', code: 'hot', text: 'too hot' } as const;
    first.store.append({ stream, seq: 3, arrivedMs: 10_100, frame: encodeMessage(event) });
    await first.listener.until(() => first.listener.seqOf(stream) === 3);
    const directory = how === 'closed' ? first.directory : first.copyFiles();
    if (how === 'closed') await first.store.close();
    const { state, store } = await openBench({}, directory);
    expect(state.devices).toMatchObject([
      {
        key: device,
        deviceId: 'dev-1',
        model: 'm',
        firmware: 'f',
        createdMs: 5,
        lastSeenMs: 10_100,
        sleep: { fromMs: 5, wakeMs: 60_005 },
        metrics: [
          { name: 'temperature', unit: '°C', kind: 'gauge' },
          { name: 'state', unit: '', kind: 'text' },
        ],
        latest: [
          { timeMs: 9000, value: -0 },
          { timeMs: 3000, value: 'ready' },
        ],
      },
    ]);
    expect(state.streams).toEqual([
      { key: stream, device, epoch: 77, isImport: false, committedSeq: 3, table: [0, 1] },
    ]);
    expect(state.deviceNotes).toEqual([{ device, label: 'Attic', tags: ['roof', 'site:north'] }]);
    expect(state.foreignDevices).toHaveLength(2);
    expect(state.foreignDevices).toEqual(
      expect.arrayContaining([
        { dialect: '', native: 'b', device: null },
        { dialect: 'json', native: 'a', device },
      ]),
    );
    expect(state.documents).toEqual([{ ...view, id: 'v1', revision: 2, owner: 'u' }]);
    expect(state.shares).toEqual([{ ...share, id: 's1' }]);
    expect(state.identity).toEqual({
      deviceTokens: [{ device, hash: 'h1', createdMs: 3 }],
      enrolmentKeys: [{ id: 'k2', hash: 'y', label: 'l', createdMs: 1, expiresMs: 9, usesLeft: 2 }],
      users: [{ name: 'u', passwordHash: 'p', createdMs: 1 }],
      sessions: [{ hash: 's2', user: 'u', createdMs: 1, expiresMs: 2 }],
      apiTokens: [{ id: 'a1', hash: 'h', label: 'l', createdMs: 1 }],
    });
    expect(await store.events(device, 10)).toMatchObject([
      { atMs: 1, arrivedMs: 10_100, level: 'warning', code: 'hot' },
    ]);
  });

  test('readings come back bit for bit, duplicates of a time included', async () => {
    const first = await openBench({ sealRowsMax: 3 });
    first.addDevice();
    const values = [Number.NaN, -0, 0, Number.POSITIVE_INFINITY, 0.1 + 0.2, 21.5];
    for (const [i, value] of values.entries()) {
      first.append({ seq: i + 1, times: [7000], columns: [{ metric: 0, cells: [value] }] });
    }
    await first.store.close();
    const { store } = await openBench({}, first.directory);
    const answer = await store.readings({ device, metric: 0, fromMs: 7000, toMs: 7001, limit: 100, skip: 0 });
    expect([...answer.values]).toEqual(values);
    expect([...answer.arrivedMs]).toEqual(values.map((_, i) => 10_001 + i));
    expect(answer.nextMs).toBeNaN();
  });

  test('a crash between seal and trim replays nothing twice', async () => {
    // Sealed after each batch, never trimmed: the log says again what the blocks hold.
    const first = await openBench({ sealRowsMax: 1 });
    first.addDevice();
    for (let seq = 1; seq <= 20; seq++) first.append({ seq });
    expect(await first.countReadings()).toBe(20);
    expect(first.store.health().logBytes).toBeGreaterThan(0);
    const second = await openBench({ sealRowsMax: 1 }, first.copyFiles());
    expect(await second.countReadings()).toBe(20);
    expect(second.state.streams[0]!.committedSeq).toBe(20);
    expect(second.append({ seq: 21 })).toBe(true);
    expect(await second.countReadings()).toBe(21);
  });

  test('files are private, and a newer database is refused with what to do', async () => {
    const bench = await openBench();
    for (const name of ['lapwing.db', 'lapwing.db-wal', 'lapwing.db-shm']) {
      expect(statSync(join(bench.directory, name)).mode & 0o777, name).toBe(0o600);
    }
    await bench.store.close();
    const file = join(bench.directory, 'lapwing.db');
    const database = new Database(file);
    database.pragma('user_version = 99');
    database.close();
    await expect(openStore({ file, listener: bench.listener })).rejects.toThrow(/newer Lapwing/);
    // Refused, not locked for ever.
    await expect(openStore({ file, listener: bench.listener })).rejects.toThrow(/newer Lapwing/);
  });

  test('a second hub on the same directory is refused at once, and leaves the first alone', async () => {
    const bench = await openBench();
    bench.addDevice();
    const listener = new RecordingListener();
    await expect(openStore({ directory: bench.directory, listener })).rejects.toThrow(/Another hub is already using/);
    bench.append({ seq: 1 });
    expect(await bench.countReadings()).toBe(1);
  });
});

describe('queries', () => {
  test('a query sees every frame appended before it, and through says so', async () => {
    const bench = await openBench({ sealRowsMax: 7 });
    bench.addDevice();
    for (let seq = 1; seq <= 60; seq++) {
      bench.append({ seq });
      const query = { device, metrics: [0], fromMs: 0, toMs: 100_000, buckets: 10 };
      const { series, through } = await bench.store.history(query);
      expect(series[0]!.count.reduce((a, b) => a + b)).toBe(seq);
      expect(through).toEqual([{ stream, seq }]);
    }
  });

  test('many queries during intake agree with their own through, while heads are sealed and the log is trimmed', async () => {
    const bench = await openBench({ sealRowsMax: 5, logBytesMax: 300 });
    bench.addDevice();
    const asked: Promise<void>[] = [];
    for (let seq = 1; seq <= 300; seq++) {
      bench.append({ seq });
      if (seq % 3 === 0) asked.push(expectWhole(bench));
      if (seq % 10 === 0) await bench.listener.until(() => bench.listener.seqOf(stream) >= seq - 10);
    }
    await Promise.all(asked);
    expect(bench.store.health().logBytes).toBeLessThan(20_000);
  });

  async function expectWhole(bench: StoreBench): Promise<void> {
    const query = { device, metrics: [0], fromMs: 0, toMs: 400_000, buckets: 3 };
    const { series, through } = await bench.store.history(query);
    expect(series[0]!.count.reduce((a, b) => a + b)).toBe(through[0]!.seq);
    expect(Math.max(...[...series[0]!.last].filter((value) => !Number.isNaN(value)))).toBe(through[0]!.seq / 10);
  }

  test('gaps and events, newest event first', async () => {
    const bench = await openBench();
    bench.addDevice();
    const skipped = {
      type: 'skipped',
      fromSeq: 1,
      toSeq: 9,
      reason: 'overflow',
      fromMs: 1,
      toMs: 2,
      readings: 40,
    } as const;
    bench.store.append({ stream, seq: 9, arrivedMs: 1, frame: encodeMessage(skipped) });
    for (const seq of [10, 11, 12]) {
      const event = { type: 'event', seq, atMs: seq, level: 'info', code: 'c', text: `${seq}` } as const;
      bench.store.append({ stream, seq, arrivedMs: 2, frame: encodeMessage(event) });
    }
    const { type: _, ...gap } = skipped;
    expect(await bench.store.gaps(device)).toEqual([{ stream, ...gap }]);
    expect((await bench.store.events(device, 2)).map(({ text }) => text)).toEqual(['12', '11']);
    expect(bench.listener.seqOf(stream)).toBe(12);
  });

  test('an aborted query is answered at once, queued or running, and the next is served', async () => {
    const bench = await openBench({ readerThreads: 1, sealRowsMax: 1 });
    bench.addDevice();
    for (let seq = 1; seq <= 2000; seq++) bench.append({ seq });
    const query = { device, metrics: [0], fromMs: 0, toMs: 1e7, buckets: 10_000 };
    await bench.store.history(query);
    const running = new AbortController();
    const queued = new AbortController();
    const answers = [running, queued].map(({ signal }) => bench.store.history(query, signal));
    queued.abort();
    running.abort();
    for (const answer of answers) await expect(answer).rejects.toThrow(/aborted/);
    await expect(bench.store.history(query, AbortSignal.abort())).rejects.toThrow(/aborted/);
    expect(await bench.countReadings()).toBe(2000);
  });

  test('bounds are refused, not served', async () => {
    const bench = await openBench();
    bench.addDevice();
    const history = { device, metrics: [0], fromMs: 0, toMs: 10, buckets: 10 };
    await expect(bench.store.history({ ...history, buckets: 10_001 })).rejects.toThrow(RangeError);
    await expect(bench.store.history({ ...history, toMs: 0 })).rejects.toThrow(RangeError);
    const readings = { device, metric: 0, fromMs: 0, toMs: 10, limit: 100_001, skip: 0 };
    await expect(bench.store.readings(readings)).rejects.toThrow(RangeError);
  });
});

describe('when the disk fails', () => {
  test('full: the group is abandoned, changes are kept, reads go on, and nothing acked is lost', async () => {
    const bench = await openBench({ pagesMax: 120, probeMs: 3_600_000 });
    bench.addDevice();
    const { listener, store } = bench;
    // Not to be pressed: so that the disk is soon full.
    let state = 1;
    const makeLetter = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return String.fromCharCode(33 + Math.floor((state / 2 ** 32) * 90));
    };
    let seq = 0;
    while (listener.states.length === 0) {
      seq++;
      const columns = [{ metric: 1, cells: [Array.from({ length: 1000 }, makeLetter).join('')] }];
      if (!bench.append({ seq, columns })) break;
      await listener.until(() => listener.seqOf(stream) === seq || listener.states.length > 0);
    }
    expect(listener.abandoned).toEqual([stream]);
    expect(listener.states).toMatchObject([{ state: 'unavailable', code: 'SQLITE_FULL' }]);
    expect(bench.append({ seq })).toBe(false);
    store.change({ kind: 'user', user: { name: 'kept', passwordHash: '', createdMs: 1 } });
    await expect(store.commitChange(deviceChanges[0]!)).rejects.toThrow(/unavailable/);
    expect(await bench.countReadings(1)).toBe(seq - 1);
    const after = await openBench({}, bench.copyFiles());
    expect(after.state.streams[0]!.committedSeq).toBe(listener.seqOf(stream));
    expect(await after.countReadings(1)).toBe(seq - 1);
  });

  test('it goes on by itself when the failure ends, with the changes kept meanwhile', async () => {
    const bench = await openBench({ probeMs: 5 });
    bench.addDevice();
    bench.append({ seq: 1 });
    expect(await bench.countReadings()).toBe(1);
    const { listener, store } = bench;
    // Somebody else holds the database for writing.
    const other = new Database(join(bench.directory, 'lapwing.db'));
    other.exec('BEGIN IMMEDIATE');
    const refused = store.commitChange({ kind: 'user', user: { name: 'refused', passwordHash: '', createdMs: 1 } });
    store.change({ kind: 'user', user: { name: 'kept in flight', passwordHash: '', createdMs: 1 } });
    bench.append({ seq: 2 });
    await expect(refused).rejects.toMatchObject({ cause: { code: 'SQLITE_BUSY' } });
    store.change({ kind: 'user', user: { name: 'kept later', passwordHash: '', createdMs: 1 } });
    expect(listener.abandoned).toEqual([stream]);
    expect(await bench.countReadings()).toBe(1);
    other.exec('COMMIT');
    other.close();
    await listener.until(() => listener.states.at(-1)?.state === 'ok');
    expect(bench.append({ seq: 2 })).toBe(true);
    expect(await bench.countReadings()).toBe(2);
    await store.close();
    const { state } = await openBench({}, bench.directory);
    expect(state.identity.users.map(({ name }) => name)).toEqual(['kept in flight', 'kept later']);
    expect(state.streams[0]!.committedSeq).toBe(2);
  });
});

test('close commits what is queued, and takes nothing after', async () => {
  const bench = await StoreBench.open();
  bench.addDevice();
  for (let seq = 1; seq <= 10; seq++) bench.append({ seq });
  await bench.store.close();
  expect(bench.listener.seqOf(stream)).toBe(10);
  expect(bench.append({ seq: 11 })).toBe(false);
  await expect(bench.countReadings()).rejects.toThrow(/closed/);
  const again = await openBench({}, bench.directory);
  expect(await again.countReadings()).toBe(10);
});

test('a database left by nobody is not needed: the directory is made', async () => {
  const bench = await openBench();
  await bench.store.close();
  rmSync(bench.directory, { recursive: true });
  const again = await openBench({}, bench.directory);
  expect(statSync(again.directory).mode & 0o777).toBe(0o700);
  expect(again.state.devices).toEqual([]);
});
