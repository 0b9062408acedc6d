/** The past in the feed's state: never later than the page's now, never two instants mixed, never the present. */
import { expect, test } from 'vitest';
import { makeFeedReader } from './feed-reader.ts';
import { applyFacts, type DeviceFacts, makeFeedState } from './feed-state.ts';
import { chooseStep, type Film, RewindReel } from './rewind-reel.ts';

const facts = (id: string, value: number): DeviceFacts => ({
  id,
  model: 'm',
  firmware: 'f',
  createdMs: 0,
  presence: 'online',
  lastSeenMs: 100_000,
  clockOffsetMs: 0,
  stream: 1,
  seq: 1,
  metrics: [
    { index: 0, name: 't', unit: '', kind: 'gauge', latest: { timeMs: 100_000, value } },
    { index: 1, name: 'state', unit: '', kind: 'text', latest: { timeMs: 100_000, value: 'now' } },
  ],
});

function open() {
  const state = makeFeedState();
  applyFacts(state, facts('a', 77));
  applyFacts(state, facts('b', 78));
  const reel = new RewindReel(state);
  const told: string[] = [];
  const advance = (nowMs: number) =>
    reel.advance(nowMs, (device, metric, reading) =>
      told.push(`${device.id}.${metric} ${reading.timeMs} ${reading.value}`),
    );
  const value = (id: string, metric = 0) => state.devices.get(id)!.metrics[metric]!.latest;
  return { state, reel, told, advance, value };
}

/** Values of metric 0 of a at each instant, one a second. */
function film(fromMs: number, values: readonly number[], more: Partial<Film> = {}): Film {
  return {
    devices: ['a', 'b'],
    instants: values.map((_, i) => ({
      atMs: fromMs + i * 1000,
      rowEnd: i + 1,
      presence:
        i === 0
          ? [
              [0, 'online'],
              [1, 'offline'],
            ]
          : [],
    })),
    device: values.map(() => 0),
    metric: values.map(() => 0),
    timeMs: values.map((_, i) => fromMs + i * 1000 - 1),
    value: values,
    texts: {},
    ...more,
  };
}
const now = { hubMs: 100_000, speed: 0, metrics: 4 };

test('an instant is asked for alone, and shown in one step: what had no value yet has none', () => {
  const { state, reel, advance, value } = open();
  reel.seek(50_000);
  expect(reel.plan({ ...now, nowMs: 50_000 })).toEqual({ fromMs: 50_000, steps: 0, stepMs: 1000, roughMs: 0 });
  advance(50_000);
  expect([value('a'), value('b')]).toEqual([77, 78]);
  reel.add(film(50_000, [5]));
  expect(advance(50_000)).toBe(true);
  expect([value('a'), value('b'), value('a', 1)]).toEqual([5, Number.NaN, Number.NaN]);
  expect(state.devices.get('b')!.presence).toBe('offline');
  expect(state.devices.get('a')!.lastSeenMs).toBe(49_999);
  expect(reel.plan({ ...now, nowMs: 50_000 })).toBeNull();
});

test('played, each instant comes when it is due, and films follow each other', () => {
  const { reel, advance, value, told } = open();
  reel.seek(50_000);
  reel.add(film(50_000, [5]));
  advance(50_000);
  const plan = reel.plan({ ...now, nowMs: 50_000, speed: 1 })!;
  expect(plan).toEqual({ fromMs: 50_000, steps: 12, stepMs: 1000, roughMs: 0 });
  reel.add(film(50_000, [5, 6, 7]));
  advance(51_500);
  expect(value('a')).toBe(6);
  reel.add(film(52_000, [7, 8]));
  advance(53_000);
  expect([value('a'), reel.shownMs]).toEqual([8, 53_000]);
  expect(told).toEqual(['a.0 49999 5', 'a.0 49999 5', 'a.0 50999 6', 'a.0 51999 7', 'a.0 51999 7', 'a.0 52999 8']);
});

test('back in time, or far ahead, is asked for anew; a little ahead is at hand', () => {
  const { reel, advance, value } = open();
  reel.seek(50_000);
  reel.add(film(50_000, [5, 6, 7]));
  advance(50_000);
  reel.seek(51_000);
  expect(reel.isWaiting).toBe(false);
  reel.seek(49_000);
  expect(reel.isWaiting).toBe(true);
  reel.add(film(52_000, [9]));
  advance(49_000);
  expect(value('a')).toBe(5);
  reel.add(film(49_000, [4]));
  advance(49_000);
  expect(value('a')).toBe(4);
});

test('nothing is asked for that is not over yet', () => {
  const { reel, advance } = open();
  reel.seek(95_000);
  reel.add(film(95_000, [5]));
  advance(95_000);
  expect(reel.plan({ ...now, nowMs: 95_000, speed: 1 })!.steps).toBe(4);
  reel.add(film(95_000, [5, 5, 5, 5, 5]));
  expect(reel.plan({ ...now, nowMs: 98_500, speed: 1 })).toBeNull();
});

test('the present does not leak in: neither what was on its way nor the list', () => {
  const { state, reel, advance, value } = open();
  reel.seek(50_000);
  reel.add(film(50_000, [5]));
  advance(50_000);
  applyFacts(state, facts('a', 99));
  makeFeedReader(state, new Set()).apply({
    type: 'presence',
    entries: [{ device: 'b', state: 'online', lastSeenMs: 100_000 }],
  });
  expect([value('a'), state.devices.get('b')!.presence]).toEqual([5, 'offline']);
  reel.end();
  applyFacts(state, facts('a', 99));
  expect([value('a'), state.devices.get('a')!.presence]).toEqual([99, 'online']);
});

test('text is told as it is', () => {
  const { reel, advance, value } = open();
  reel.seek(50_000);
  reel.add(film(50_000, [Number.NaN], { metric: [1], texts: { 0: 'open' } }));
  advance(50_000);
  expect(value('a', 1)).toBe('open');
});

test.each([
  [1, 10, 1000],
  [60, 10, 10_000],
  [60, 10_000, 60_000],
  [1, 10_000, 1000],
  [60, 100_000, 600_000],
])('at %i× with %i metrics a step is %i ms', (speed, metrics, stepMs) => {
  expect(chooseStep(speed, metrics)).toBe(stepMs);
});

test('the last step of a fast play is as short as what is left, so that nobody waits for a whole one', () => {
  const { reel } = open();
  reel.forget(85_000);
  reel.add(film(85_000, [1]));
  const plan = (hubMs: number) => reel.plan({ nowMs: 85_000, hubMs, speed: 60, metrics: 4 });
  expect(chooseStep(60, 4)).toBe(10_000);
  expect(plan(100_000)).toMatchObject({ fromMs: 85_000, steps: 1, stepMs: 10_000 });
  expect(plan(94_500.5)).toMatchObject({ steps: 1, stepMs: 8_000, roughMs: 0 });
  expect(plan(87_000)).toMatchObject({ steps: 1, stepMs: 1_000 });
  expect(plan(86_999)).toBeNull();
});
