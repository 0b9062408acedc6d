/**
 * Metric lists and tables, one object for all devices that say the same: ten thousand boards of a kind are described once.
 *
 * Owns what is shared. Invariant: nothing handed out is ever changed; a device whose list grows gets another one. Sharing is a
 * matter of memory only: lists that are long, or come when there are many already, are made for their device alone.
 */
import type { MetricDeclaration } from '@lapwing/protocol';

/** A longer one is seldom anybody else's, and costs its text on each growth. */
const sharedMetricsMax = 64;
/** From there on it begins anew, and loses no more than a chance. */
const sharedMax = 1024;

export interface MetricList {
  readonly metrics: readonly MetricDeclaration[];
  readonly metricByName: ReadonlyMap<string, number>;
}

export class MetricLists {
  private readonly lists = new Map<string, MetricList>();
  private readonly tables = new Map<string, readonly number[]>();

  list(metrics: readonly MetricDeclaration[]): MetricList {
    const share = () => makeList(metrics);
    if (metrics.length > sharedMetricsMax) return share();
    return find(this.lists, JSON.stringify(metrics.map(({ name, unit, kind }) => [name, unit, kind])), share);
  }

  table(indices: readonly number[]): readonly number[] {
    if (indices.length > sharedMetricsMax) return indices;
    return find(this.tables, indices.join(), () => [...indices]);
  }
}

/** Tables only grow within an epoch. */
export function isPrefix(shorter: readonly number[], longer: readonly number[]): boolean {
  return shorter.length <= longer.length && shorter.every((metric, index) => longer[index] === metric);
}

function makeList(metrics: readonly MetricDeclaration[]): MetricList {
  return {
    metrics: metrics.map(({ name, unit, kind }) => ({ name, unit, kind })),
    metricByName: new Map(metrics.map(({ name }, index) => [name, index])),
  };
}

function find<T>(known: Map<string, T>, key: string, make: () => T): T {
  let found = known.get(key);
  if (found === undefined) {
    found = make();
    if (known.size >= sharedMax) known.clear();
    known.set(key, found);
  }
  return found;
}
