import { describe, expect, it } from 'vitest';
import { listLinkSegments, listReadingSegments, windowAround } from './cause-strip.ts';

const stretch = { fromMs: 1_000_000, toMs: 2_000_000 };

describe('the strip of readings', () => {
  it('is fine where nothing is known to be wrong', () => {
    expect(listReadingSegments([], stretch)).toEqual([{ ...stretch, kind: 'fine', text: 'Everything expected came' }]);
  });

  it('shows each cause in its place, in order, cut to the stretch and to each other', () => {
    const gaps = [
      { fromMs: 1_900_000, toMs: 2_500_000, cause: 'device-offline', because: null, readings: 0 },
      { fromMs: 1_100_000, toMs: 1_300_000, cause: 'skipped-overflow', because: null, readings: 12 },
      { fromMs: 1_200_000, toMs: 1_400_000, cause: 'backfilled', because: 'hub-down', readings: 3 },
      { fromMs: 100, toMs: 900_000, cause: 'unknown', because: null, readings: 1 },
    ];
    const segments = listReadingSegments(gaps, stretch);
    expect(segments.map(({ kind, fromMs, toMs }) => [kind, fromMs / 1000, toMs / 1000])).toEqual([
      ['fine', 1000, 1100],
      ['lost', 1100, 1300],
      ['late', 1300, 1400],
      ['fine', 1400, 1900],
      ['away', 1900, 2000],
    ]);
    expect(segments[1]!.text).toContain('12 readings lost: the outbox was full');
  });
});

describe('the strip of the link', () => {
  it('tells offline from asleep from what nobody can know', () => {
    const segments = listLinkSegments(
      [
        { fromMs: 1_000_000, toMs: 1_060_000, state: 'asleep' },
        { fromMs: 1_200_000, toMs: 1_260_000, state: 'hub-down' },
        { fromMs: 1_940_000, toMs: 2_000_000, state: 'offline' },
      ],
      stretch,
    );
    expect(segments.map(({ kind }) => kind)).toEqual(['asleep', 'fine', 'unsure', 'fine', 'away']);
    expect(segments[2]!.text).toContain('the hub was not running');
  });
});

describe('looking closer', () => {
  it('shows a segment with air around it, however short', () => {
    expect(windowAround({ fromMs: 100_000, toMs: 100_001 })).toEqual({ fromMs: 85_000, toMs: 115_001 });
  });
});
