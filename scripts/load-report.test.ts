import { expect, it } from 'vitest';
import { atMost, quantile } from './load-report.ts';

it('takes quantiles by nearest rank, and none of nothing', () => {
  const sorted = Array.from({ length: 100 }, (_, i) => i + 1);
  expect([0, 0.5, 0.99, 0.999, 1].map((q) => quantile(sorted, q))).toEqual([1, 50, 99, 100, 100]);
  expect(quantile([7], 0.5)).toBe(7);
  expect(quantile([], 0.5)).toBeNull();
});

it('meets a bound on it, and never with NaN', () => {
  const bound = { most: 10, unit: 'ms' };
  expect(atMost('p99', 10, bound)).toEqual({ name: 'p99', value: 10, bound: '<= 10', unit: 'ms', met: true });
  expect(atMost('p99', 10.1, bound).met).toBe(false);
  expect(atMost('p99', Number.NaN, bound).met).toBe(false);
});

it('shows as many digits as tell what was judged', () => {
  expect(atMost('size', 1.00412, { most: 1, unit: 'x' })).toMatchObject({ value: 1.004, met: false });
  expect(atMost('size', 0.99912, { most: 1, unit: 'x' })).toMatchObject({ value: 0.999, met: true });
});
