/**
 * Rare writes: each kind of StoreChange as one statement.
 *
 * Invariant: applying a change twice leaves what applying it once left, because a change whose commit failed in an unknown way
 * is applied again. Owns the prepared statements of one connection.
 */
import type { StoreChange } from '../core/ports.ts';
import { prepareMqttRows } from './mqtt-table.ts';
import { prepareOnceKeys } from './once-table.ts';
import { sqlCheck } from './row-check.ts';
import type { Connection, Statement } from './sqlite.ts';

const statementTexts = {
  device: `INSERT INTO devices(key, device_id, model, firmware, created_ms) VALUES(?, ?, ?, ?, ?)
    ON CONFLICT(key) DO UPDATE SET device_id = excluded.device_id, model = excluded.model, firmware = excluded.firmware`,
  deviceCheck: `UPDATE devices SET check_sum = ${sqlCheck('devices')} WHERE key = ?`,
  metric: `INSERT OR REPLACE INTO metrics(device, metric, name, unit, kind, check_sum)
    VALUES(?, ?, ?, ?, ?, row_check(?, ?, ?, ?, ?))`,
  stream: `INSERT INTO streams(key, device, epoch, created_ms, is_import) VALUES(?, ?, ?, ?, ?)
    ON CONFLICT(key) DO UPDATE SET device = excluded.device, epoch = excluded.epoch, is_import = excluded.is_import`,
  streamCheck: `UPDATE streams SET check_sum = ${sqlCheck('streams')} WHERE key = ?`,
  deviceNotes: 'INSERT OR REPLACE INTO device_notes(device, label, tags) VALUES(?, ?, ?)',
  table: `UPDATE streams SET metric_table = ?, check_sum = ${sqlCheck('streams', { metric_table: '?' })} WHERE key = ?`,
  sleep: 'INSERT OR REPLACE INTO sleeps(device, from_ms, wake_ms) VALUES(?, ?, ?)',
  outage: 'INSERT OR REPLACE INTO outages(device, from_ms, to_ms, asleep) VALUES(?, ?, ?, ?)',
  // Of a device whose link comes and goes the newest thousand are kept.
  outagesGone: `DELETE FROM outages WHERE device = ? AND from_ms <=
    (SELECT from_ms FROM outages WHERE device = ? ORDER BY from_ms DESC LIMIT 1 OFFSET 1000)`,
  deviceToken: 'INSERT OR REPLACE INTO device_tokens(device, hash, created_ms) VALUES(?, ?, ?)',
  deviceTokenGone: 'DELETE FROM device_tokens WHERE device = ?',
  enrolmentKey: `INSERT OR REPLACE INTO enrolment_keys(id, hash, label, created_ms, expires_ms, uses_left)
    VALUES(?, ?, ?, ?, ?, ?)`,
  enrolmentKeyGone: 'DELETE FROM enrolment_keys WHERE id = ?',
  user: 'INSERT OR REPLACE INTO users(name, password_hash, created_ms) VALUES(?, ?, ?)',
  session: 'INSERT OR REPLACE INTO sessions(hash, user, created_ms, expires_ms) VALUES(?, ?, ?, ?)',
  sessionGone: 'DELETE FROM sessions WHERE hash = ?',
  apiToken: 'INSERT OR REPLACE INTO api_tokens(id, hash, label, created_ms) VALUES(?, ?, ?, ?)',
  apiTokenGone: 'DELETE FROM api_tokens WHERE id = ?',
  document: `INSERT OR REPLACE INTO documents(kind, id, owner, title, revision, changed_ms, content)
    VALUES(?, ?, ?, ?, ?, ?, ?)`,
  documentGone: 'DELETE FROM documents WHERE kind = ? AND id = ?',
  share: `INSERT OR REPLACE INTO shares(id, hash, label, board, created_by, created_ms, expires_ms)
    VALUES(?, ?, ?, ?, ?, ?, ?)`,
  shareGone: 'DELETE FROM shares WHERE id = ?',
  foreignDevice: 'INSERT OR REPLACE INTO foreign_devices(dialect, native, device) VALUES(?, ?, ?)',
  foreignDeviceGone: 'DELETE FROM foreign_devices WHERE dialect = ? AND native = ?',
  setting: 'INSERT OR REPLACE INTO settings(name, value) VALUES(?, ?)',
} as const;

type ChangeStatements = Record<keyof typeof statementTexts, Statement>;

/** To be called inside a transaction. */
export function prepareChanges(connection: Connection): (change: StoreChange) => void {
  const statements = Object.fromEntries(
    Object.entries(statementTexts).map(([name, text]) => [name, connection.prepare(text)]),
  ) as ChangeStatements;
  const addOnceKeys = prepareOnceKeys(connection);
  const writeMqttRows = prepareMqttRows(connection);
  return (change) => {
    if (change.kind === 'onceKeys') addOnceKeys(change);
    else if (change.kind === 'mqtt') writeMqttRows(change);
    else applyChange(statements, change);
  };
}

type TableChange = Exclude<StoreChange, { kind: 'onceKeys' | 'mqtt' }>;

function applyChange(statements: ChangeStatements, change: TableChange): void {
  switch (change.kind) {
    case 'device':
      statements.device.run(change.key, change.deviceId, change.model, change.firmware, change.createdMs);
      statements.deviceCheck.run(change.key);
      return;
    case 'metrics':
      change.metrics.forEach((metric, i) => {
        const row = [change.device, change.firstIndex + i, metric.name, metric.unit, metric.kind];
        statements.metric.run(...row, ...row);
      });
      return;
    case 'stream':
      statements.stream.run(
        change.key,
        change.device,
        change.epoch,
        change.createdMs,
        change.isImport === true ? 1 : 0,
      );
      statements.streamCheck.run(change.key);
      return;
    case 'table':
      applyTable(statements.table, change);
      return;
    case 'deviceNotes':
      for (const { device, label, tags } of change.notes)
        statements.deviceNotes.run(device, label, JSON.stringify(tags));
      return;
    case 'foreignDevice':
      statements.foreignDevice.run(change.foreign.dialect, change.foreign.native, change.foreign.device);
      return;
    case 'foreignDeviceGone':
      statements.foreignDeviceGone.run(change.dialect, change.native);
      return;
    case 'outage':
      statements.outage.run(change.device, change.fromMs, change.toMs, change.isAsleep === true ? 1 : 0);
      statements.outagesGone.run(change.device, change.device);
      return;
    case 'sleep':
      statements.sleep.run(change.device, change.fromMs, change.wakeMs);
      return;
    case 'deviceToken':
      if (change.hash === null) statements.deviceTokenGone.run(change.device);
      else statements.deviceToken.run(change.device, change.hash, change.atMs);
      return;
    default:
      applyAccountChange(statements, change);
  }
}

function applyTable(statement: Statement, { stream, table }: TableChange & { kind: 'table' }): void {
  const text = JSON.stringify(table);
  statement.run(text, text, stream);
}

type AccountChange = Exclude<
  TableChange,
  {
    kind:
      | 'device'
      | 'metrics'
      | 'stream'
      | 'table'
      | 'deviceNotes'
      | 'foreignDevice'
      | 'foreignDeviceGone'
      | 'outage'
      | 'sleep'
      | 'deviceToken';
  }
>;

function applyAccountChange(statements: ChangeStatements, change: AccountChange): void {
  switch (change.kind) {
    case 'enrolmentKey': {
      const { id, hash, label, createdMs, expiresMs, usesLeft } = change.key;
      statements.enrolmentKey.run(id, hash, label, createdMs, Number.isNaN(expiresMs) ? null : expiresMs, usesLeft);
      return;
    }
    case 'enrolmentKeyGone':
      statements.enrolmentKeyGone.run(change.id);
      return;
    case 'user':
      statements.user.run(change.user.name, change.user.passwordHash, change.user.createdMs);
      return;
    case 'session': {
      const { hash, user, createdMs, expiresMs } = change.session;
      statements.session.run(hash, user, createdMs, expiresMs);
      return;
    }
    case 'sessionGone':
      statements.sessionGone.run(change.hash);
      return;
    case 'apiToken': {
      const { id, hash, label, createdMs } = change.token;
      statements.apiToken.run(id, hash, label, createdMs);
      return;
    }
    case 'apiTokenGone':
      statements.apiTokenGone.run(change.id);
      return;
    case 'share': {
      const { id, hash, label, board, createdBy, createdMs, expiresMs } = change.share;
      statements.share.run(id, hash, label, board, createdBy, createdMs, expiresMs);
      return;
    }
    case 'shareGone':
      statements.shareGone.run(change.id);
      return;
    case 'document': {
      const { kind, id, owner, title, revision, changedMs, content } = change.document;
      statements.document.run(kind, id, owner, title, revision, changedMs, content);
      return;
    }
    case 'documentGone':
      statements.documentGone.run(change.document.kind, change.document.id);
      return;
    case 'setting':
      statements.setting.run(change.name, change.value);
      return;
    case 'retention':
      statements.setting.run('retention', JSON.stringify(change.policy));
      return;
    default:
      change satisfies never;
  }
}
