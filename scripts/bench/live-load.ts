/**
 * The load of the `live` scenario, as a process of its own so that it can have a core of its own: boards that each send one
 * frame a second, evenly spread, and one viewer of the whole fleet. Takes its plan over IPC, says when the measured window
 * begins and ends, and then what it counted. Owns every socket; ends by itself.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile, round } from '../load-report.ts';
import { BoardLink } from './board-link.ts';
import { FleetViewer } from './fleet-viewer.ts';

export interface LivePlan {
  readonly url: string;
  /** '' for a bare receiver: nobody watches, and nothing is acked. */
  readonly cookie: string;
  readonly tokens: readonly string[];
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface LiveResult {
  readonly type: 'result';
  readonly sent: number;
  readonly sentInWindow: number;
  readonly windowSeconds: number;
  readonly acked: number;
  readonly ackedEach: readonly number[];
  readonly arrived: number;
  readonly measured: number;
  readonly conflated: number;
  readonly latencyMs: {
    readonly p50: number | null;
    readonly p99: number | null;
    readonly p999: number | null;
    readonly max: number | null;
  };
  /** How late the load itself sent, against its own plan. */
  readonly lagMsP99: number | null;
}

export const boardName = (index: number): string => `board-${String(index).padStart(4, '0')}`;

const openAtOnce = 50;
const drainMsMax = 5_000;
const nowUs = (): number => Math.round(performance.now() * 1000);

async function openBoards(plan: LivePlan): Promise<BoardLink[]> {
  const boards: BoardLink[] = [];
  for (let first = 0; first < plan.tokens.length; first += openAtOnce) {
    const some = plan.tokens
      .slice(first, first + openAtOnce)
      .map((token, i) =>
        BoardLink.open({ url: plan.url, deviceId: boardName(first + i), token, bare: plan.cookie === '' }),
      );
    boards.push(...(await Promise.all(some)));
  }
  return boards;
}

interface Schedule {
  dueMs: number;
  next: number;
  /** How late each frame was sent. */
  lagsMs: number[];
}

/** Sends each board's frame at its own moment of every second until `endMs`. */
async function sendUntil(boards: readonly BoardLink[], endMs: number, schedule: Schedule): Promise<void> {
  const spacingMs = 1000 / boards.length;
  for (;;) {
    const nowMs = performance.now();
    while (schedule.dueMs <= nowMs && schedule.dueMs < endMs) {
      const board = boards[schedule.next]!;
      if (board.ended !== '') throw new Error(`a board lost its link: ${board.ended}`);
      board.send(nowUs());
      schedule.lagsMs.push(performance.now() - schedule.dueMs);
      schedule.next = (schedule.next + 1) % boards.length;
      schedule.dueMs += spacingMs;
    }
    if (schedule.dueMs >= endMs) return;
    await sleep(Math.max(0, schedule.dueMs - performance.now()));
  }
}

const sum = (boards: readonly BoardLink[], of: (board: BoardLink) => number): number =>
  boards.reduce((total, board) => total + of(board), 0);

async function runPlan(plan: LivePlan): Promise<LiveResult> {
  const boards = await openBoards(plan);
  const viewer = plan.cookie === '' ? null : await FleetViewer.open(plan.url, plan.cookie, nowUs);
  const startMs = performance.now();
  const schedule: Schedule = { dueMs: startMs, next: 0, lagsMs: [] };
  await sendUntil(boards, startMs + plan.warmUpMs, schedule);

  const sentBefore = sum(boards, (board) => board.sent);
  const windowStartMs = performance.now();
  viewer?.measureFrom(nowUs());
  process.send?.({ type: 'measuring' });
  schedule.lagsMs = [];
  await sendUntil(boards, startMs + plan.warmUpMs + plan.measureMs, schedule);
  viewer?.measureUntil(nowUs());
  process.send?.({ type: 'measured' });
  const windowSeconds = (performance.now() - windowStartMs) / 1000;
  const sent = sum(boards, (board) => board.sent);

  const drainEndMs = performance.now() + drainMsMax;
  const isDrained = (): boolean =>
    viewer === null || (sum(boards, (board) => board.acked) === sent && viewer.batches >= sent);
  while (!isDrained() && performance.now() < drainEndMs) await sleep(20);

  const latencies = viewer?.latencies() ?? new Float64Array();
  const quantileMs = (q: number): number | null => {
    const value = quantile(latencies, q);
    return value === null ? null : round(value, 3);
  };
  const result: LiveResult = {
    type: 'result',
    sent,
    sentInWindow: sent - sentBefore,
    windowSeconds,
    acked: sum(boards, (board) => board.acked),
    ackedEach: boards.map((board) => board.acked),
    arrived: viewer?.batches ?? 0,
    measured: latencies.length,
    conflated: viewer?.conflated ?? 0,
    latencyMs: { p50: quantileMs(0.5), p99: quantileMs(0.99), p999: quantileMs(0.999), max: quantileMs(1) },
    lagMsP99: quantile(Float64Array.from(schedule.lagsMs).sort(), 0.99),
  };
  for (const board of boards) board.close();
  viewer?.close();
  return result;
}

if (import.meta.main) {
  const [plan] = (await once(process, 'message')) as [LivePlan];
  const result = await runPlan(plan);
  await new Promise((fulfil) => process.send?.(result, undefined, undefined, fulfil));
  process.exit(0);
}
