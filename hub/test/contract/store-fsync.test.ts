/**
 * An fsync that fails by itself: no Ack leaves for it, nothing is tried again on the connection that saw it, and what the WAL holds is
 * not relied on before all of it was written anew. The writer is the real one, on a real file, in this thread; only COMMIT and
 * checkpoints fail, as SQLite says it.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GroupBuilder } from '../../src/store/group.ts';
import type { FromWriter } from '../../src/store/worker-messages.ts';
import { Writer } from '../../src/store/writer.ts';
import { deviceChanges, makeDirectory, StoreBench, stream } from './store-bench.ts';
import { encodeBatch } from './store-model.ts';

/** A disk whose fsync fails, once what it was to save is written (`late`: the outcome is then that of a commit) or before. */
interface Disk {
  fails: 'never' | 'before' | 'late';
  /** What was asked of it, and by which connection. */
  readonly asked: { readonly what: 'commit' | 'passive' | 'truncate'; readonly by: unknown }[];
}

const { exec, pragma } = Database.prototype;
let disk: Disk;
let directory: string;
let writer: { port: MessagePort; told: FromWriter[] };
let waiting: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];

/** Resolves when something was told or asked after which `holds` is true. */
function until(holds: () => boolean): Promise<void> {
  return holds() ? Promise.resolve() : new Promise((resolve) => waiting.push({ holds, resolve }));
}
function look(): void {
  const before = waiting;
  waiting = before.filter(({ holds }) => !holds());
  for (const { holds, resolve } of before) if (holds()) resolve();
}
function note(what: Disk['asked'][number]['what'], by: unknown): void {
  disk.asked.push({ what, by });
  look();
}

const failFsync = () => {
  throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_FSYNC');
};

beforeEach(() => {
  disk = { fails: 'never', asked: [] };
  Database.prototype.exec = function commitOrFail(this: Database.Database, text: string) {
    const isSynced = text === 'COMMIT' && pragma.call(this, 'synchronous', { simple: true }) === 2;
    if (!isSynced) return exec.call(this, text);
    note('commit', this);
    if (disk.fails === 'before') failFsync();
    const done = exec.call(this, text);
    if (disk.fails === 'late') failFsync();
    return done;
  };
  Database.prototype.pragma = function checkpointOrFail(this: Database.Database, text: string, options?: object) {
    const [, kind] = /^wal_checkpoint\((\w+)\)/.exec(text) ?? [];
    if (kind === undefined) return pragma.call(this, text, options);
    note(kind.toLowerCase() as 'passive' | 'truncate', this);
    if (disk.fails !== 'never') failFsync();
    return pragma.call(this, text, options);
  };
  directory = makeDirectory();
  writer = startWriter();
});
afterEach(async () => {
  Object.assign(Database.prototype, { exec, pragma });
  const closed = new Promise((resolve) => writer.port.once('close', resolve));
  writer.port.postMessage({ kind: 'close' });
  await closed;
  rmSync(directory, { recursive: true });
});

function startWriter(): typeof writer {
  const { port1, port2 } = new MessageChannel();
  const told: FromWriter[] = [];
  port1.on('message', (message: FromWriter) => {
    told.push(message);
    look();
  });
  const bounds = { sealRowsMax: 4096, logBytesMax: 1e6, headBytesMax: 1e6, checkpointBytes: 1e9, pagesMax: undefined };
  new Writer({ file: join(directory, 'lapwing.db'), ...bounds, probeMs: 1 }, port2);
  return { port: port1, told };
}

/** Batches `seqs` as group `id`; the first one brings the device. */
function send(id: number, seqs: readonly number[]): void {
  const builder = new GroupBuilder(new Uint8Array(256));
  for (const seq of seqs) {
    const batch = { stream, seq, arrivedMs: seq, times: [seq * 1000], columns: [{ metric: 0, cells: [seq] }] };
    builder.append({ stream, seq, arrivedMs: seq, frame: encodeBatch(batch, (metric) => metric) });
  }
  const changes = id === 1 ? [...deviceChanges] : [];
  writer.port.postMessage({ kind: 'group', id, bytes: builder.finish(), frames: builder.frames, changes });
}
const kindsOf = (id: number) =>
  writer.told.flatMap((message) => ('id' in message && message.id === id ? [message.kind] : []));
const answered = (id: number) => until(() => kindsOf(id).length > 0);
const isWell = () => writer.told.at(-1)?.kind === 'ok';

test.each(['before', 'late'] as const)(
  'an fsync that fails %s its data is written',
  { timeout: 30_000 },
  async (fails) => {
    send(1, [1, 2]);
    await answered(1);
    expect(kindsOf(1)).toEqual(['committed']);

    disk.fails = fails;
    const from = disk.asked.length;
    send(2, [3, 4]);
    send(3, [5]);
    await answered(3);
    expect([kindsOf(2), kindsOf(3)]).toEqual([['failed'], ['failed']]);
    const failed = writer.told.find(({ kind }) => kind === 'unavailable');
    expect(failed).toMatchObject({ code: 'SQLITE_IOERR_FSYNC' });
    const [{ by: broken } = { by: null }] = disk.asked.slice(from);

    // The disk stays bad for three looks at it.
    await until(() => disk.asked.length > from + 3 || isWell());
    expect(writer.told.some(({ kind }) => kind === 'ok')).toBe(false);
    disk.fails = 'never';
    await until(isWell);
    // Whatever was on that connection is not tried again on it.
    expect(disk.asked.slice(from).filter(({ by }) => by === broken)).toHaveLength(1);
    expect((broken as Database.Database).open).toBe(false);
    // All that the WAL holds was written anew before the store is well: a later fsync that works proves nothing of earlier pages.
    const last = disk.asked.slice(from).map(({ what }) => what);
    expect(last.lastIndexOf('truncate')).toBeGreaterThan(0);
    expect(last.slice(last.lastIndexOf('truncate'))).toEqual(['truncate', 'commit', 'commit']);

    // What was not acked is sent again.
    send(4, [3, 4, 5]);
    await answered(4);
    expect(kindsOf(4)).toEqual(['committed']);
    const bench = await StoreBench.open({}, crashCopy());
    try {
      const asked = { device: 1 as never, metric: 0, fromMs: 0, toMs: 1e9, limit: 100, skip: 0 };
      expect([...(await bench.store.readings(asked)).values]).toEqual([1, 2, 3, 4, 5]);
    } finally {
      await bench.end();
    }
  },
);

/** As a power cut would leave the files, in a directory of their own. */
function crashCopy(): string {
  return StoreBench.prototype.copyFiles.call({ directory });
}
