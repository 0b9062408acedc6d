/**
 * Readings as InfluxDB line protocol, which VictoriaMetrics takes too: a line per row with all its metrics, devices in turns.
 * Owns nothing.
 */
import type { SourceDevice, SourceRows } from './reading-source.ts';

/** Bodies of requests. */
export function* encodeLines(
  devices: readonly SourceDevice[],
  { rowsPerTurn, linesPerPost }: { rowsPerTurn: number; linesPerPost: number },
): Generator<Buffer> {
  let lines: string[] = [];
  for (let hasMore = true; hasMore; ) {
    hasMore = false;
    for (const device of devices) {
      const rows = device.take(rowsPerTurn);
      if (rows === null) continue;
      hasMore = true;
      for (let r = 0; r < rows.times.length; r++) {
        const line = encodeRow(device, rows, r);
        if (line !== '') lines.push(line);
        if (lines.length < linesPerPost) continue;
        yield Buffer.from(lines.join('\n'));
        lines = [];
      }
    }
  }
  if (lines.length > 0) yield Buffer.from(lines.join('\n'));
}

function encodeRow(device: SourceDevice, { times, columns }: SourceRows, row: number): string {
  let fields = '';
  for (let m = 0; m < columns.length; m++) {
    const value = columns[m]![row];
    // Neither peer knows NaN and Infinity.
    if (value === null || value === undefined || (typeof value === 'number' && !Number.isFinite(value))) continue;
    const text = typeof value === 'number' ? String(value) : `"${value.replaceAll(/(["\\])/g, '\\$1')}"`;
    fields += `${fields === '' ? '' : ','}${escapeName(device.metrics[m]!.name)}=${text}`;
  }
  return fields === '' ? '' : `r,dev=${device.id} ${fields} ${times[row]}`;
}

const escapeName = (name: string): string => (/[ ,=]/.test(name) ? name.replaceAll(/([ ,=])/g, '\\$1') : name);
