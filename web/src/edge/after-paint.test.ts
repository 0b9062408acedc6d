import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AfterPaint } from './after-paint.ts';

/** The browser's frames and tasks, granted by hand. */
let frames: (() => void)[] = [];
let tasks: (() => void)[] = [];
let visibilityState: 'visible' | 'hidden' = 'visible';

function runAll(list: (() => void)[]): void {
  for (const one of list.splice(0)) one();
}

beforeEach(() => {
  frames = [];
  tasks = [];
  visibilityState = 'visible';
  vi.stubGlobal('document', {
    get visibilityState() {
      return visibilityState;
    },
  });
  vi.stubGlobal('requestAnimationFrame', (then: () => void) => frames.push(then));
  vi.stubGlobal('setTimeout', (then: () => void) => tasks.push(then));
});
afterEach(() => vi.unstubAllGlobals());

describe('work after the paint', () => {
  it('waits for the frame, and for the paint that follows it', () => {
    const done: string[] = [];
    new AfterPaint().run(() => done.push('a'));
    expect(done).toEqual([]);
    runAll(frames);
    expect(done, 'in the frame itself it would stand before the paint').toEqual([]);
    runAll(tasks);
    expect(done).toEqual(['a']);
  });

  it('loses none of two that come within a frame', () => {
    const done: string[] = [];
    const afterPaint = new AfterPaint();
    afterPaint.run(() => done.push('a'));
    afterPaint.run(() => done.push('b'));
    runAll(frames);
    runAll(tasks);
    expect(done).toEqual(['a', 'b']);
    runAll(frames);
    runAll(tasks);
    expect(done, 'each once').toEqual(['a', 'b']);
  });

  it('asks for a frame anew when the last work is done', () => {
    const done: string[] = [];
    const afterPaint = new AfterPaint();
    afterPaint.run(() => afterPaint.run(() => done.push('asked meanwhile')));
    for (let i = 0; i < 2; i++) {
      runAll(frames);
      runAll(tasks);
    }
    expect(done).toEqual(['asked meanwhile']);
  });

  it('does not wait on a hidden page, not even for what was begun before', () => {
    const done: string[] = [];
    const afterPaint = new AfterPaint();
    afterPaint.run(() => done.push('seen'));
    visibilityState = 'hidden';
    afterPaint.run(() => done.push('hidden'));
    expect(done).toEqual(['seen', 'hidden']);
  });
});
