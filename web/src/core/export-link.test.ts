import { expect, test } from 'vitest';
import { makeExportLink } from './export-link.ts';

test('names devices, metrics once each, and a stretch in whole milliseconds', () => {
  const link = makeExportLink({ devices: ['a', 'b:1'], metrics: ['t & h', 'x', 'x'], fromMs: 1.5, toMs: 2.5 });
  const url = new URL(link, 'http://hub');
  expect(url.pathname).toBe('/api/v1/export');
  expect(Object.fromEntries(url.searchParams)).toEqual({
    device: 'a,b:1',
    format: 'csv',
    metrics: 't & h,x',
    from: '1',
    to: '3',
  });
  expect(makeExportLink({ devices: ['a'], metrics: [], fromMs: 0, toMs: 1 })).not.toContain('metrics');
});
