import { describe, expect, it } from 'vitest';
import { listLinks } from './completeness-links.ts';

const range = { fromMs: 100, toMs: 1000 };
const none = { downs: [], sleeps: [], outages: [] };

describe('when a device had no link', () => {
  it('is cut to the range, and in order', () => {
    const outages = [
      { fromMs: 900, toMs: 2000 },
      { fromMs: 0, toMs: 150 },
      { fromMs: 10, toMs: 90 },
    ];
    expect(listLinks({ ...none, outages }, range)).toEqual([
      { fromMs: 100, toMs: 150, state: 'offline' },
      { fromMs: 900, toMs: 1000, state: 'offline' },
    ]);
  });

  it('says that nobody knew while the hub was down, and asleep before offline', () => {
    const known = {
      downs: [{ fromMs: 300, toMs: 400 }],
      sleeps: [{ fromMs: 350, toMs: 500 }],
      outages: [{ fromMs: 200, toMs: 600 }],
    };
    expect(listLinks(known, range).map(({ fromMs, toMs, state }) => [fromMs, toMs, state])).toEqual([
      [200, 300, 'offline'],
      [300, 400, 'hub-down'],
      [400, 500, 'asleep'],
      [500, 600, 'offline'],
    ]);
  });
});
