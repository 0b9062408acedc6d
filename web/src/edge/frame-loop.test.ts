import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FrameLoop } from './frame-loop.ts';

let frames: ((atMs: number) => void)[] = [];
let painted: number[] = [];
let loop: FrameLoop;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], now: 0 });
  vi.stubGlobal('requestAnimationFrame', (then: (atMs: number) => void) => frames.push(then));
  frames = [];
  painted = [];
  loop = new FrameLoop(() => performance.now());
  loop.add((nowMs) => painted.push(nowMs));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** The screen's frames up to a time, 10 ms apart. */
function runFrames(untilMs: number): void {
  while (performance.now() < untilMs) {
    vi.advanceTimersByTime(10);
    for (const frame of frames.splice(0)) frame(performance.now());
  }
}

test('asks for no frame before it is started', () => {
  loop.wake();
  expect(frames).toHaveLength(0);
});

test('where nothing happens it paints now and then, and what came in the next frame', () => {
  loop.start();
  runFrames(1_000);
  expect(painted.length).toBeGreaterThan(4);
  expect(painted.length).toBeLessThan(10);
  const before = painted.length;
  loop.wake();
  loop.wake();
  runFrames(1_010);
  expect(painted.slice(before)).toEqual([1_010]);
});

test('while somebody moves something, and a moment longer, it paints each frame', () => {
  loop.start();
  runFrames(500);
  const before = painted.length;
  loop.stir();
  runFrames(900);
  expect(painted.length - before).toBe(40);
  runFrames(2_000);
  expect(painted.length - before).toBeLessThan(75);
});

test('the frame behind a key is left to its answer', () => {
  loop.start();
  runFrames(500);
  const before = painted.length;
  loop.answer();
  runFrames(550);
  expect(painted.length).toBe(before);
  runFrames(600);
  expect(painted.length).toBeGreaterThan(before);
});

test('keys without end do not hold it for long', () => {
  loop.start();
  runFrames(500);
  const before = painted.length;
  for (let atMs = 500; atMs < 2_500; atMs += 20) {
    loop.answer();
    runFrames(atMs + 20);
  }
  expect(painted.length - before).toBeGreaterThanOrEqual(6);
});

test('a painter may ask for the next frame, and one that is taken out paints no more', () => {
  loop.start();
  runFrames(10);
  const before = painted.length;
  const end = loop.add(() => loop.wake());
  runFrames(110);
  expect(painted.length - before).toBe(10);
  end();
  runFrames(1_000);
  expect(painted.length - before).toBeLessThan(20);
});
