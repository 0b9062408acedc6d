/**
 * The figures of all rounds: for each contestant and measure one number a round, reported as median and quartiles. Owns those
 * numbers. It never drops one.
 */
import { quantile, toSignificant } from '../load-report.ts';

export class Samples {
  private readonly values = new Map<string, number[]>();

  /** NaN counts as not measured. */
  add(contestant: string, measures: Readonly<Record<string, number | null>>): void {
    for (const [measure, value] of Object.entries(measures)) {
      if (value === null || Number.isNaN(value)) continue;
      const name = `${contestant}.${measure}`;
      const list = this.values.get(name);
      if (list === undefined) this.values.set(name, [value]);
      else list.push(value);
    }
  }

  all(contestant: string, measure: string): readonly number[] {
    return this.values.get(`${contestant}.${measure}`) ?? [];
  }

  /** NaN where nothing was measured. */
  median(contestant: string, measure: string): number {
    return medianOf(this.all(contestant, measure));
  }

  /** The median of a ÷ b, round by round: what the machine did in a round, it did to both. */
  medianRatio(measure: string, above: string, below: string): number {
    const others = this.all(below, measure);
    const ratios = this.all(above, measure).flatMap((value, i) => (others[i] === undefined ? [] : [value / others[i]]));
    return medianOf(ratios);
  }

  /** Medians by name, and `NAME.quartiles` where there was more than one round. */
  figures(): Record<string, number | string> {
    const figures: Record<string, number | string> = {};
    for (const [name, list] of this.values) {
      figures[name] = toSignificant(medianOf(list));
      if (list.length < 2) continue;
      const sorted = list.toSorted((a, b) => a - b);
      const ends = [0.25, 0.75].map((q) => toSignificant(quantile(sorted, q) ?? Number.NaN));
      figures[`${name}.quartiles`] = ends.join(' … ');
    }
    return figures;
  }
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
