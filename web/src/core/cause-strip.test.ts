import { describe, expect, it } from 'vitest';
import { listLinkSegments, listReadingSegments, windowAround } from './cause-strip.ts';

const stretch = { fromMs: 1_000_000, toMs: 2_000_000 };

describe('the strip of readings', () => {
  it('is fine where nothing is known to be wrong', () => {
    expect(listReadingSegments({ gaps: [] }, stretch, 0)).toEqual([
      { ...stretch, kind: 'fine', text: 'Everything expected came' },
    ]);
  });

  it('shows each cause in its place, in order, cut to the stretch and to each other', () => {
    const gaps = [
      { fromMs: 1_900_000, toMs: 2_500_000, cause: 'device-offline', because: null, readings: 0 },
      { fromMs: 1_100_000, toMs: 1_300_000, cause: 'skipped-overflow', because: null, readings: 12 },
      { fromMs: 1_200_000, toMs: 1_400_000, cause: 'backfilled', because: 'hub-down', readings: 3 },
      { fromMs: 100, toMs: 900_000, cause: 'unknown', because: null, readings: 1 },
    ];
    const segments = listReadingSegments({ gaps }, stretch, Number.NaN);
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

describe('what did not come and is no gap', () => {
  const away = { fromMs: 1_700_000, toMs: 2_000_000, state: 'offline' } as const;
  const kinds = (...args: Parameters<typeof listReadingSegments>) =>
    listReadingSegments(...args).map(({ kind, fromMs, toMs }) => [kind, fromMs / 1000, toMs / 1000]);

  it('is told of a device that is away now, and not of one that came back', () => {
    expect(kinds({ gaps: [], links: [away] }, stretch, 0)).toEqual([
      ['fine', 1000, 1700],
      ['away', 1700, 2000],
    ]);
    expect(kinds({ gaps: [], links: [{ ...away, toMs: 1_800_000 }] }, stretch, 0)).toEqual([['fine', 1000, 2000]]);
    const late = { fromMs: 1_700_000, toMs: 1_990_000, cause: 'backfilled', because: null, readings: 9 } as const;
    expect(kinds({ gaps: [late], links: [away] }, stretch, 0)[1]).toEqual(['late', 1700, 1990]);
  });

  it('is told of the time before the device, unless a file brought readings of then', () => {
    expect(kinds({ gaps: [] }, stretch, 1_300_000)).toEqual([
      ['before', 1000, 1300],
      ['fine', 1300, 2000],
    ]);
    expect(kinds({ gaps: [], firstMs: 1_000_000 }, stretch, 1_300_000)).toEqual([['fine', 1000, 2000]]);
    expect(kinds({ gaps: [], firstMs: null }, stretch, 2_500_000)).toEqual([['before', 1000, 2000]]);
    expect(listLinkSegments({ gaps: [] }, stretch, 1_300_000)[0]).toMatchObject({ kind: 'before', toMs: 1_300_000 });
  });
});

describe('the strip of the link', () => {
  it('tells offline from asleep from what nobody can know', () => {
    const segments = listLinkSegments(
      {
        links: [
          { fromMs: 1_000_000, toMs: 1_060_000, state: 'asleep' },
          { fromMs: 1_200_000, toMs: 1_260_000, state: 'hub-down' },
          { fromMs: 1_940_000, toMs: 2_000_000, state: 'offline' },
        ],
        gaps: [],
      },
      stretch,
      0,
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
