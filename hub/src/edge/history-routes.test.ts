/** What a history route asks of the store, and how its answer reads as JSON and as columns. */
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { DeviceRoster, rosterDefaults } from '../core/device-roster.ts';
import type { HistoryAnswer, HistoryQuery, HistorySeries, Store, StoredState } from '../core/ports.ts';
import { columnsType } from './history-columns.ts';
import { makeHistoryRoute } from './history-routes.ts';
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

const column = (...values: number[]) => Float64Array.from(values);

function makeSeries(device: HistorySeries['device'], metric: number, more: Partial<HistorySeries> = {}): HistorySeries {
  return {
    device,
    metric,
    count: column(4, 0),
    numbers: column(2, 0),
    min: column(1, Number.NaN),
    max: column(5, Number.NaN),
    sum: column(6, Number.NaN),
    first: column(Number.NaN, Number.NaN),
    last: column(5, Number.NaN),
    increase: column(),
    texts: [],
    gaps: [],
    points: null,
    ...more,
  };
}

function openHub(more: Partial<HistorySeries> = {}, failure?: string) {
  const asked: HistoryQuery[] = [];
  const history = (query: HistoryQuery): Promise<HistoryAnswer> => {
    asked.push(query);
    if (failure !== undefined) return Promise.reject(Object.assign(new Error('no'), { name: failure }));
    const series = [query, ...(query.others ?? [])].flatMap(({ device, metrics }) =>
      metrics.map((metric) => makeSeries(device, metric, more)),
    );
    return Promise.resolve({ series, edgesMs: column(0, 1000, 2000), through: [] });
  };
  const roster = new DeviceRoster(emptyState, () => undefined, { ...rosterDefaults, startedMs: 0 });
  for (const id of ['a:b', 'c']) {
    const device = roster.enrol(id, 0);
    const metrics = ['m', 'n'].map((name) => ({ name, unit: '', kind: 'counter' as const }));
    roster.openStream(device, { epoch: 1, model: '', firmware: '', metrics } as never, 0);
  }
  const answer = makeRouter({
    routes: [makeHistoryRoute({ roster, store: { history } as unknown as Store, scopeOf: () => null })],
    desk: { identify: () => ({ kind: 'token', tokenId: '1' }) } as unknown as SignInDesk,
    findSender: () => null,
    answerPage: () => null,
    noteError: () => undefined,
  });
  const ask = async (query: string, accept = '*/*', more = {}) =>
    answer(new Request(`http://hub/api/v1/history?${query}`, { headers: { accept } }), {
      incoming: { socket: {} },
      ...more,
    });
  return { ask, asked };
}

const range = 'from=0&to=2000&buckets=2';

test('one device: the mean leaves NaN readings out, and an empty bucket is null', async () => {
  const { ask } = openHub();
  const json = await (await ask(`device=a:b&metrics=1&${range}`)).json();
  expect(json).toMatchObject({ device: 'a:b', fromMs: 0, toMs: 2000, bucketMs: 1000 });
  expect(json.series).toEqual([
    {
      ...{ device: 'a:b', metric: 1, name: 'n', unit: '', kind: 'counter', texts: [] },
      ...{ count: [4, 0], min: [1, null], max: [5, null], mean: [3, null], sum: [6, null] },
      ...{ first: [null, null], last: [5, null] },
    },
  ]);
});

test('several devices, with all that may be asked for', async () => {
  const points = { timesMs: column(1, 2), values: column(3, Number.NaN) };
  const { ask, asked } = openHub({ increase: column(10, 0), gaps: [{ fromMs: 1, toMs: 2 }], points });
  const answer = await ask(`series=a:b:0,c:1,a:b:1&${range}&align=grid&rate=true&gaps=3&mode=auto&points=50`);
  expect(answer.status).toBe(200);
  expect(asked[0]).toMatchObject({ device: 1, metrics: [0, 1], others: [{ device: 2, metrics: [1] }] });
  expect(asked[0]).toMatchObject({ align: 'grid', increase: true, gapIntervals: 3, pointsMax: 50 });
  const { series, edgesMs } = await answer.json();
  expect(edgesMs).toEqual([0, 1000, 2000]);
  expect(series.map(({ device, metric }: { device: string; metric: number }) => [device, metric])).toEqual([
    ['a:b', 0],
    ['a:b', 1],
    ['c', 1],
  ]);
  const more = { rate: [10, 0], gaps: [{ fromMs: 1, toMs: 2 }], points: { timesMs: [1, 2], values: [3, null] } };
  expect(series[0]).toMatchObject(more);
});

test('columns of doubles lie where the head says', async () => {
  const { ask } = openHub({ points: { timesMs: column(7), values: column(8) } });
  const answer = await ask(`device=a:b&metrics=0,1&${range}&mode=auto`, columnsType);
  expect(answer.headers.get('content-type')).toBe(columnsType);
  const buffer = await answer.arrayBuffer();
  expect(new TextDecoder().decode(buffer.slice(0, 4))).toBe('LWC1');
  const headBytes = new DataView(buffer).getUint32(4, true);
  expect(headBytes % 8).toBe(0);
  const head = JSON.parse(new TextDecoder().decode(buffer.slice(8, 8 + headBytes)));
  const read = ([first, length]: [number, number]) => [...new Float64Array(buffer, 8 + headBytes + first * 8, length)];
  expect(head.series).toHaveLength(2);
  for (const { columns } of head.series) {
    expect(read(columns.mean)).toEqual([3, Number.NaN]);
    expect(read(columns.count)).toEqual([4, 0]);
    expect([...read(columns.timesMs), ...read(columns.values)]).toEqual([7, 8]);
  }
});

test("the memory of columns is given back: the reader's once they are copied, the answer's once it is sent", async () => {
  const count = column(4, 0);
  const outgoing = new EventEmitter();
  const { ask } = openHub({ count, points: { timesMs: count, values: column(8) } });
  const answer = await ask(`device=a:b&metrics=0&${range}&mode=auto`, columnsType, { outgoing });
  expect(count.buffer.detached).toBe(true);
  expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(100);
  expect(outgoing.listenerCount('finish')).toBe(1);
  outgoing.emit('finish');
});

test('a long answer comes in pieces and reads like a short one', async () => {
  const times = Float64Array.from({ length: 12_000 }, (_, i) => i);
  const { ask } = openHub({ points: { timesMs: times, values: times } });
  const answer = await ask(`device=a:b&metrics=0,1&${range}&mode=auto`);
  expect(answer.headers.get('content-type')).toContain('application/json');
  const { device, series } = await answer.json();
  expect([device, series.length, series[1].name, series[1].mean]).toEqual(['a:b', 2, 'n', [3, null]]);
  expect(series[1].points.values).toEqual([...times]);
});

test('what cannot be answered says why', async () => {
  const { ask } = openHub();
  const codes = async (query: string, hub = { ask }) => {
    const answer = await hub.ask(query);
    return [answer.status, (await answer.json()).error.code];
  };
  expect(await codes(`device=a:b&${range}`)).toEqual([400, 'bad-request']);
  expect(await codes(`device=a:b&metrics=0&series=c:0&${range}`)).toEqual([400, 'bad-request']);
  expect(await codes(`series=c&${range}`)).toEqual([400, 'bad-request']);
  expect(await codes(`series=x:0&${range}`)).toEqual([404, 'unknown-device']);
  expect(await codes(`series=c:2&${range}`)).toEqual([404, 'unknown-metric']);
  expect(await codes(`series=c:0&${range}&mode=raw`)).toEqual([422, 'too-many-readings']);
  expect(await codes(`series=c:0&${range}`, openHub({}, 'QueryDeadlineError'))).toEqual([504, 'query-too-long']);
  expect(await codes(`series=c:0&${range}`, openHub({}, 'StoreBusyError'))).toEqual([503, 'busy']);
});
