import { signal } from '@preact/signals-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchInbox } from './inbox-watch.ts';

let beat: (() => void) | null = null;
let visibilityState: 'visible' | 'hidden' = 'visible';
let asked = 0;
let answer: () => Promise<Response>;

const turn = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
  await new Promise((done) => setImmediate(done));
};

beforeEach(() => {
  beat = null;
  asked = 0;
  visibilityState = 'visible';
  answer = async () => Response.json({ devices: [{ key: 'a' }, { key: 'b' }] });
  vi.stubGlobal('document', {
    get visibilityState() {
      return visibilityState;
    },
  });
  vi.stubGlobal('setInterval', (look: () => void) => {
    beat = look;
    return 7;
  });
  vi.stubGlobal('clearInterval', (timer: number) => {
    if (timer === 7) beat = null;
  });
  vi.stubGlobal('fetch', () => {
    asked++;
    return answer();
  });
  vi.spyOn(console, 'info').mockImplementation(() => undefined);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('the mark of the inbox', () => {
  it('counts who waits, at once and with each beat, until it is ended', async () => {
    const waiting = signal(0);
    const end = watchInbox(waiting);
    await turn();
    expect(waiting.value).toBe(2);
    answer = async () => Response.json({ devices: [] });
    beat!();
    await turn();
    expect(waiting.value).toBe(0);
    end();
    expect(beat).toBeNull();
  });

  it('asks nothing while the page is hidden', async () => {
    visibilityState = 'hidden';
    watchInbox(signal(0));
    beat!();
    await turn();
    expect(asked).toBe(0);
  });

  it('stays as it was when the hub does not answer', async () => {
    const waiting = signal(3);
    answer = () => Promise.reject(new Error('away'));
    watchInbox(waiting);
    await turn();
    expect(asked).toBe(1);
    expect(waiting.value).toBe(3);
  });
});
