import { describe, expect, it } from 'vitest';
import { ArrivalWatch } from './arrival-watch.ts';
import { applyFacts, makeFeedState } from './feed-state.ts';

function makeFleet(...values: [id: string, latest: number | null][]) {
  const state = makeFeedState();
  for (const [id, latest] of values) {
    applyFacts(state, {
      id,
      model: '',
      firmware: '',
      createdMs: 0,
      presence: 'online',
      lastSeenMs: 0,
      clockOffsetMs: 0,
      stream: 1,
      seq: 0,
      metrics: [
        { index: 0, name: 'n', unit: '', kind: 'gauge', latest: latest === null ? null : { timeMs: 1, value: latest } },
      ],
    });
  }
  return state.devices.values();
}

describe('arrivals', () => {
  it('count a device once, at its first reading', () => {
    const watch = new ArrivalWatch();
    watch.noteKnown(makeFleet(['old', 3]));
    expect([watch.noteReading('old'), watch.noteReading('new'), watch.noteReading('new')]).toEqual([
      false,
      true,
      false,
    ]);
    expect(watch.names).toEqual(['new']);
  });
  it('count one that had enrolled but never spoken', () => {
    const watch = new ArrivalWatch();
    watch.noteKnown(makeFleet(['silent', null]));
    expect(watch.noteReading('silent')).toBe(true);
  });
  it('are not taken back by a list that came late', () => {
    const watch = new ArrivalWatch();
    watch.noteReading('new');
    watch.noteKnown(makeFleet(['new', 1]));
    expect(watch.names).toEqual(['new']);
  });
});
