/**
 * The week behind the demo: rows of the past for every simulated device, as CSV files for the hub's import.
 *
 * Owns nothing. The same seed makes the same week; what is measured next continues it, since the devices' values are functions of the
 * time (boards: of their own steps through it).
 */
import { boardMix, makeBoard, nameBoard } from '../device-sim/src/core/board-models.ts';
import { makeDialectDevices, simDialects } from '../device-sim/src/core/dialect-devices/all-dialect-devices.ts';
import { openPast } from '../hub/test/dialect-history.ts';
import type { HubClient } from './hub-client.ts';

export interface Week {
  readonly seed: number;
  readonly boards: number;
  readonly dialectDevices: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** One device's past: a time and its values a row. */
export interface PastTable {
  /** An id, or with `*` at its end how it begins. */
  readonly device: string;
  readonly csv: string;
  readonly readings: number;
}

const boardStepMs = 300_000;
const dialectStepMs = 600_000;

export function* makeBoardTables({ seed, boards, fromMs, toMs }: Week): Generator<PastTable> {
  for (let board = 0; board < boards; board++) {
    const model = makeBoard(boardMix[board % boardMix.length]!, { seed, board, plainMetrics: 0 });
    const whole = new Float64Array(model.metrics.length);
    const table = new Table();
    for (let nowMs = fromMs; nowMs < toMs; nowMs += boardStepMs) {
      model.sample(nowMs, whole);
      model.metrics.forEach(({ name, kind, exponent }, column) => {
        const value = whole[column]!;
        if (Number.isNaN(value)) return;
        const written =
          kind === 'bool' ? String(value !== 0) : (value * 10 ** exponent).toFixed(Math.max(0, -exponent));
        table.put(nowMs, name, written);
      });
    }
    yield table.finish(nameBoard(seed, board));
  }
}

export function* makeDialectTables({ seed, dialectDevices, fromMs, toMs }: Week): Generator<PastTable> {
  for (const dialect of simDialects) {
    for (const device of makeDialectDevices(dialect, { count: dialectDevices, seed })) {
      const read = openPast(device.id);
      const tables = new Map<string, Table>();
      // Just before: an event that came twice would be one.
      read(device.births(fromMs - 1), fromMs - 1);
      for (let nowMs = fromMs; nowMs < toMs; nowMs += dialectStepMs) {
        for (const { dialect: name, native, metric, kind, value } of read(device.samples(nowMs), nowMs)) {
          const id = nameInHub(device.id, { dialect: name, native });
          const table = tables.get(id) ?? new Table();
          tables.set(id, table);
          table.put(nowMs, metric, kind === 'bool' ? String(value === 1) : String(value));
        }
      }
      for (const [id, table] of tables) yield table.finish(id);
    }
  }
}

/** A connection's own device has the connection's name; those behind it are called by dialect and native name. */
function nameInHub(sender: string, { dialect, native }: { dialect: string; native: string }): string {
  if (dialect === 'zigbee2mqtt' || dialect === 'chirpstack') return `${dialect}-${native}`;
  // Group, node and device: the machine at a node. What cannot stand in an id is told apart by a hash behind it.
  if (dialect === 'sparkplug' && native.split('/').length === 3) return `${dialect}-${native.replaceAll('/', '-')}*`;
  return sender;
}

class Table {
  private readonly columns = new Map<string, number>();
  private readonly rows = new Map<number, string[]>();
  private readings = 0;

  put(timeMs: number, metric: string, value: string): void {
    const column = this.columns.get(metric) ?? this.columns.size;
    this.columns.set(metric, column);
    const row = this.rows.get(timeMs) ?? [];
    row[column] = value;
    this.rows.set(timeMs, row);
    this.readings += 1;
  }

  finish(device: string): PastTable {
    const quote = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const header = ['time', ...this.columns.keys()].map(quote).join(',');
    const lines = [...this.rows].map(([timeMs, row]) => {
      const cells = Array.from(this.columns.values(), (column) => quote(row[column] ?? ''));
      return `${new Date(timeMs).toISOString()},${cells.join(',')}`;
    });
    return { device, csv: `${header}\n${lines.join('\n')}\n`, readings: this.readings };
  }
}

/** Puts tables into the hub, for the devices that it knows. Answers how many readings are stored. */
export async function importTables(
  hub: HubClient,
  tables: Iterable<PastTable>,
  ids: readonly string[],
): Promise<number> {
  let stored = 0;
  for (const { device, csv } of tables) {
    const id = device.endsWith('*') ? ids.find((one) => one.startsWith(device.slice(0, -1))) : device;
    if (id === undefined || !ids.includes(id)) continue;
    const query = new URLSearchParams({ device: id, format: 'csv', source: 'demo' });
    const answer = await fetch(`${hub.url}/api/v1/import?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv', cookie: hub.cookie, origin: hub.url },
      body: csv,
    });
    if (!answer.ok) throw new Error(`the history of ${id} was refused: ${answer.status} ${await answer.text()}`);
    stored += ((await answer.json()) as { stored: number }).stored;
  }
  return stored;
}
