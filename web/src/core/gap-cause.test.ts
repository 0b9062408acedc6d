import { describe, expect, it } from 'vitest';
import { type DeclaredGap, explainGap, findDeclared } from './gap-cause.ts';

const hole: DeclaredGap = {
  stream: 1,
  fromSeq: 5,
  toSeq: 9,
  reason: 'overflow',
  fromMs: 10_000,
  toMs: 20_000,
  readings: 15,
};

describe('the cause of a gap', () => {
  it('is silence while nobody declared anything lost', () => {
    expect(explainGap([hole], { fromMs: 30_000, toMs: 270_000 })).toBe(
      'No readings for 4\u2009min; none declared lost',
    );
  });
  it('is what the device declared, with how many readings', () => {
    expect(explainGap([hole], { fromMs: 9_000, toMs: 21_000 })).toBe(
      'No readings for 12\u2009s; 15 readings lost: the outbox was full',
    );
  });
  it('counts no readings when one hole does not know its own', () => {
    const unknown = { ...hole, readings: 0, reason: 'corrupt' };
    expect(explainGap([hole, unknown], { fromMs: 9_000, toMs: 21_000 })).toContain(
      'readings lost: the outbox was full, the',
    );
    expect(explainGap([hole, unknown], { fromMs: 9_000, toMs: 21_000 })).not.toContain('15');
  });
  it('shows a cause it does not know as it stands', () => {
    expect(explainGap([{ ...hole, reason: 'eaten' }], hole)).toContain('eaten');
  });
  it('puts a hole of unknown time nowhere', () => {
    expect(findDeclared([{ ...hole, fromMs: 0, toMs: 0 }], { fromMs: 0, toMs: 1e13 })).toEqual([]);
  });
});
