import { describe, expect, it } from 'vitest';
import { type CausedGap, type DeclaredGap, explainGap, formatPercent, readDeclared } from './gap-cause.ts';

const hole: CausedGap = { fromMs: 10_000, toMs: 20_000, cause: 'skipped-overflow', because: null, readings: 15 };
const around = { fromMs: 9_000, toMs: 21_000 };

describe('the cause of a gap', () => {
  it('is silence while nobody knows of any', () => {
    expect(explainGap([hole], { fromMs: 30_000, toMs: 270_000 })).toBe(
      'No readings for 4\u2009min; none declared lost',
    );
  });
  it('is what the device declared, with how many readings', () => {
    expect(explainGap([hole], around)).toBe('No readings for 12\u2009s; 15 readings lost: the outbox was full');
  });
  it('counts no readings when one hole does not know its own', () => {
    expect(explainGap([hole, { ...hole, readings: 0 }], around)).toContain('; readings lost');
  });
  it('never says lost of what only did not come', () => {
    const text = explainGap([{ ...hole, cause: 'hub-down', readings: 240 }], around);
    expect(text).toContain('about 240 readings missing: the hub was not running');
    expect(text).not.toContain('lost');
  });
  it('says why a backfilled stretch came later', () => {
    const gap = { ...hole, cause: 'backfilled', because: 'device-offline' };
    expect(explainGap([gap], around)).toContain('15 readings backfilled: the device was offline');
  });
  it('does not say that readings are missing which came later, nor that nobody knows why', () => {
    const gap = { ...hole, cause: 'backfilled', because: 'imported' };
    expect(explainGap([gap], around)).toBe('Came later: 15 readings backfilled: a file brought them');
    expect(explainGap([{ ...gap, because: 'unknown' }], around)).toBe('Came later: 15 readings backfilled');
  });
  it('shows a cause it does not know as it stands', () => {
    expect(explainGap([{ ...hole, cause: 'eaten' }], around)).toContain('eaten');
  });
  it('puts a declared hole of unknown time nowhere', () => {
    const declared: DeclaredGap = {
      stream: 1,
      fromSeq: 5,
      toSeq: 9,
      reason: 'overflow',
      fromMs: 10_000,
      toMs: 20_000,
      readings: 15,
    };
    expect(readDeclared([declared, { ...declared, fromMs: 0, toMs: 0 }])).toEqual([hole]);
  });
});

describe('completeness', () => {
  it.each([
    [100, '100'],
    [99.999_9, '99.999'],
    [99.98, '99.980'],
    [98.765, '98.76'],
    [0, '0.00'],
  ])('%d reads %s and is never rounded up', (percent, text) => {
    expect(formatPercent(percent)).toBe(text);
  });
});
