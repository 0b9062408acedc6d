/** The feed as events: its content, going on behind an id, the slow, and those who lose their rights. */
import { decodeMessage, encodeMessage } from '@lapwing/protocol';
import { expect, test } from 'vitest';
import { CoreBench, makeBatch } from '../../test/support/core-bench.ts';
import type { ViewScope } from '../core/shares.ts';
import { makeRouter } from './http-router.ts';
import type { SignInDesk } from './sign-in-desk.ts';
import { FeedStreams } from './viewer-sse.ts';

interface Told {
  readonly id: string;
  readonly name: string;
  readonly data: string;
}

/** One open answer, read event by event. */
class Reading {
  readonly response: Response;
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  private text = '';

  constructor(response: Response) {
    this.response = response;
    this.reader = response.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  }

  /** The next block, comments included. */
  async nextBlock(): Promise<string | null> {
    while (!this.text.includes('\n\n')) {
      const { done, value } = await this.reader.read();
      if (done) return null;
      this.text += new TextDecoder().decode(value);
    }
    const end = this.text.indexOf('\n\n');
    const block = this.text.slice(0, end);
    this.text = this.text.slice(end + 2);
    return block;
  }

  async next(): Promise<Told> {
    for (;;) {
      const block = await this.nextBlock();
      if (block === null) throw new Error('the feed ended');
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
      if (field('data') !== '') return { id: field('id'), name: field('event'), data: field('data') };
    }
  }

  leave = () => this.reader.cancel();
}

function openHub(scope: ViewScope | null = null) {
  const bench = new CoreBench();
  const rights = { good: true, cuts: 0, scope };
  const streams = new FeedStreams({
    feed: bench.feed,
    roster: bench.roster,
    isGood: () => rights.good,
    scopeOf: () => rights.scope,
    noteFault: (fault) => bench.faults.push(fault),
    nowMs: () => bench.nowMs,
  });
  const answer = makeRouter({
    routes: streams.routes(),
    desk: { identify: () => ({ kind: scope === null ? 'token' : 'share', tokenId: '1' }) } as unknown as SignInDesk,
    findSender: () => null,
    answerPage: () => null,
    noteError: (error) => {
      throw error;
    },
  });
  const socket = {
    destroy: () => {
      rights.cuts += 1;
    },
  };
  const ask = async (query = '', headers: Record<string, string> = {}) =>
    await answer(new Request(`http://hub/api/v1/feed${query}`, { headers }), { incoming: { socket } });
  const read = async (query = '', headers: Record<string, string> = {}) => {
    const reading = new Reading(await ask(query, headers));
    bench.feed.flush(bench.nowMs);
    return reading;
  };
  const flush = () => bench.feed.flush(bench.nowMs);
  return { bench, streams, rights, ask, read, flush };
}

test('a person reads names and values, of the metrics asked for', async () => {
  const { bench, read, flush } = openHub();
  const link = bench.welcome();
  link.say(makeBatch(1, { value: 20.5 }));
  const feed = await read('?device=pi-1&metric=temperature');
  expect(feed.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const snapshot = await feed.next();
  expect([snapshot.name, JSON.parse(snapshot.data)]).toEqual([
    'snapshot',
    {
      device: 'pi-1',
      stream: 1,
      seq: 1,
      conflated: false,
      metrics: [{ metric: 'temperature', index: 0, unit: '°C', kind: 'gauge', timeMs: 1000, value: 20.5 }],
    },
  ]);
  expect((await feed.next()).name).toBe('presence');
  link.say(makeBatch(2, { value: 21 }));
  flush();
  const readings = await feed.next();
  expect([readings.name, JSON.parse(readings.data)]).toEqual([
    'readings',
    {
      device: 'pi-1',
      stream: 1,
      seq: 2,
      arrivedMs: 1_000_000,
      readings: [{ metric: 'temperature', timeMs: 2000, value: 21 }],
    },
  ]);
  await feed.leave();
});

test('the page gets the very frames of the viewer socket', async () => {
  const { bench, read, flush } = openHub();
  const link = bench.welcome();
  const feed = await read('?form=frames');
  const types = [];
  for (const _ of [1, 2]) types.push(typeOf(await feed.next()));
  link.say(makeBatch(1));
  flush();
  types.push(typeOf(await feed.next()));
  expect(types).toEqual(['snapshot', 'presence', 'live']);
  await feed.leave();
});

function typeOf({ data }: Told): string {
  const decoded = decodeMessage(new Uint8Array(Buffer.from(data, 'base64')), 'feed');
  return decoded.ok ? decoded.message.type : decoded.text;
}
const seqOf = ({ data }: Told): number => (JSON.parse(data) as { seq: number }).seq;

test('who comes back goes on behind the last id, without a hole or a duplicate, by header or by parameter', async () => {
  const { bench, read, flush } = openHub();
  const link = bench.welcome();
  const first = await read();
  await first.next();
  await first.next();
  const say = (...seqs: number[]) => {
    for (const seq of seqs) link.say(makeBatch(seq));
    flush();
  };
  // Three batches in one frame of the feed: the reader got the first of them only.
  say(1, 2, 3);
  const last = await first.next();
  expect(seqOf(last)).toBe(1);
  await first.leave();
  say(4);
  const second = await read('', { 'last-event-id': last.id });
  const seqs = [];
  for (const _ of [1, 2, 3]) seqs.push(seqOf(await second.next()));
  say(5);
  const end = await second.next();
  expect([...seqs, seqOf(end)]).toEqual([2, 3, 4, 5]);
  await second.leave();
  const third = await read(`?after=${end.id}`);
  say(6);
  expect(seqOf(await third.next())).toBe(6);
  await third.leave();
});

test('who comes back too late, or with an id of another selection, begins with Snapshots', async () => {
  const { bench, streams, read } = openHub();
  bench.welcome();
  const first = await read();
  const { id } = await first.next();
  await first.leave();
  const other = await read('?device=pi-1', { 'last-event-id': id });
  expect((await other.next()).name).toBe('snapshot');
  await other.leave();
  bench.nowMs += 31_000;
  streams.sweep(bench.nowMs);
  const late = await read('', { 'last-event-id': id });
  expect((await late.next()).name).toBe('snapshot');
  await late.leave();
});

test('a reader that takes nothing costs little, delays nobody, and is told the newest when it reads on', async () => {
  const { bench, read, flush } = openHub();
  const link = bench.welcome();
  const stalled = await read();
  const quick = await read();
  await quick.next();
  await quick.next();
  let queued = 0;
  for (let seq = 1; seq <= 3000; seq++) {
    link.say(makeBatch(seq));
    flush();
    queued += 70;
    expect(seqOf(await quick.next())).toBe(seq);
  }
  expect(queued).toBeGreaterThan(200_000);
  // What waits for it is the feed's stallBytes at most: then a Snapshot is owed instead.
  let frames = 0;
  let told = await stalled.next();
  while (!told.data.includes('"conflated":true')) {
    frames += 1;
    flush();
    told = await stalled.next();
  }
  expect(frames).toBeLessThan(2000);
  expect(seqOf(told)).toBe(3000);
  await stalled.leave();
  await quick.leave();
});

test('quiet feeds have a sign of life, and one that takes none is given up', async () => {
  const { bench, streams, rights, read } = openHub();
  const feed = await read();
  expect(await feed.nextBlock()).toBe('retry: 2000');
  const beat = feed.nextBlock();
  bench.nowMs += 16_000;
  streams.sweep(bench.nowMs);
  expect(await beat).toBe(': still here');
  const { response } = await read();
  bench.nowMs += 121_000;
  streams.sweep(bench.nowMs);
  expect([rights.cuts, bench.faults, response.status]).toEqual([2, ['heartbeatTimeout', 'heartbeatTimeout'], 200]);
  expect(bench.feed.viewerCount()).toBe(0);
});

test('rights that end cut the reader, and what a link may see bounds what it is told', async () => {
  const scope = new Map([['pi-1', new Set(['door'])]]);
  const { bench, streams, rights, ask, read } = openHub(scope);
  bench.welcome();
  bench.welcome({ deviceId: 'pi-2' });
  expect((await ask('?device=pi-2')).status).toBe(404);
  const feed = await read();
  const snapshot = JSON.parse((await feed.next()).data) as { device: string; metrics: { metric: string }[] };
  expect([snapshot.device, snapshot.metrics.map(({ metric }) => metric)]).toEqual(['pi-1', ['#0', 'door', '#2']]);
  expect(JSON.parse((await feed.next()).data)).toMatchObject({ devices: [{ device: 'pi-1' }] });
  rights.good = false;
  streams.checkRights();
  expect([rights.cuts, bench.feed.viewerCount(), streams.count()]).toEqual([1, 0, 0]);
});

test('a hub that goes says so', async () => {
  const { bench, streams, read } = openHub();
  bench.welcome();
  const feed = await read();
  await feed.next();
  await feed.next();
  streams.sayGoodbye(1000);
  expect(await feed.next()).toMatchObject({ name: 'goodbye', data: '{"reason":"restarting","backMs":1000}' });
  expect(await feed.nextBlock()).toBeNull();
});

test.each(['?device=a%20b', '?form=xml', '?after=nonsense'])('%s is refused', async (query) => {
  expect((await openHub().ask(query)).status).toBe(400);
});

test('an unknown device is 404', async () => {
  const { ask } = openHub();
  const answer = await ask('?device=nobody');
  expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([
    404,
    'no-device',
  ]);
});

test('text and events keep their form', async () => {
  const { bench, read, flush } = openHub();
  const link = bench.welcome();
  const feed = await read();
  await feed.next();
  await feed.next();
  const columns = [{ metric: 2, encoding: 'text' as const, present: null, values: ['open\nwide'] }];
  link.say({ ...makeBatch(1), columns });
  link.sayBytes(encodeMessage({ type: 'event', seq: 2, atMs: 5, level: 'warning', code: 'hot', text: 'too hot' }));
  flush();
  expect(JSON.parse((await feed.next()).data)).toMatchObject({ readings: [{ metric: 'state', value: 'open\nwide' }] });
  expect(JSON.parse((await feed.next()).data)).toMatchObject({ device: 'pi-1', code: 'hot', level: 'warning' });
  await feed.leave();
});
