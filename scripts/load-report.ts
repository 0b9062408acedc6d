/**
 * The one shape in which soak and benchmarks report: figures, and goals that are met or not. Owns nothing. It reports what was
 * measured; whoever calls it sets the bounds beforehand.
 */
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { resolve } from 'node:path';

export interface Goal {
  readonly name: string;
  readonly value: number;
  readonly bound: string;
  readonly unit: string;
  readonly met: boolean;
}

export interface LoadReport {
  readonly scenario: string;
  readonly rounds: number;
  readonly figures: Readonly<Record<string, number | string | null>>;
  readonly goals: readonly Goal[];
  /** Of other programs that were measured. */
  readonly versions?: Readonly<Record<string, string>>;
}

export function atMost(name: string, value: number, bound: { most: number; unit: string }): Goal {
  const met = value <= bound.most;
  return {
    name,
    value: shorten(value, (shown) => shown <= bound.most === met),
    bound: `<= ${bound.most}`,
    unit: bound.unit,
    met,
  };
}

export function atLeast(name: string, value: number, bound: { least: number; unit: string }): Goal {
  const met = value >= bound.least;
  return {
    name,
    value: shorten(value, (shown) => shown >= bound.least === met),
    bound: `>= ${bound.least}`,
    unit: bound.unit,
    met,
  };
}

/** Judged is what was measured; what is shown says the same: 1.004 is not shown as 1 where 1 would be good enough. */
function shorten(value: number, saysTheSame: (shown: number) => boolean): number {
  const shown = [toSignificant(value), ...[4, 5, 6].map((digits) => Number(value.toPrecision(digits)))];
  return shown.find(saysTheSame) ?? value;
}

/** Three digits are all that a benchmark can tell; whole numbers stay whole. */
export function toSignificant(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

/** Prints the report (one JSON object as the last line of standard output, or a table for people) and sets the exit code. */
export function printReport(report: LoadReport, json: boolean): void {
  const met = report.goals.every((goal) => goal.met);
  if (json) {
    const { scenario, rounds, figures, goals } = report;
    const versions = { ...readVersions(), ...report.versions };
    console.log(JSON.stringify({ scenario, machine: describeMachine(), versions, rounds, figures, goals }));
  } else {
    const width = Math.max(...Object.keys(report.figures).map((name) => name.length));
    for (const [name, value] of Object.entries(report.figures)) console.log(`${name.padEnd(width)}  ${value}`);
    for (const goal of report.goals) {
      console.log(`${goal.met ? 'met    ' : 'NOT MET'}  ${goal.name}: ${goal.value} ${goal.unit} (${goal.bound})`);
    }
  }
  if (!met) process.exitCode = 1;
}

export function describeMachine(): Record<string, string | number> {
  const processors = cpus();
  return {
    platform: `${process.platform} ${process.arch}`,
    processor: processors[0]?.model ?? 'unknown',
    processors: processors.length,
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
  };
}

export function readVersions(): Record<string, string> {
  const own = JSON.parse(readFileSync(resolve(import.meta.dirname, '../package.json'), 'utf8')) as { version: string };
  const of = (name: string): string => {
    const path = resolve(import.meta.dirname, `../node_modules/${name}/package.json`);
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  };
  return { lapwing: own.version, node: process.versions.node, ws: of('ws'), 'better-sqlite3': of('better-sqlite3') };
}

/** The value below which a share `q` of the sorted values lies (nearest rank); null of none. */
export function quantile(sorted: ArrayLike<number>, q: number): number | null {
  if (sorted.length === 0) return null;
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? null;
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
