/**
 * A thread that gives way to the others of its process: for work that nobody's next frame waits for. Owns nothing.
 *
 * Linux gives threads priorities of their own; elsewhere, and where /proc does not tell which thread this is, it stays as it is.
 */
import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** A tenth of the share of a thread that was left as it is, where both want the same core. */
const stepsBack = 10;
const lowest = 19;

/** Of the calling thread, for good: only root may go back up. */
export function stepBack(): void {
  const thread = findThread();
  // Threads have ids of processes here. That of the main thread is the process's own, and its priority stays.
  if (thread === null || thread === process.pid) return;
  setPriority(thread, Math.min(lowest, getPriority(thread) + stepsBack));
}

function findThread(): number | null {
  if (process.platform !== 'linux') return null;
  const [pid, , thread] = readThreadLink().split('/').map(Number);
  // A /proc of another namespace counts otherwise, and its ids may be somebody else's here.
  return pid === process.pid && thread !== undefined && thread > 0 ? thread : null;
}

/** "pid/task/thread"; '' where there is no /proc. */
function readThreadLink(): string {
  try {
    return readlinkSync('/proc/thread-self');
  } catch {
    return '';
  }
}
