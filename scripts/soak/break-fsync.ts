/**
 * Makes a hub that does not wait for its disk: loaded before it (`--break-fsync` of soak), it turns every `synchronous = FULL` into
 * NORMAL, and the power-cut rig must then find losses. A rig that cannot fail proves nothing. Never part of a hub in earnest.
 */
import Database from 'better-sqlite3';

const pragma = Database.prototype.pragma;
Database.prototype.pragma = function weakened(source: string, options?: { simple?: boolean }): unknown {
  return pragma.call(this, source.replace(/(synchronous\s*=\s*)(FULL|EXTRA)/i, '$1NORMAL'), options);
};
