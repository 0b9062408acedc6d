/**
 * What the hub must know before it listens, out of the tables and the replayed heads. Reads only; owns nothing.
 */
import type { MetricDeclaration, MetricKind } from '@lapwing/protocol';
import type {
  DeviceKey,
  StoredDevice,
  StoredDeviceNotes,
  StoredDocument,
  StoredForeignDevice,
  StoredIdentity,
  StoredShare,
  StoredState,
  StoredStream,
  StreamKey,
} from '../core/ports.ts';
import { computeStats } from './block-stats.ts';
import type { Heads } from './head-book.ts';
import type { StreamHead } from './heads.ts';
import { loadMqttRows } from './mqtt-table.ts';
import { loadOnceKeys } from './once-table.ts';
import { decodeLatest, valuesOf } from './sealer.ts';
import type { Connection } from './sqlite.ts';
import { readStreamRow, readTable, streamColumns } from './stream-row.ts';

interface Latest {
  timeMs: number;
  arrivedMs: number;
  value: number | string;
}
const noLatest: Latest = { timeMs: Number.NaN, arrivedMs: Number.NaN, value: Number.NaN };

interface SleepRow {
  readonly device: number;
  readonly fromMs: number;
  readonly wakeMs: number;
}

interface DeviceDraft {
  readonly metrics: MetricDeclaration[];
  readonly latest: Latest[];
  lastSeenMs: number;
}

export function loadState(connection: Connection, heads: Heads): StoredState {
  return {
    devices: loadDevices(connection, heads),
    streams: loadStreams(connection, heads),
    identity: loadIdentity(connection),
    deviceNotes: loadDeviceNotes(connection),
    foreignDevices: connection
      .prepare('SELECT dialect, native, device FROM foreign_devices')
      .all() as StoredForeignDevice[],
    onceKeys: loadOnceKeys(connection),
    mqttRows: loadMqttRows(connection),
    settings: { bridges: loadSetting(connection, 'bridges') },
    documents: connection
      .prepare(
        'SELECT kind, id, owner, title, revision, changed_ms AS changedMs, content FROM documents ORDER BY changed_ms',
      )
      .all() as StoredDocument[],
    shares: connection
      .prepare(
        `SELECT id, hash, label, board, created_by AS createdBy, created_ms AS createdMs, expires_ms AS expiresMs
         FROM shares ORDER BY created_ms`,
      )
      .all() as StoredShare[],
  };
}

function loadSetting(connection: Connection, name: string): string {
  return (
    (connection.prepare('SELECT value FROM settings WHERE name = ?').pluck().get(name) as string | undefined) ?? ''
  );
}

function loadDevices(connection: Connection, heads: Heads): StoredDevice[] {
  const rows = connection
    .prepare('SELECT key, device_id AS deviceId, model, firmware, created_ms AS createdMs FROM devices ORDER BY key')
    .all() as { key: DeviceKey; deviceId: string; model: string; firmware: string; createdMs: number }[];
  const drafts = new Map<number, DeviceDraft>();
  for (const row of rows) drafts.set(row.key, { metrics: [], latest: [], lastSeenMs: Number.NaN });
  loadMetrics(connection, drafts);
  for (const head of heads.values()) {
    const draft = drafts.get(head.device);
    if (draft !== undefined) overlayHead(draft, head);
  }
  const sleeps = new Map(
    (connection.prepare('SELECT device, from_ms AS fromMs, wake_ms AS wakeMs FROM sleeps').all() as SleepRow[]).map(
      ({ device, ...sleep }) => [device, sleep],
    ),
  );
  return rows.map((row) => {
    const sleep = sleeps.get(row.key);
    return { ...row, ...drafts.get(row.key)!, ...(sleep === undefined ? {} : { sleep }) };
  });
}

function loadMetrics(connection: Connection, drafts: ReadonlyMap<number, DeviceDraft>): void {
  const metrics = connection.prepare('SELECT device, name, unit, kind FROM metrics ORDER BY device, metric').all() as {
    device: number;
    name: string;
    unit: string;
    kind: MetricKind;
  }[];
  for (const { device, name, unit, kind } of metrics) {
    const draft = drafts.get(device);
    draft?.metrics.push({ name, unit, kind });
    draft?.latest.push(noLatest);
  }
  const latest = connection
    .prepare('SELECT device, metric, time_ms AS timeMs, arrived_ms AS arrivedMs, value FROM latest')
    .all() as { device: number; metric: number; timeMs: number; arrivedMs: number; value: string | Uint8Array }[];
  for (const { device, metric, timeMs, arrivedMs, value } of latest) {
    const draft = drafts.get(device);
    if (draft !== undefined && metric < draft.latest.length) {
      draft.latest[metric] = { timeMs, arrivedMs, value: decodeLatest(value) };
    }
  }
}

function overlayHead(draft: DeviceDraft, head: StreamHead): void {
  if (!(draft.lastSeenMs >= head.arrivedMs) && !Number.isNaN(head.arrivedMs)) draft.lastSeenMs = head.arrivedMs;
  for (const { metric, column } of head.columns()) {
    if (metric >= draft.latest.length) continue;
    const { lastMs, lastIndex } = computeStats(
      { values: valuesOf(column), rowOf: column.rowOf, start: 0, end: column.count },
      head.times,
    );
    const arrivedMs = head.arrivals[column.rowOf === null ? lastIndex : column.rowOf[lastIndex]!]!;
    const known = draft.latest[metric]!;
    if (known.timeMs > lastMs || (known.timeMs === lastMs && known.arrivedMs > arrivedMs)) continue;
    draft.latest[metric] = { timeMs: lastMs, arrivedMs, value: valuesOf(column)[lastIndex]! };
  }
}

/**
 * All streams, however old: exactly-once means that a device may come back to any epoch, and an import to any file. A stream
 * costs a quarter of a kilobyte; tables that read alike are one array.
 */
function loadStreams(connection: Connection, heads: Heads): StoredStream[] {
  const rows = connection.prepare(`SELECT ${streamColumns} FROM streams ORDER BY key`).raw().all() as unknown[][];
  const kept = new Map(Array.from(heads.values(), (head) => [head.key as StreamKey, head]));
  const tables = new Map<string, readonly number[]>();
  return rows.map((row) => {
    const { sealedSeq, metricTable, isImport, ...stream } = readStreamRow(row);
    const names = { key: stream.key as StreamKey, device: stream.device as DeviceKey, epoch: stream.epoch, isImport };
    const head = kept.get(names.key);
    if (head !== undefined) return { ...names, committedSeq: head.committedSeq, table: head.table };
    const table = tables.get(metricTable) ?? readTable(names.key, metricTable);
    tables.set(metricTable, table);
    return { ...names, committedSeq: sealedSeq, table };
  });
}

function loadDeviceNotes(connection: Connection): StoredDeviceNotes[] {
  const rows = connection.prepare('SELECT device, label, tags FROM device_notes').all() as {
    device: DeviceKey;
    label: string;
    tags: string;
  }[];
  return rows.map(({ device, label, tags }) => ({ device, label, tags: JSON.parse(tags) as string[] }));
}

function loadIdentity(connection: Connection): StoredIdentity {
  const all = (text: string) => connection.prepare(text).all() as never[];
  const keys = all(
    'SELECT id, hash, label, created_ms AS createdMs, expires_ms AS expiresMs, uses_left AS usesLeft FROM enrolment_keys ORDER BY created_ms',
  ) as {
    id: string;
    hash: string;
    label: string;
    createdMs: number;
    expiresMs: number | null;
    usesLeft: number | null;
  }[];
  return {
    deviceTokens: all('SELECT device, hash, created_ms AS createdMs FROM device_tokens'),
    enrolmentKeys: keys.map((key) => ({ ...key, expiresMs: key.expiresMs ?? Number.NaN })),
    users: all('SELECT name, password_hash AS passwordHash, created_ms AS createdMs FROM users ORDER BY created_ms'),
    sessions: all(
      'SELECT hash, user, created_ms AS createdMs, expires_ms AS expiresMs FROM sessions ORDER BY created_ms',
    ),
    apiTokens: all('SELECT id, hash, label, created_ms AS createdMs FROM api_tokens ORDER BY created_ms'),
  };
}
