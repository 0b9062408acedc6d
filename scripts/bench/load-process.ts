/**
 * A load as a process of its own, so that it has a core of its own. Owns the child while it runs. The load takes its plan over
 * IPC, says `measuring` and `measured` at the ends of the window that counts, and then its result; it never outlives its bound.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { endProcess, spawnOwn } from '../child-processes.ts';
import { onCore, readStack, type StackFigures } from './server-stack.ts';

export interface LoadRun<Result> {
  readonly result: Result;
  /** The servers when the window began and when it ended. */
  readonly before: StackFigures;
  readonly after: StackFigures;
  /** The servers at each `mark` that the load set. */
  readonly marks: readonly StackFigures[];
  readonly windowSeconds: number;
  /** Cores the load itself used in the window. */
  readonly loadCpuShare: number;
}

export interface LoadTask {
  /** A file of this folder. */
  readonly script: string;
  readonly plan: object;
  /** The servers that are measured. */
  readonly pids: readonly number[];
  readonly msMax: number;
}

export async function runLoad<Result>(task: LoadTask): Promise<LoadRun<Result>> {
  const command = [...onCore(1), process.execPath, '--max-old-space-size=8192', join(import.meta.dirname, task.script)];
  const load = spawnOwn(command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const timer = setTimeout(() => load.kill('SIGKILL'), task.msMax);
  try {
    load.send(task.plan);
    return await watchLoad<Result>(load, task.pids);
  } finally {
    clearTimeout(timer);
    await endProcess(load, 'SIGTERM');
  }
}

export type LoadWord = 'measuring' | 'mark' | 'measured';

type Told<Result> =
  | { readonly type: LoadWord; readonly cpuSeconds: number }
  | { readonly type: 'result'; readonly result: Result };

function watchLoad<Result>(load: ChildProcess, pids: readonly number[]): Promise<LoadRun<Result>> {
  let before = readStack(pids);
  let after = before;
  let startMs = performance.now();
  let endMs = startMs;
  let loadSeconds = 0;
  const marks: StackFigures[] = [];
  return new Promise((fulfil, reject) => {
    load.on('exit', (code, signal) => reject(new Error(`the load ended (${signal ?? code}) before it had a result`)));
    load.on('message', (message: Told<Result>) => {
      if (message.type === 'measuring') {
        before = readStack(pids);
        startMs = performance.now();
        loadSeconds = -message.cpuSeconds;
      } else if (message.type === 'mark') marks.push(readStack(pids));
      else if (message.type === 'measured') {
        after = readStack(pids);
        endMs = performance.now();
        loadSeconds += message.cpuSeconds;
      } else if ('result' in message) {
        const windowSeconds = (endMs - startMs) / 1000;
        const loadCpuShare = loadSeconds / windowSeconds;
        fulfil({ result: message.result, before, after, marks, windowSeconds, loadCpuShare });
      }
    });
  });
}

/** The load's side: takes the plan, runs it, tells the result and ends. */
export async function serveLoad<Plan, Result>(
  run: (plan: Plan, say: (type: LoadWord) => void) => Promise<Result>,
): Promise<void> {
  process.on('disconnect', () => process.exit(1));
  const [plan] = (await once(process, 'message')) as [Plan];
  const result = await run(plan, (type) => process.send?.({ type, cpuSeconds: readOwnSeconds() }));
  await new Promise((fulfil) => process.send?.({ type: 'result', result }, undefined, undefined, fulfil));
  process.exit(0);
}

function readOwnSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
