/**
 * The processes that tests, soak and benchmarks start. Owns the list of those still running: when this process ends, however it
 * was asked to, they are ended too. Signals go only to children in that list, by their handles.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

const running = new Set<ChildProcess>();
let isWatching = false;

/** As `spawn`, for a whole command line; the child does not outlive this process. */
export function spawnOwn(command: readonly string[], options: SpawnOptions): ChildProcess {
  if (!isWatching) process.on('exit', killAll);
  isWatching = true;
  const [program = '', ...args] = command;
  const child = spawn(program, args, options);
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Makes signals run the exit handlers, which give back what was taken. For programs; a test runner has its own. */
export function exitOnSignals(): void {
  process.once('SIGINT', () => process.exit(130));
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(143));
}

/**
 * Sends a signal to a child of ours, if there is one and it still runs, and waits for its end; after `graceMs` it is killed.
 * Resolves to its exit code, null when a signal ended it.
 */
export async function endProcess(
  child: ChildProcess | undefined,
  signal: NodeJS.Signals,
  graceMs = 15_000,
): Promise<number | null> {
  if (child === undefined || child.pid === undefined) return null;
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(timer);
  return child.exitCode;
}
