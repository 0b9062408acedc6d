/**
 * The tables, as a list of migrations: entry i brings a database from version i to i + 1. Entries are never edited once
 * released, only added.
 *
 * Numbers that may be NaN or −0 are stored as 8 bytes, little-endian, because SQLite's REAL keeps neither.
 * `log` is the truth until a stream's `sealed_seq` reaches it; `blocks` and `block_columns` are the truth behind that.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE devices(
    key INTEGER PRIMARY KEY, device_id TEXT NOT NULL UNIQUE, model TEXT NOT NULL, firmware TEXT NOT NULL,
    created_ms REAL NOT NULL
  );
  CREATE TABLE metrics(
    device INTEGER NOT NULL, metric INTEGER NOT NULL, name TEXT NOT NULL, unit TEXT NOT NULL, kind TEXT NOT NULL,
    PRIMARY KEY(device, metric)
  ) WITHOUT ROWID;
  -- metric_table: JSON list, index in the stream's batches -> metric. committed_seq and arrived_ms are as of the last
  -- sealing; the log overlays them.
  CREATE TABLE streams(
    key INTEGER PRIMARY KEY, device INTEGER NOT NULL, epoch INTEGER NOT NULL, created_ms REAL NOT NULL,
    metric_table TEXT NOT NULL DEFAULT '[]', sealed_seq INTEGER NOT NULL DEFAULT 0, arrived_ms REAL
  );
  CREATE INDEX streams_by_device ON streams(device);
  -- value: text, or 8 bytes of a double.
  CREATE TABLE latest(
    device INTEGER NOT NULL, metric INTEGER NOT NULL, time_ms REAL NOT NULL, arrived_ms REAL NOT NULL, value NOT NULL,
    PRIMARY KEY(device, metric)
  ) WITHOUT ROWID;

  -- One row per group commit, the frames as they came (group.ts).
  CREATE TABLE log(id INTEGER PRIMARY KEY, frames BLOB NOT NULL);
  -- times: one per row of the block; arrivals: one per row where it changes (coding/column-block.ts).
  CREATE TABLE blocks(
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, seq_from INTEGER NOT NULL, seq_to INTEGER NOT NULL,
    t_min REAL NOT NULL, t_max REAL NOT NULL, row_count INTEGER NOT NULL, times BLOB NOT NULL, arrivals BLOB NOT NULL
  );
  CREATE INDEX blocks_by_time ON blocks(stream, t_max, t_min);
  -- id = block * 8192 + metric * 2 + (1 for text), so the columns of a block lie together. stats: block-stats.ts.
  CREATE TABLE block_columns(id INTEGER PRIMARY KEY, stats BLOB NOT NULL, data BLOB NOT NULL);

  CREATE TABLE events(
    stream INTEGER NOT NULL, seq INTEGER NOT NULL, device INTEGER NOT NULL, at_ms REAL NOT NULL, arrived_ms REAL NOT NULL,
    level TEXT NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY(stream, seq)
  ) WITHOUT ROWID;
  CREATE INDEX events_by_time ON events(device, at_ms, arrived_ms);
  CREATE TABLE gaps(
    stream INTEGER NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL, reason TEXT NOT NULL,
    from_ms REAL NOT NULL, to_ms REAL NOT NULL, readings INTEGER NOT NULL, PRIMARY KEY(stream, from_seq)
  ) WITHOUT ROWID;

  -- Hashes only, never a secret.
  CREATE TABLE device_tokens(device INTEGER PRIMARY KEY, hash TEXT NOT NULL, created_ms REAL NOT NULL);
  CREATE TABLE enrolment_keys(
    id TEXT PRIMARY KEY, hash TEXT NOT NULL, label TEXT NOT NULL, created_ms REAL NOT NULL, expires_ms REAL, uses_left INTEGER
  );
  CREATE TABLE users(name TEXT PRIMARY KEY, password_hash TEXT NOT NULL, created_ms REAL NOT NULL);
  CREATE TABLE sessions(hash TEXT PRIMARY KEY, user TEXT NOT NULL, created_ms REAL NOT NULL, expires_ms REAL NOT NULL);
  CREATE TABLE api_tokens(id TEXT PRIMARY KEY, hash TEXT NOT NULL, label TEXT NOT NULL, created_ms REAL NOT NULL);
  -- The store's own proof that the disk takes writes again.
  CREATE TABLE probe(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  `,
  // Blocks get a checksum, facts about their arrival, and an order of their own (seq_from), so that merging may give them new ids.
  // Those written before keep both NULL. Small things first: times and arrivals may reach into overflow pages.
  `
  CREATE TABLE blocks_2(
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, seq_from INTEGER NOT NULL, seq_to INTEGER NOT NULL,
    t_min REAL NOT NULL, t_max REAL NOT NULL, row_count INTEGER NOT NULL, check_sum BLOB, facts BLOB,
    times BLOB NOT NULL, arrivals BLOB NOT NULL
  );
  INSERT INTO blocks_2 SELECT id, stream, seq_from, seq_to, t_min, t_max, row_count, NULL, NULL, times, arrivals FROM blocks;
  DROP TABLE blocks;
  ALTER TABLE blocks_2 RENAME TO blocks;
  CREATE INDEX blocks_by_time ON blocks(stream, t_max, t_min, seq_from);
  CREATE INDEX blocks_by_seq ON blocks(stream, seq_from);
  `,
  // Rollups (rollup-code.ts) by the id of their column, with which they go. In a table of their own, so that a long history reads
  // a few pages and not those of the readings in between. Columns written before have none, and are read themselves.
  `
  CREATE TABLE rollups(id INTEGER PRIMARY KEY, cells BLOB NOT NULL);
  CREATE TRIGGER rollups_go AFTER DELETE ON block_columns BEGIN DELETE FROM rollups WHERE id = OLD.id; END;
  `,
  // Log rows that did not match their checksum when the log was replayed, kept for whoever wants to look into them.
  `
  CREATE TABLE damaged_log(id INTEGER PRIMARY KEY, frames BLOB NOT NULL);
  `,
  // What operators chose, as JSON.
  `
  CREATE TABLE settings(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  `,
  // When hubs ran (hub-runs.ts), and when devices had no link: the causes of holes.
  `
  CREATE TABLE hub_runs(id INTEGER PRIMARY KEY, started_ms REAL NOT NULL, alive_ms REAL NOT NULL);
  CREATE TABLE outages(
    device INTEGER NOT NULL, from_ms REAL NOT NULL, to_ms REAL NOT NULL, PRIMARY KEY(device, from_ms)
  ) WITHOUT ROWID;
  `,
  // What people arranged (content is JSON; owner '' is the whole hub), and the links by which a board is shown to others.
  `
  CREATE TABLE documents(
    kind TEXT NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL, title TEXT NOT NULL, revision INTEGER NOT NULL,
    changed_ms REAL NOT NULL, content TEXT NOT NULL, PRIMARY KEY(kind, id)
  );
  CREATE TABLE shares(
    id TEXT PRIMARY KEY, hash TEXT NOT NULL, label TEXT NOT NULL, board TEXT NOT NULL, created_by TEXT NOT NULL,
    created_ms REAL NOT NULL, expires_ms REAL NOT NULL
  );
  `,
  // What people wrote on devices (tags: JSON list), and which streams are files. Before this a file was not told from a device; one
  // that has no token and whose numbers are as large as an import's (import-stream.ts) was one.
  `
  CREATE TABLE device_notes(device INTEGER PRIMARY KEY, label TEXT NOT NULL, tags TEXT NOT NULL);
  ALTER TABLE streams ADD COLUMN is_import INTEGER NOT NULL DEFAULT 0;
  UPDATE streams SET is_import = 1
    WHERE sealed_seq >= 1048576 AND device NOT IN (SELECT device FROM device_tokens);
  `,
  // A device that said it would sleep had no link either, but that explains no hole.
  `
  ALTER TABLE outages ADD COLUMN asleep INTEGER NOT NULL DEFAULT 0;
  `,
  // Who foreign devices are here (device NULL: blocked); what senders may repeat (once-table.ts); what the MQTT broker keeps.
  `
  CREATE TABLE foreign_devices(
    dialect TEXT NOT NULL, native TEXT NOT NULL, device INTEGER, PRIMARY KEY(dialect, native)
  ) WITHOUT ROWID;
  CREATE TABLE once_keys(id INTEGER PRIMARY KEY, at_ms REAL NOT NULL, keys BLOB NOT NULL);
  CREATE TABLE mqtt_rows(
    kind TEXT NOT NULL, client TEXT NOT NULL, id TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY(kind, client, id)
  );
  `,
  // What devices said when they went to sleep: overtaken by whatever came from them later.
  `
  CREATE TABLE sleeps(device INTEGER PRIMARY KEY, from_ms REAL NOT NULL, wake_ms REAL NOT NULL);
  `,
  // Blocks of successive epochs of a device may be one (block-parts.ts). A stream that went on when a newer one had begun, and
  // every import, keeps its own.
  `
  ALTER TABLE streams ADD COLUMN apart INTEGER NOT NULL DEFAULT 0;
  `,
  // Checksums of rows (row-check.ts); NULL until a row is written again.
  `
  ALTER TABLE devices ADD COLUMN check_sum INTEGER;
  ALTER TABLE metrics ADD COLUMN check_sum INTEGER;
  ALTER TABLE streams ADD COLUMN check_sum INTEGER;
  `,
  // Tables of their own keys: each had an index beside it, a page of its own in a hub that keeps nothing in it yet.
  `
  CREATE TABLE keyed(
    id TEXT PRIMARY KEY, hash TEXT NOT NULL, label TEXT NOT NULL, created_ms REAL NOT NULL, expires_ms REAL, uses_left INTEGER
  ) WITHOUT ROWID;
  INSERT INTO keyed SELECT id, hash, label, created_ms, expires_ms, uses_left FROM enrolment_keys WHERE id IS NOT NULL;
  DROP TABLE enrolment_keys;
  ALTER TABLE keyed RENAME TO enrolment_keys;
  CREATE TABLE keyed(name TEXT PRIMARY KEY, password_hash TEXT NOT NULL, created_ms REAL NOT NULL) WITHOUT ROWID;
  INSERT INTO keyed SELECT name, password_hash, created_ms FROM users WHERE name IS NOT NULL;
  DROP TABLE users;
  ALTER TABLE keyed RENAME TO users;
  CREATE TABLE keyed(
    hash TEXT PRIMARY KEY, user TEXT NOT NULL, created_ms REAL NOT NULL, expires_ms REAL NOT NULL
  ) WITHOUT ROWID;
  INSERT INTO keyed SELECT hash, user, created_ms, expires_ms FROM sessions WHERE hash IS NOT NULL;
  DROP TABLE sessions;
  ALTER TABLE keyed RENAME TO sessions;
  CREATE TABLE keyed(
    id TEXT PRIMARY KEY, hash TEXT NOT NULL, label TEXT NOT NULL, created_ms REAL NOT NULL
  ) WITHOUT ROWID;
  INSERT INTO keyed SELECT id, hash, label, created_ms FROM api_tokens WHERE id IS NOT NULL;
  DROP TABLE api_tokens;
  ALTER TABLE keyed RENAME TO api_tokens;
  CREATE TABLE keyed(
    id TEXT PRIMARY KEY, hash TEXT NOT NULL, label TEXT NOT NULL, board TEXT NOT NULL, created_by TEXT NOT NULL,
    created_ms REAL NOT NULL, expires_ms REAL NOT NULL
  ) WITHOUT ROWID;
  INSERT INTO keyed SELECT id, hash, label, board, created_by, created_ms, expires_ms FROM shares WHERE id IS NOT NULL;
  DROP TABLE shares;
  ALTER TABLE keyed RENAME TO shares;
  CREATE TABLE keyed(
    kind TEXT NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL, title TEXT NOT NULL, revision INTEGER NOT NULL,
    changed_ms REAL NOT NULL, content TEXT NOT NULL, PRIMARY KEY(kind, id)
  ) WITHOUT ROWID;
  INSERT INTO keyed SELECT kind, id, owner, title, revision, changed_ms, content FROM documents;
  DROP TABLE documents;
  ALTER TABLE keyed RENAME TO documents;
  CREATE TABLE keyed(
    kind TEXT NOT NULL, client TEXT NOT NULL, id TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY(kind, client, id)
  ) WITHOUT ROWID;
  INSERT INTO keyed SELECT kind, client, id, value FROM mqtt_rows;
  DROP TABLE mqtt_rows;
  ALTER TABLE keyed RENAME TO mqtt_rows;
  `,
];

/** Columns per block in `block_columns.id`: twice the metrics a device may have, with room. */
export const columnsPerBlock = 8192;

export function columnIdOf(block: number, metric: number, isText: boolean): number {
  return block * columnsPerBlock + metric * 2 + (isText ? 1 : 0);
}
