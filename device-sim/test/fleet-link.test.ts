/** The fleet and the agent on real sockets, against a small hub. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeMessage } from '@lapwing/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FleetHandle, type FleetOptions, startFleet } from '../src/fleet.ts';
import { type HostHandle, startHost } from '../src/host.ts';
import { Replay } from '../src/replay.ts';
import { LoopbackHub, type LoopbackOptions } from './loopback-hub.ts';

let hub: LoopbackHub;
let state: string;
let fleet: FleetHandle | null;

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'lapwing-sim-'));
  fleet = null;
});
afterEach(async () => {
  if (fleet !== null) await Promise.allSettled([fleet.stop(), fleet.stop()]);
  await hub.cut();
  rmSync(state, { recursive: true, force: true });
});

async function startHub(options: LoopbackOptions = {}): Promise<void> {
  hub = new LoopbackHub(options);
  await hub.start();
}

function start(options: Partial<FleetOptions>): FleetHandle {
  fleet = startFleet({ hub: hub.url, key: 'k', state, boards: 3, spreadMs: 20, intervalMs: 20, ...options });
  return fleet;
}

/** Waits for something that sockets bring about; the test's own time limit is the bound. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** n of every row a plain board's stream holds, in order. */
function storedRows(deviceId: string): number[] {
  const stream = hub.streamOf(deviceId);
  return (stream?.batches ?? []).flatMap(({ columns }) => [...(columns[0]!.values as Float64Array)]);
}

describe('fleet', () => {
  test('--count: ends by itself when every row is acked; n is 1, 2, 3…', async () => {
    await startHub();
    const handle = start({ boards: 5, type: 'plain', metrics: 4, count: 12, rowsPerBatch: 5, prefix: 'p' });
    await handle.done;
    for (let board = 1; board <= 5; board++) {
      expect(storedRows(`p${board}`)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    }
    expect(handle.report()).toMatchObject(
      Array.from({ length: 5 }, () => ({
        ackedSeq: 3,
        sentSeq: 3,
        rowsAcked: 12,
        readingsAcked: 48,
        readingsDropped: 0,
      })),
    );
    await until(() => hub.messages.filter(({ message }) => message.type === 'goodbye').length === 5);
  });

  test('a hub killed three times while they send: all rows are there once, in order', async () => {
    await startHub({ ackIntervalMs: 10 });
    const handle = start({ boards: 4, type: 'plain', metrics: 2, intervalMs: 10, count: 150, prefix: 'p' });
    await handle.ready;
    for (let kill = 1; kill <= 3; kill++) {
      const before = handle.stats().readingsAcked;
      await until(() => handle.stats().readingsAcked >= before + 60);
      await hub.cut();
      await hub.start();
    }
    await handle.done;
    const whole = Array.from({ length: 150 }, (_, row) => row + 1);
    for (let board = 1; board <= 4; board++) expect(storedRows(`p${board}`)).toEqual(whole);
    expect(handle.stats().reconnects).toBeGreaterThanOrEqual(3);
    expect(handle.stats().regressions).toBe(0);
  });

  test('the mix: every type is welcomed, doors and throttling make events, batteries sleep and send what they kept', async () => {
    await startHub();
    const handle = start({ boards: 20, intervalMs: 10, seed: 3, driftPpm: 100 });
    await handle.ready;
    const goodbyes = (): number =>
      hub.messages.filter(({ message }) => message.type === 'goodbye' && message.reason === 'sleeping').length;
    const battery = (): number =>
      Math.max(
        0,
        ...[...hub.streams.values()]
          .filter(({ batches }) => batches[0]?.columns.length === 4)
          .map((s) => s.batches.length),
      );
    await until(() => goodbyes() >= 4 && battery() >= 2);
    const kept = [...hub.streams.values()].flatMap(({ batches }) => batches).filter(({ ackNow }) => ackNow);
    expect(Math.max(...kept.map(({ times }) => times.length))).toBeGreaterThan(5);
    expect(handle.stats().asleep).toBeGreaterThanOrEqual(0);
    await handle.stop();
    // Those that slept woke once more: nothing that was measured stays behind.
    expect(handle.stats()).toMatchObject({
      readingsDropped: 0,
      waiting: 0,
      readingsAcked: handle.stats().readingsMade,
    });
  });

  test('SE-12: boards without a clock say 0, and date what they measured before they met the hub', async () => {
    await startHub();
    await hub.cut();
    const fromMs = Date.now();
    const tokens = new Map([
      ['p1', 't'],
      ['p2', 't'],
    ]);
    const handle = start({ boards: 2, type: 'plain', prefix: 'p', count: 30, tokens, clocklessShare: 1 });
    await until(() => handle.stats().readingsMade >= 200);
    expect(handle.stats().waiting).toBe(0);
    await hub.start();
    await handle.done;
    const clocks = hub.messages.flatMap(({ message }) =>
      message.type === 'hello' || message.type === 'pong' ? [message.clockMs] : [],
    );
    expect(new Set(clocks)).toEqual(new Set([0]));
    for (const id of ['p1', 'p2']) {
      expect(storedRows(id)).toEqual(Array.from({ length: 30 }, (_, row) => row + 1));
      const times = hub.streamOf(id)!.batches.flatMap((batch) => [...batch.times]);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times[0]).toBeGreaterThanOrEqual(fromMs - 5);
      expect(times.at(-1)).toBeLessThanOrEqual(Date.now() + 5);
    }
  });

  test('commands run once, set-interval and Rate change the pace, Desired is reported', async () => {
    await startHub();
    const handle = start({ boards: 1, type: 'door', prefix: 'd', intervalMs: 1_000 });
    await handle.ready;
    const deadlineMs = Date.now() + 60_000;
    const ask = (id: string, name: string, args = ''): void =>
      hub.say('d1', encodeMessage({ type: 'command', id, deadlineMs, name, args }));
    const results = (): unknown[] =>
      hub.messages.flatMap(({ message }) => (message.type === 'commandResult' ? [[message.id, message.ok]] : []));
    ask('a', 'identify');
    ask('a', 'identify');
    ask('b', 'fly');
    ask('c', 'set-interval', '{"intervalMs": 50}');
    hub.say('d1', encodeMessage({ type: 'desired', version: 3, state: '{"intervalMs": 60}' }));
    hub.say('d1', encodeMessage({ type: 'rate', intervalMs: 50, forMs: 60_000 }));
    await until(() => results().length === 4 && (hub.streamOf('d1')?.batches.length ?? 0) >= 10);
    expect(results()).toEqual([
      ['a', true],
      ['a', true],
      ['b', false],
      ['c', true],
    ]);
    expect(hub.streamOf('d1')!.events.filter(({ code }) => code === 'identify').length).toBe(1);
    expect(hub.messages.filter(({ message }) => message.type === 'reported')).toMatchObject([
      { message: { version: 3, state: '{"intervalMs":60}' } },
    ]);
  });

  test('a refused key ends it with a word that says what to do', async () => {
    await startHub({ enrolStatus: 401 });
    await expect(start({}).done).rejects.toThrow(/enrolment key/);
  });

  test('SE-3: a token of an older hub is renewed once; without a key the fleet ends with advice', async () => {
    await startHub({ wrongTokens: new Set(['old']) });
    const tokens = Object.fromEntries(['p1', 'p2'].map((id) => [id, 'old']));
    writeFileSync(join(state, 'tokens.json'), JSON.stringify({ [hub.url]: tokens }));
    const plain = { boards: 2, type: 'plain', prefix: 'p', count: 3 } as const;
    await expect(start({ ...plain, key: '' }).done).rejects.toThrow(/refuses every device.*--key/);
    await start(plain).done;
    expect(storedRows('p1')).toEqual([1, 2, 3]);
    expect(JSON.parse(readFileSync(join(state, 'tokens.json'), 'utf8'))).toEqual({
      [hub.url]: { p1: 'token-of-p1', p2: 'token-of-p2' },
    });
    expect(statSync(join(state, 'tokens.json')).mode & 0o777).toBe(0o600);
  });

  test('409: the device is known and its token is elsewhere', async () => {
    await startHub({ enrolStatus: 409 });
    await expect(start({}).done).rejects.toThrow(/--state/);
  });
});

describe('host', () => {
  let host: HostHandle;
  const startAgent = (): Promise<HostHandle> =>
    startHost({
      hub: hub.url,
      key: 'k',
      state,
      deviceId: 'this-machine',
      intervalMs: 100,
      outboxBytesMax: 1 << 20,
      hostOnNote: () => undefined,
    });

  test('samples wait on disk while the hub is away, and a new process goes on with the same epoch', async () => {
    await startHub();
    host = await startAgent();
    await until(() => host.stats().readingsAcked > 0);
    await hub.cut();
    await until(() => host.stats().waiting >= 3);
    host.stop();
    await host.done;
    const { epoch, waiting } = host.stats();
    expect(waiting).toBeGreaterThanOrEqual(3);
    await hub.start();
    host = await startAgent();
    expect(host.stats().epoch).toBe(epoch);
    await until(() => (hub.streamOf('this-machine')?.seq ?? 0) >= waiting + 2);
    host.stop();
    await host.done;
    expect(hub.streams.size).toBe(1);
    const stream = hub.streamOf('this-machine')!;
    expect(stream.batches.map(({ seq }) => seq)).toEqual(stream.batches.map((_, index) => index + 1));
    expect(stream.skipped).toEqual([]);
    expect(host.stats().waiting).toBe(0);
  });

  test('SE-6: an outbox whose metric table is lost is put aside, and a new epoch begins', async () => {
    await startHub();
    host = await startAgent();
    await until(() => host.stats().readingsAcked > 0);
    host.stop();
    await host.done;
    const { epoch } = host.stats();
    rmSync(join(state, 'host-this-machine', 'table.json'));
    host = await startAgent();
    expect(host.stats().epoch).not.toBe(epoch);
    await until(() => host.stats().readingsAcked > 0);
    host.stop();
    await host.done;
  });

  test('a second agent with the same state is refused', async () => {
    await startHub();
    host = await startAgent();
    writeFileSync(join(state, 'host-this-machine', 'lock'), String(process.ppid));
    await expect(startAgent()).rejects.toThrow(/already runs/);
    host.stop();
    await host.done;
  });
});

describe('replay', () => {
  const replay = (file: string, more: { again?: boolean } = {}): Replay =>
    new Replay({
      hub: hub.url,
      key: 'k',
      state,
      file,
      deviceId: 'csv',
      unit: '°C',
      as: 'backfill',
      speed: 1,
      loop: false,
      again: more.again ?? false,
      replayOnNote: () => undefined,
    });

  test('a backfill is complete, and the same file again adds nothing', async () => {
    await startHub({ inFlightMax: 3 });
    const file = join(state, 'long.csv');
    const lines = Array.from({ length: 12_345 }, (_, row) => `${1_600_000_000 + row},${Math.sin(row)}`);
    writeFileSync(file, `time,value\n${lines.join('\n')}\nbad line\n`);
    const first = await replay(file).run();
    expect(first).toMatchObject({ rows: 12_345, readings: 12_345, readingsAcked: 12_345, badLines: 1, complete: true });
    const values = storedRows('csv');
    expect(values).toEqual(lines.map((line) => Number(line.split(',')[1])));
    const second = await replay(file).run();
    expect(second).toMatchObject({ complete: true, checksum: first.checksum });
    // What was read before Welcome waits as if it were new; the rest is not even kept.
    expect(second.readingsAcked + second.readingsHeld).toBe(12_345);
    expect(second.readingsHeld).toBeGreaterThan(0);
    expect(storedRows('csv').length).toBe(12_345);
    await replay(file, { again: true }).run();
    expect([...hub.streams.values()].map(({ seq }) => seq)).toEqual([13, 13]);
  });

  test('an import cut in the middle goes on where the hub stands', async () => {
    await startHub({ inFlightMax: 2, ackIntervalMs: 5 });
    const file = join(state, 'long.csv');
    writeFileSync(file, Array.from({ length: 20_000 }, (_, row) => `${1_600_000_000 + row},${row}`).join('\n'));
    const running = replay(file).run();
    await until(() => (hub.streamOf('csv')?.seq ?? 0) >= 4);
    await hub.cut();
    await hub.start();
    expect(await running).toMatchObject({ complete: true, rows: 20_000 });
    expect(storedRows('csv')).toEqual(Array.from({ length: 20_000 }, (_, row) => row));
  });
});
