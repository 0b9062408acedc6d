/**
 * A long list of charts in sections that a person can find their way in: by unit, none too long.
 *
 * Owns no state. Invariant: every chart is in exactly one section, in its order; a section holds at most `sectionMetricsMax` metrics
 * but for a single chart that has more.
 */
import type { ChartGroup } from './chart-groups.ts';

export interface ChartSection {
  readonly id: string;
  readonly title: string;
  readonly charts: readonly ChartGroup[];
  /** Indices of all metrics of its charts. */
  readonly metrics: readonly number[];
}

export const sectionMetricsMax = 48;

export function splitSections(charts: readonly ChartGroup[]): ChartSection[] {
  const byUnit = Map.groupBy(charts, ({ unit }) => unit);
  const sections: ChartSection[] = [];
  for (const [unit, same] of byUnit) {
    const title = unit === '' ? 'No unit' : unit;
    const parts = splitParts(same);
    parts.forEach((part, place) => {
      sections.push({
        id: `${unit} ${place}`,
        title: parts.length === 1 ? title : `${title} · ${place + 1} of ${parts.length}`,
        charts: part,
        metrics: part.flatMap(({ series }) => series.map(({ metric }) => metric)),
      });
    });
  }
  return sections;
}

function splitParts(charts: readonly ChartGroup[]): ChartGroup[][] {
  const parts: ChartGroup[][] = [];
  let metrics = Number.POSITIVE_INFINITY;
  for (const chart of charts) {
    if (metrics + chart.series.length > sectionMetricsMax) {
      parts.push([]);
      metrics = 0;
    }
    parts.at(-1)!.push(chart);
    metrics += chart.series.length;
  }
  return parts;
}

/** Those of which the title or a metric's name holds all words of `text`. */
export function filterCharts(
  charts: readonly ChartGroup[],
  text: string,
  nameOf: (metric: number) => string,
): readonly ChartGroup[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return charts;
  return charts.filter(({ title, unit, series }) => {
    const names = [`${title} ${unit}`, ...series.map(({ metric }) => `${nameOf(metric)} ${unit}`)];
    return names.some((name) => words.every((word) => name.toLowerCase().includes(word)));
  });
}
