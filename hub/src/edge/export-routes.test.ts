/**
 * An export is made as fast as it is taken, and not at all for an asker who left: the router's own answer, read by hand.
 */
import { describe, expect, test } from 'vitest';
import { DeviceRoster, rosterDefaults } from '../core/device-roster.ts';
import type { ReadingsQuery, Store, StoredState } from '../core/ports.ts';
import { makeExportRoutes } from './export-routes.ts';
import { makeRouter } from './http-router.ts';
import type { SignInDesk } from './sign-in-desk.ts';

const emptyState: StoredState = {
  devices: [],
  streams: [],
  identity: { deviceTokens: [], enrolmentKeys: [], users: [], sessions: [], apiTokens: [] },
  documents: [],
  shares: [],
  settings: { bridges: '' },
};

/** A store whose one metric never ends. */
function makeEndless() {
  const asked: ReadingsQuery[] = [];
  const signals = new Set<{ readonly aborted: boolean }>();
  let failAt = Number.POSITIVE_INFINITY;
  const store: Pick<Store, 'readings'> = {
    readings: (query, signal) => {
      asked.push(query);
      signals.add(signal!);
      if (asked.length >= failAt) return Promise.reject(new Error('disk gone'));
      const timesMs = Float64Array.from({ length: query.limit }, (_, index) => query.fromMs + index);
      const nextMs = query.fromMs + query.limit;
      return Promise.resolve({ timesMs, arrivedMs: timesMs, values: timesMs, texts: [], nextMs, nextSkip: 0 });
    },
  };
  return { store: store as Store, asked, signals, fail: () => (failAt = asked.length + 1) };
}

function openHub() {
  const endless = makeEndless();
  const roster = new DeviceRoster(emptyState, () => undefined, { ...rosterDefaults, startedMs: 0 });
  const stream = roster.openImport(roster.enrol('a:b', 0), 1, 0);
  roster.declare(stream, [{ name: 'n', unit: '', kind: 'gauge' }]);
  roster.enrol('other', 0);
  const errors: unknown[] = [];
  const answer = makeRouter({
    routes: makeExportRoutes({ roster, store: endless.store, version: '0', nowMs: () => 0 }),
    desk: { identify: () => ({ kind: 'token', tokenId: '1' }) } as unknown as SignInDesk,
    findSender: () => null,
    answerPage: () => null,
    noteError: (error) => errors.push(error),
  });
  const ask = async (query: string) =>
    answer(new Request(`http://hub/api/v1/export?${query}`), { incoming: { socket: {} } });
  return { ...endless, ask, errors };
}

describe.each(['csv', 'ndjson', 'parquet'])('an export as %s', (format) => {
  test('reads the store only as far as its asker reads', async () => {
    const { ask, asked } = openHub();
    const answer = await ask(`device=a:b&from=0&format=${format}`);
    expect(answer.status).toBe(200);
    expect(asked).toHaveLength(0);
    const reader = answer.body!.getReader();
    for (let piece = 0; piece < 2; piece++) await reader.read();
    const soFar = asked.length;
    // A row group of a Parquet file is 65,536 readings, 17 pages of the store.
    expect(soFar).toBeLessThan(format === 'parquet' ? 40 : 3);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(asked).toHaveLength(soFar);
    await reader.cancel();
  });

  test('stops when its asker leaves', async () => {
    const { ask, asked, signals } = openHub();
    const reader = (await ask(`device=a:b&from=0&format=${format}`)).body!.getReader();
    for (let piece = 0; piece < 2; piece++) await reader.read();
    void reader.read();
    await reader.cancel();
    expect([...signals].map(({ aborted }) => aborted)).toEqual([true]);
    const soFar = asked.length;
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(asked).toHaveLength(soFar);
  });

  test('is cut, not ended, when the store fails in the middle', async () => {
    const { ask, fail, errors } = openHub();
    const reader = (await ask(`device=a:b&from=0&format=${format}`)).body!.getReader();
    await reader.read();
    fail();
    await expect(
      (async () => {
        while (!(await reader.read()).done);
      })(),
    ).rejects.toThrow('disk gone');
    expect(errors).toHaveLength(1);
  });
});

describe('an export', () => {
  test('has a name that every file system takes', async () => {
    const answer = await openHub().ask('device=a:b');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="lapwing-a_b-19700101T000000Z.csv"');
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    await answer.body!.cancel();
  });

  test.each([
    ['device=nobody', 404, 'unknown-device'],
    ['device=a:b&metrics=x', 404, 'unknown-metric'],
    ['device=*&shape=wide', 400, 'one-device'],
    ['device=*&shape=wide&format=parquet', 400, 'one-device'],
    ['device=../x', 400, 'bad-request'],
    ['device=a:b&from=5&to=5', 400, 'bad-request'],
    ['device=a:b&format=xlsx', 400, 'bad-request'],
    ['', 400, 'bad-request'],
  ])('of %j is refused with %i %s', async (query, status, code) => {
    const answer = await openHub().ask(query);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { code } });
  });

  test.each(['device=*&shape=wide&format=ndjson', 'device=*', 'device=a:b,other&metrics=0', 'device=other'])(
    'of %j is an answer',
    async (query) => {
      const answer = await openHub().ask(query);
      expect(answer.status).toBe(200);
      await answer.body!.cancel();
    },
  );
});
