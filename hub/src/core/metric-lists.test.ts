import { expect, test } from 'vitest';
import { MetricLists } from './metric-lists.ts';

const metrics = [
  { name: 'temperature', unit: '°C', kind: 'gauge' },
  { name: 'state', unit: '', kind: 'text' },
] as const;

test('equal lists and tables are one object, whatever is done with what they were made of', () => {
  const lists = new MetricLists();
  const mine = metrics.map((metric) => ({ ...metric }));
  const list = lists.list(mine);
  mine[0]!.unit = 'K' as never;
  mine.pop();
  expect(list.metrics).toEqual(metrics);
  expect(list.metricByName).toEqual(
    new Map([
      ['temperature', 0],
      ['state', 1],
    ]),
  );
  expect(lists.list(metrics)).toBe(list);
  expect(lists.list([metrics[1], metrics[0]])).not.toBe(list);
  expect(lists.list([{ ...metrics[0], unit: 'K' }, metrics[1]])).not.toBe(list);
  expect(lists.table([0, 1])).toBe(lists.table([0, 1]));
  expect(lists.table([1, 0])).toEqual([1, 0]);
});

test('long lists, and more than it keeps, are right all the same', () => {
  const lists = new MetricLists();
  const long = Array.from({ length: 1000 }, (_, i) => ({ name: `m${i}`, unit: '', kind: 'gauge' as const }));
  expect(lists.list(long).metrics).toEqual(long);
  expect(lists.list(long).metricByName.get('m999')).toBe(999);
  for (const metric of long.flatMap((one) => [one, { ...one, unit: 'W' }])) {
    expect(lists.list([metric]).metrics).toEqual([metric]);
  }
});
