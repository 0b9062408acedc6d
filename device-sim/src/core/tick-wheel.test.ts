import { expect, test } from 'vitest';
import { createRandom } from './random.ts';
import { TickWheel } from './tick-wheel.ts';

test('fires each id once, never early, in slots of time', () => {
  const random = createRandom(7);
  const wheel = new TickWheel({ slotMs: 5, idsMax: 500, nowMs: 1_000 });
  const due = Array.from({ length: 500 }, () => 1_000 + random() * 30_000);
  for (const [id, atMs] of due.entries()) wheel.schedule(id, atMs);
  const fired = new Map<number, number>();
  let turns = 0;
  for (let nowMs = wheel.nextDueMs(); !Number.isNaN(nowMs); nowMs = Math.max(nowMs + 1, wheel.nextDueMs())) {
    wheel.advanceTo(nowMs, (id) => {
      expect(fired.has(id)).toBe(false);
      fired.set(id, nowMs);
    });
    if (Number.isNaN(wheel.nextDueMs())) break;
    turns += 1;
    expect(turns).toBeLessThan(20_000);
  }
  expect(fired.size).toBe(500);
  for (const [id, atMs] of due.entries()) {
    expect(fired.get(id)).toBeGreaterThanOrEqual(atMs);
    expect(fired.get(id)! - atMs).toBeLessThanOrEqual(6);
  }
});

test('a later round in the current slot does not hide what is due before it', () => {
  const wheel = new TickWheel({ slotMs: 1, idsMax: 2, nowMs: 0 });
  // Slot 0 again, one whole turn of 2,048 slots later.
  wheel.schedule(0, 2_048);
  wheel.schedule(1, 40);
  expect(wheel.nextDueMs()).toBeLessThanOrEqual(41);
});

test('an id may move itself and cancel its neighbour while it fires', () => {
  const wheel = new TickWheel({ slotMs: 10, idsMax: 3, nowMs: 0 });
  const fired: string[] = [];
  wheel.schedule(2, 1);
  wheel.schedule(1, 1);
  wheel.schedule(0, 1);
  const fire = (id: number): void => {
    fired.push(`${id}`);
    if (id === 0) {
      wheel.cancel(1);
      wheel.schedule(0, 50);
    }
  };
  wheel.advanceTo(20, fire);
  expect(fired).toEqual(['0', '2']);
  wheel.advanceTo(60, fire);
  expect(fired).toEqual(['0', '2', '0']);
  expect(wheel.nextDueMs()).toBeGreaterThan(60);
});

test('a long stop misses nothing', () => {
  const wheel = new TickWheel({ slotMs: 1, idsMax: 2, nowMs: 0 });
  wheel.schedule(0, 100);
  wheel.schedule(1, 50_000);
  const fired: number[] = [];
  wheel.advanceTo(1e6, (id) => fired.push(id));
  expect(fired.sort()).toEqual([0, 1]);
});
