/**
 * GET /api/v1/export: any selection of readings as a file, streamed.
 *
 * Owns nothing but the streams it has open. Memory is flat: a page of readings is asked for when the asker's socket has taken
 * what came before, and everything stops when the asker leaves.
 */
import type { MetricDeclaration } from '@lapwing/protocol';
import type { DeviceRoster, DeviceState } from '../core/device-roster.ts';
import { type MergeSelection, mergeReadings, type ReadingRows } from '../core/export-merge.ts';
import { type ExportPart, type ExportShape, makeTextWriter } from '../core/export-text.ts';
import type { Store } from '../core/ports.ts';
import { findDevice } from './device-routes.ts';
import { HttpProblem, makeRoute, type Route } from './http-router.ts';
import { type Out, shapes } from './http-shapes.ts';
import { ParquetThread } from './parquet-thread.ts';

export interface ExportRouteParts {
  readonly roster: DeviceRoster;
  readonly store: Store;
  readonly version: string;
  readonly nowMs: () => number;
}

type ExportQuery = Out<typeof shapes.exportQuery>;

/** One device of the selection, its metrics in the order of their names. */
interface Selected {
  readonly part: ExportPart;
  readonly selection: MergeSelection;
}

interface FileWriter {
  readonly head: string;
  /** Bytes that are ready; empty while there are none. */
  writeRows(part: ExportPart, rows: ReadingRows): Promise<Uint8Array>;
  finish(): Promise<Uint8Array>;
  end(): Promise<void>;
}

const contentTypes = {
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
} as const;

export function makeExportRoutes(parts: ExportRouteParts): Route[] {
  const { roster, store, version, nowMs } = parts;
  return [
    makeRoute({
      method: 'GET',
      path: '/api/v1/export',
      access: 'reader',
      summary: 'Readings as a CSV, NDJSON or Parquet file, of any number of devices, metrics and years',
      query: shapes.exportQuery,
      produces: Object.values(contentTypes),
      handle: ({ query }) => {
        const selected = selectReadings(roster, query);
        const metrics = selected[0]?.part.metrics ?? [];
        const headers = {
          'content-type': contentTypes[query.format],
          'content-disposition': `attachment; filename="${nameFile(query, nowMs())}"`,
        };
        return {
          status: 200,
          headers,
          stream: (signal) => writeFile({ store, signal }, selected, () => makeFileWriter(query, metrics, version)),
        };
      },
    }),
  ];
}

async function* writeFile(
  { store, signal }: { store: Store; signal: AbortSignal },
  selected: readonly Selected[],
  openWriter: () => FileWriter,
): AsyncGenerator<Uint8Array> {
  const writer = openWriter();
  try {
    if (writer.head !== '') yield new TextEncoder().encode(writer.head);
    for (const { part, selection } of selected) {
      for await (const rows of mergeReadings(store, selection, signal)) {
        const bytes = await writer.writeRows(part, rows);
        if (bytes.length > 0) yield bytes;
      }
    }
    const tail = await writer.finish();
    if (tail.length > 0) yield tail;
  } finally {
    await writer.end();
  }
}

function makeFileWriter(query: ExportQuery, metrics: readonly MetricDeclaration[], version: string): FileWriter {
  const { format, shape } = query;
  if (format === 'parquet') {
    const thread = new ParquetThread({ shape, metrics, createdBy: `lapwing ${version}` });
    const writeRows: FileWriter['writeRows'] = (part, rows) => thread.writeRows(part, rows);
    return { head: '', writeRows, finish: () => thread.finish(), end: () => thread.end() };
  }
  const { head, writeRows } = makeTextWriter(format, shape, metrics);
  const encoder = new TextEncoder();
  return {
    head,
    writeRows: async (part, rows) => {
      // Blocks of one page follow each other without I/O: devices and viewers get their turn in between.
      await new Promise(setImmediate);
      return encoder.encode(writeRows(part, rows));
    },
    finish: () => Promise.resolve(new Uint8Array(0)),
    end: () => Promise.resolve(),
  };
}

function selectReadings(roster: DeviceRoster, query: ExportQuery): Selected[] {
  const devices =
    query.device === '*' ? [...roster.devices.values()] : query.device.map((deviceId) => findDevice(roster, deviceId));
  checkShapeFits(query.format, query.shape, devices.length);
  const selected = devices.map((device) => selectMetrics(device, query));
  if (query.metrics !== '*' && selected.length > 0 && selected.every(({ part }) => part.metrics.length === 0)) {
    const advice = 'Names or indices with commas, as GET /api/v1/devices lists them, or *.';
    throw new HttpProblem(404, 'unknown-metric', { message: 'None of these devices has such a metric', advice });
  }
  return selected;
}

function checkShapeFits(format: ExportQuery['format'], shape: ExportShape, devices: number): void {
  if (shape === 'long' || format === 'ndjson' || devices <= 1) return;
  throw new HttpProblem(400, 'one-device', {
    message: 'The wide form has the metrics of one device as its columns',
    advice: 'Ask for one device, or for shape=long.',
  });
}

function selectMetrics(device: DeviceState, { metrics, from, to }: ExportQuery): Selected {
  const isWanted = (name: string, index: number) =>
    metrics === '*' ||
    metrics.includes(name) ||
    (metrics.includes(String(index)) && !device.metricByName.has(`${index}`));
  const chosen = device.metrics
    .map((metric, index) => ({ metric, index }))
    .filter(({ metric, index }) => isWanted(metric.name, index))
    // By UTF-16 code units: the order must not depend on anybody's language, nor on which metric a hub met first.
    .sort((a, b) => (a.metric.name < b.metric.name ? -1 : 1));
  return {
    part: { deviceId: device.deviceId, metrics: chosen.map(({ metric }) => metric) },
    selection: {
      device: device.key,
      metrics: chosen.map(({ metric, index }) => ({ index, isText: metric.kind === 'text' })),
      fromMs: from,
      toMs: to,
    },
  };
}

/** Letters, digits, dots and hyphens only: a name for every file system, and for a header. */
function nameFile({ device, format }: ExportQuery, nowMs: number): string {
  const one = device === '*' ? 'all-devices' : device.length === 1 ? device[0]! : `${device.length}-devices`;
  const stamp = new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  return `lapwing-${one.replaceAll(/[^A-Za-z0-9._-]/g, '_')}-${stamp}Z.${format}`;
}
