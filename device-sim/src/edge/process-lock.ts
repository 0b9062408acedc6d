/**
 * One process per state directory: a file with its process id, so that two agents never number messages of one epoch.
 *
 * Owns that file until `release`. A lock whose process is gone (kill -9) is taken over.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

export function lockDirectory(path: string): { release: () => void } {
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx', mode: 0o600 });
      return { release: () => rmSync(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 1) {
        throw new Error(`cannot lock ${path}`, { cause: error });
      }
    }
    const holder = Number(readFileSync(path, 'utf8'));
    if (isAlive(holder)) {
      throw new Error(`process ${holder} already runs with this state directory; give another one with --state`);
    }
    rmSync(path, { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, but another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
