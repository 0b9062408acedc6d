import { expect, test } from 'vitest';
import { flushMsMin } from './feed-pump.ts';
import { IntakeRhythm } from './intake-rhythm.ts';

/** A thread whose time passes by sleeping, and by hand. */
class FakeThread {
  nowMs = 1_000;
  readonly restsMs: number[] = [];
  readonly told: string[] = [];
  private endTurn: (() => void) | null = null;
  readonly rhythm = new IntakeRhythm({
    pump: { hold: () => this.told.push('hold'), release: () => this.told.push('release') },
    nowMs: () => this.nowMs,
    sleep: (ms) => {
      this.restsMs.push(ms);
      this.nowMs += ms;
    },
    defer: (callback) => {
      this.endTurn = callback;
    },
  });

  /** One turn of the event loop in which so many frames are read, each taking so long. */
  turn(frames: number, eachMs = 0): void {
    for (let i = 0; i < frames; i++) {
      this.rhythm.noteFrame();
      this.nowMs += eachMs;
    }
    const { endTurn } = this;
    this.endTurn = null;
    endTurn?.();
  }
}

test('frames that come one by one are taken together after a few, once in a beat, and flushed before each rest', () => {
  const thread = new FakeThread();
  for (let i = 0; i < 3; i++) {
    thread.turn(1);
    thread.nowMs += 1;
  }
  expect(thread.restsMs).toEqual([flushMsMin - 2]);
  for (let i = 0; i < 10; i++) thread.turn(8);
  expect(thread.restsMs).toEqual([flushMsMin - 2, ...Array.from({ length: 10 }, () => flushMsMin)]);
  expect(thread.told).toEqual(Array.from({ length: 11 }, () => ['hold', 'release']).flat());
});

test('a beat includes the work in it', () => {
  const thread = new FakeThread();
  thread.turn(5, 1);
  expect(thread.restsMs).toEqual([flushMsMin - 5]);
});

test('few frames are taken as they come', () => {
  const thread = new FakeThread();
  for (let i = 0; i < 100; i++) {
    thread.turn(1);
    thread.nowMs += 4;
  }
  expect(thread.restsMs).toEqual([]);
  expect(thread.told).toEqual([]);
});

test('when frames grow few the rests end', () => {
  const thread = new FakeThread();
  thread.turn(5);
  expect(thread.restsMs.length).toBe(1);
  // The turn after a rest is still closed at its end, which costs nobody anything.
  thread.turn(1);
  thread.nowMs += 20;
  thread.turn(1);
  expect(thread.restsMs.length).toBe(1);
  expect(thread.told).toEqual(['hold', 'release', 'hold', 'release']);
});

test('with more to do than time there is no rest', () => {
  const thread = new FakeThread();
  for (let i = 0; i < 20; i++) thread.turn(10, 1);
  expect(thread.restsMs).toEqual([]);
});

test('nobody who waits for an answer meets a rest', () => {
  const thread = new FakeThread();
  thread.turn(5);
  thread.rhythm.stayAwake();
  for (let i = 0; i < 10; i++) {
    thread.turn(5);
    thread.nowMs += 1;
  }
  expect(thread.restsMs.length).toBe(1);
  thread.nowMs += 200;
  thread.turn(5);
  expect(thread.restsMs.length).toBe(2);
});

test('who begins to wait within a turn does not meet its rest', () => {
  const thread = new FakeThread();
  for (let i = 0; i < 4; i++) thread.rhythm.noteFrame();
  thread.rhythm.stayAwake();
  thread.turn(1);
  expect(thread.restsMs).toEqual([]);
});
