import { describe, expect, it } from 'vitest';
import { type ChartGroup, planCharts } from './chart-groups.ts';
import { filterCharts, sectionMetricsMax, splitSections } from './chart-sections.ts';

const metrics = Array.from({ length: 300 }, (_, i) => ({
  name: `sensor${i % 3 === 0 ? '.hall' : ''}.${i}`,
  unit: i % 4 === 0 ? '°C' : i % 4 === 1 ? '%' : '',
  kind: 'gauge' as const,
}));
const charts = planCharts(metrics).charts;

function listMetrics(groups: readonly ChartGroup[]): number[] {
  return groups.flatMap(({ series }) => series.map(({ metric }) => metric)).sort((a, b) => a - b);
}

describe('sections', () => {
  it('hold every chart once, by unit, and none too many metrics', () => {
    const sections = splitSections(charts);
    expect(listMetrics(sections.flatMap((section) => section.charts))).toEqual(metrics.map((_, i) => i));
    for (const section of sections) {
      expect(new Set(section.charts.map(({ unit }) => unit)).size).toBe(1);
      expect(section.metrics.length).toBeLessThanOrEqual(sectionMetricsMax);
    }
    expect(sections.map(({ title }) => title)).toContain('°C · 1 of 2');
    expect(new Set(sections.map(({ id }) => id)).size).toBe(sections.length);
  });
});

describe('the filter', () => {
  const nameOf = (metric: number) => metrics[metric]!.name;
  it('finds by words of a name and its unit, in any order', () => {
    const found = filterCharts(charts, '°c HALL', nameOf);
    expect(found.length).toBeGreaterThan(0);
    for (const { unit } of found) expect(unit).toBe('°C');
    expect(filterCharts(charts, 'hall.299x', nameOf)).toEqual([]);
    expect(filterCharts(charts, '  ', nameOf)).toBe(charts);
  });
});
