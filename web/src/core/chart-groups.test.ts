import { expect, test } from 'vitest';
import { planCharts } from './chart-groups.ts';

const gauge = (name: string, unit = '') => ({ name, unit, kind: 'gauge' as const });

test('what has one unit and one first word shares a chart', () => {
  const { charts } = planCharts([gauge('cpu.usage', '%'), gauge('memory.usage', '%'), gauge('cpu.core.0.usage', '%')]);
  expect(charts.map(({ title, series }) => [title, series.map(({ metric }) => metric)])).toEqual([
    ['cpu', [0, 2]],
    ['memory.usage', [1]],
  ]);
});

test('without a unit only names that differ by numbers alone can be compared', () => {
  const { charts } = planCharts([gauge('load.1m'), gauge('lora.gateways'), gauge('load.15m'), gauge('lora.data_rate')]);
  expect(charts.map(({ title, series }) => [title, series.map(({ label }) => label)])).toEqual([
    ['load', ['1m', '15m']],
    ['lora.gateways', ['']],
    ['lora.data_rate', ['']],
  ]);
});
