/**
 * What the MQTT broker keeps over restarts, as rows that it alone understands: sessions, queues, retained messages, wills.
 *
 * Owns nothing but the statements. Applying a change twice leaves what applying it once left.
 */
import type { StoreChange, StoredMqttRow } from '../core/ports.ts';
import type { Connection } from './sqlite.ts';

/** To be called inside a transaction. */
export function prepareMqttRows(connection: Connection): (change: StoreChange & { kind: 'mqtt' }) => void {
  const put = connection.prepare('INSERT OR REPLACE INTO mqtt_rows(kind, client, id, value) VALUES(?, ?, ?, ?)');
  const remove = connection.prepare('DELETE FROM mqtt_rows WHERE kind = ? AND client = ? AND id = ?');
  return ({ rows }) => {
    for (const { kind, client, id, value } of rows) {
      if (value === null) remove.run(kind, client, id);
      else put.run(kind, client, id, value);
    }
  };
}

export function loadMqttRows(connection: Connection): StoredMqttRow[] {
  return connection
    .prepare('SELECT kind, client, id, value FROM mqtt_rows ORDER BY kind, client, id')
    .all() as StoredMqttRow[];
}
