/** What the fleet table and the device page choose by themselves: columns, cells and charts. */
import type { MetricDeclaration } from '@lapwing/protocol';
import { describe, expect, it } from 'vitest';
import { planCharts } from './chart-groups.ts';
import { assignCells, chooseColumns, nameMetric } from './metric-family.ts';

const gauge = (name: string, unit: string): MetricDeclaration => ({ name, unit, kind: 'gauge' });
const computer = [
  gauge('cpu.core0', '%'),
  gauge('cpu.busy', '%'),
  gauge('memory.used', '%'),
  gauge('soc_temp', '°C'),
  { name: 'net.rx', unit: 'B', kind: 'counter' },
] as const;
const door: MetricDeclaration[] = [{ name: 'door.open', unit: '', kind: 'bool' }, gauge('supply', 'V')];

describe('columns and cells', () => {
  it('heads columns by what most devices have, and leaves one for what each has of its own', () => {
    const columns = chooseColumns([computer, computer, door], 3);
    expect(columns.map((column) => column.id)).toEqual(['cpu', 'memory']);
  });

  it('heads every column where all devices are alike', () => {
    const columns = chooseColumns([computer, computer], 3);
    expect(columns.map((column) => column.id)).toEqual(['cpu', 'memory', 'temperature']);
  });

  it('heads no column by what few devices have', () => {
    expect(chooseColumns([computer, door, door], 4).map((column) => column.id)).toEqual(['voltage']);
  });

  it('prefers the plain metric of a family to one of its parts', () => {
    const columns = chooseColumns([computer], 4);
    expect(assignCells(computer, columns, 4).slice(0, 3)).toEqual([1, 2, 3]);
  });

  it('puts nothing foreign under a heading, and its own metrics behind the headed ones', () => {
    const columns = chooseColumns([computer, computer, door], 4);
    expect(columns.map((column) => column.id)).toEqual(['cpu', 'memory', 'temperature']);
    expect(assignCells(door, columns, 4)).toEqual([-1, -1, -1, 1]);
    expect(assignCells(door, [], 3)).toEqual([1, 0, -1]);
  });

  it('shows one metric of each kind before a second of any', () => {
    expect(assignCells(computer, [], 3)).toEqual([1, 2, 3]);
  });

  it('calls a metric by its kind, else by its own name kept short', () => {
    expect(nameMetric(gauge('climate.humidity', '%'), [])).toBe('Humidity');
    expect(nameMetric(gauge('cpu.core0', '%'), [])).toBe('cpu.core0');
    expect(nameMetric({ name: 'door.open', unit: '', kind: 'bool' }, [])).toBe('door.open');
    expect(nameMetric(gauge('greenhouse.moisture', 'vol%'), [])).toBe('moisture');
    const columns = [{ id: 'temperature', label: 'Temp' }];
    expect(nameMetric(gauge('climate.temperature', '°C'), columns)).toBe('climate.temperature');
  });
});

describe('charts', () => {
  it('puts metrics of one unit and one family on one chart, bools on strips, texts in the table', () => {
    const layout = planCharts([
      gauge('cpu.user', '%'),
      gauge('cpu.system', '%'),
      gauge('memory.used', '%'),
      gauge('cpu.temp', '°C'),
      { name: 'net.rx', unit: 'B', kind: 'counter' },
      { name: 'throttled', unit: '', kind: 'bool' },
      { name: 'governor', unit: '', kind: 'text' },
    ]);
    expect(layout.charts.map(({ title, unit, series }) => `${title} ${unit} ${series.length}`)).toEqual([
      'cpu % 2',
      'memory.used % 1',
      'cpu.temp °C 1',
      'net.rx B/s 1',
    ]);
    expect(layout.charts[0]!.series.map(({ label, colour }) => `${label} ${colour}`)).toEqual(['user 1', 'system 2']);
    expect([layout.strips, layout.texts]).toEqual([[5], [6]]);
  });

  it('gives a metric the same chart and colour when others join later', () => {
    const before = planCharts([gauge('t.a', 'C'), gauge('t.b', 'C')]).charts[0]!;
    const after = planCharts([gauge('t.a', 'C'), gauge('t.b', 'C'), gauge('t.c', 'C')]).charts[0]!;
    expect(after.id).toBe(before.id);
    expect(after.series.slice(0, 2)).toEqual(before.series);
  });

  it('says a word that all series of a chart share only once', () => {
    const label = (...names: string[]) =>
      planCharts(names.map((name) => gauge(name, '%'))).charts[0]!.series.map((series) => series.label);
    expect(label('cpu.usage', 'cpu.core.0.usage', 'cpu.core.1.usage')).toEqual(['usage', 'core.0', 'core.1']);
    expect(label('net.eth0.rx', 'net.eth0.tx')).toEqual(['eth0.rx', 'eth0.tx']);
    expect(label('load.1m', 'load.5m')).toEqual(['1m', '5m']);
  });

  it('makes no chart of an uptime, which a tile says better', () => {
    expect(planCharts([gauge('uptime', 's'), gauge('load', '')]).charts.map((chart) => chart.title)).toEqual(['load']);
  });

  it('splits a group that one chart cannot show', () => {
    const many = Array.from({ length: 20 }, (_, i) => gauge(`probe.${i}`, 'V'));
    expect(planCharts(many).charts.map((chart) => chart.series.length)).toEqual([8, 8, 4]);
  });
});
