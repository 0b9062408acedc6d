/**
 * Where the readings of a fill come from: a synthetic fleet, or CSV files. Opened from a plan that can be sent to a process, and
 * the same plan gives the same readings to everyone. Owns the place reached in each device.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { MetricDeclaration } from '@lapwing/protocol';
import { CsvParser } from '../../device-sim/src/core/csv-parser.ts';
import { type CsvRow, CsvTable } from '../../device-sim/src/core/csv-table.ts';
import { SeededWalk } from './seeded-walk.ts';

export type SourcePlan = FleetPlan | { readonly kind: 'csv'; readonly files: readonly string[] };

/** Rows fromRow … fromRow + rows − 1 of every device; `startMs` is the time of row 0. */
export interface FleetPlan {
  readonly kind: 'fleet';
  readonly devices: number;
  readonly metrics: number;
  readonly fromRow: number;
  readonly rows: number;
  readonly stepMs: number;
  readonly startMs: number;
}

export type SourceValue = number | string | null;
export interface SourceRows {
  readonly times: Float64Array;
  /** By metric, then by row; null: no value. */
  readonly columns: readonly ArrayLike<SourceValue>[];
}

export interface SourceDevice {
  readonly id: string;
  readonly metrics: readonly MetricDeclaration[];
  readonly rows: number;
  readonly readings: number;
  /** The next rows, at most `rowsMax`; null when there are no more. */
  readonly take: (rowsMax: number) => SourceRows | null;
}

const complaintsMax = 3;

export const fleetDevice = (index: number): string => `fleet-${String(index).padStart(5, '0')}`;

export function openSource(plan: SourcePlan): SourceDevice[] {
  if (plan.kind === 'fleet') return Array.from({ length: plan.devices }, (_, i) => openFleetDevice(plan, i));
  return plan.files.map((file) => openCsvDevice(file));
}

function openFleetDevice(plan: FleetPlan, index: number): SourceDevice {
  const walk = new SeededWalk(index, plan.metrics);
  let next = 0;
  const take = (rowsMax: number): SourceRows | null => {
    for (; next < plan.fromRow; next++) walk.step();
    const rows = Math.min(rowsMax, plan.fromRow + plan.rows - next);
    if (rows <= 0) return null;
    const times = new Float64Array(rows);
    const columns = Array.from({ length: plan.metrics }, () => new Float64Array(rows));
    for (let r = 0; r < rows; r++, next++) {
      walk.step();
      times[r] = plan.startMs + next * plan.stepMs;
      for (let m = 0; m < columns.length; m++) columns[m]![r] = walk.tenths[m]! / 10;
    }
    return { times, columns };
  };
  const metrics = Array.from({ length: plan.metrics }, (_, m) => ({ name: `m${m}`, unit: '', kind: 'gauge' as const }));
  return { id: fleetDevice(index), metrics, rows: plan.rows, readings: plan.rows * plan.metrics, take };
}

function openCsvDevice(file: string): SourceDevice {
  let metrics: readonly MetricDeclaration[] = [];
  const rows: CsvRow[] = [];
  let complaints = 0;
  const table = new CsvTable({
    unit: '',
    csvOnComplaint: ({ line, text }) => {
      if (complaints++ < complaintsMax) console.error(`${file}, line ${line}: ${text}`);
    },
    csvOnMetrics: (found) => {
      metrics = found;
    },
    csvOnRow: (row) => rows.push(row),
  });
  const parser = new CsvParser();
  for (const record of parser.push(readFileSync(file, 'utf8'))) table.take(record);
  for (const record of parser.finish()) table.take(record);
  table.finish();
  let next = 0;
  const take = (rowsMax: number): SourceRows | null => {
    const some = rows.slice(next, next + rowsMax);
    next += some.length;
    if (some.length === 0) return null;
    const columns = metrics.map((_, m) => some.map((row) => row.values[m] ?? null));
    return { times: Float64Array.from(some, (row) => row.timeMs), columns };
  };
  const readings = rows.reduce((sum, { values }) => sum + values.filter((value) => value !== null).length, 0);
  const id = basename(file)
    .replace(/\.csv$/i, '')
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 60);
  return { id, metrics, rows: rows.length, readings, take };
}
