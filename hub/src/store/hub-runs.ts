/**
 * When a hub was running: one row per run of the writer, with its last sign of life, so that completeness can tell its own absence.
 *
 * The sign of life is written with a group's commit, at most once a minute, and by a timer when nothing is committed: a kill -9 is
 * known to within a minute and costs no fsync of its own. Owns the row of this run. Keeps the newest ten thousand runs.
 */
import { type Connection, isWorldFailure, runRelaxed, type Statement } from './sqlite.ts';

export const aliveEveryMs = 60_000;
const runsMax = 10_000;

export class HubRun {
  private readonly connection: Connection;
  private readonly update: Statement;
  private readonly id: number;
  private aliveMs: number;

  /** `arrivedMs`: the newest arrival that the store holds, which the run before must have lived to see; NaN for none. */
  constructor(connection: Connection, nowMs: number, arrivedMs: number) {
    this.connection = connection;
    this.update = connection.prepare('UPDATE hub_runs SET alive_ms = ? WHERE id = ?');
    this.aliveMs = nowMs;
    this.id = (connection.prepare('SELECT coalesce(max(id), 0) FROM hub_runs').pluck().get() as number) + 1;
    this.write(() => {
      if (arrivedMs <= nowMs) {
        const lived = connection.prepare('UPDATE hub_runs SET alive_ms = max(alive_ms, ?) WHERE id = ?');
        lived.run(arrivedMs, this.id - 1);
      }
      connection.prepare('INSERT INTO hub_runs(id, started_ms, alive_ms) VALUES(?, ?, ?)').run(this.id, nowMs, nowMs);
      connection.prepare('DELETE FROM hub_runs WHERE id <= ?').run(this.id - runsMax);
    });
  }

  /** Inside a group's transaction: costs nothing but once a minute. */
  noteCommit(nowMs: number): void {
    if (nowMs - this.aliveMs < aliveEveryMs) return;
    this.update.run(nowMs, this.id);
    this.aliveMs = nowMs;
  }

  /** In a transaction of its own: at the end, and now and then when nothing is committed. */
  noteAlive(nowMs: number): void {
    this.aliveMs = nowMs;
    this.write(() => void this.update.run(nowMs, this.id));
  }

  /** A disk that takes nothing only makes the run look shorter. */
  private write(work: () => void): void {
    try {
      runRelaxed(this.connection, work);
    } catch (error) {
      if (!isWorldFailure(error)) throw error;
    }
  }
}
