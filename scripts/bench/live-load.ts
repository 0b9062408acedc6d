/**
 * The load of the scenarios with live boards, as a process of its own: boards that each send one frame a second, evenly spread,
 * and one viewer of the whole fleet. Owns every socket; ends by itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile, round } from '../load-report.ts';
import { BoardLink, type LiveBoard } from './board-link.ts';
import { FleetViewer } from './fleet-viewer.ts';
import type { LatencyQuantiles } from './latency-window.ts';
import { serveLoad } from './load-process.ts';
import { MqttBoard, MqttViewer } from './mqtt-board.ts';

export interface LivePlan {
  /** `bare`: a receiver that does nothing; nobody watches, and nothing is acked. */
  readonly kind: 'hub' | 'bare' | 'mqtt';
  readonly url: string;
  readonly cookie: string;
  /** One per board. */
  readonly tokens: readonly string[];
  /** Frames a second from each board; 1 where not said. */
  readonly hz?: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface LiveResult {
  readonly sent: number;
  readonly sentInWindow: number;
  readonly acked: number;
  readonly ackedEach: readonly number[];
  readonly arrived: number;
  readonly measured: number;
  readonly conflated: number;
  readonly latencyMs: LatencyQuantiles;
  /** How late the load itself sent, against its own plan. */
  readonly lagMsP99: number;
}

export const boardName = (index: number): string => `board-${String(index).padStart(5, '0')}`;

const openAtOnce = 50;
const drainMsMax = 8_000;
const nowUs = (): number => Math.round(performance.now() * 1000);

function openBoard(plan: LivePlan, index: number): Promise<LiveBoard> {
  const { url, kind } = plan;
  if (kind === 'mqtt') return MqttBoard.open(Number(new URL(url).port), boardName(index), index);
  const token = plan.tokens[index]!;
  return BoardLink.open({ url, deviceId: boardName(index), token, seed: index, bare: kind === 'bare' });
}

async function openBoards(plan: LivePlan): Promise<LiveBoard[]> {
  const boards: LiveBoard[] = [];
  for (let first = 0; first < plan.tokens.length; first += openAtOnce) {
    const some = plan.tokens.slice(first, first + openAtOnce).map((_, i) => openBoard(plan, first + i));
    boards.push(...(await Promise.all(some)));
  }
  return boards;
}

function openViewer(plan: LivePlan): Promise<FleetViewer | MqttViewer | null> {
  if (plan.kind === 'mqtt') return MqttViewer.open(Number(new URL(plan.url).port), nowUs);
  return plan.kind === 'hub' ? FleetViewer.open(plan.url, plan.cookie, nowUs) : Promise.resolve(null);
}

interface Schedule {
  dueMs: number;
  next: number;
  readonly spacingMs: number;
  /** How late each frame was sent. */
  lagsMs: number[];
}

/** Sends the boards' frames, evenly spread, until `endMs`. */
async function sendUntil(boards: readonly LiveBoard[], endMs: number, schedule: Schedule): Promise<void> {
  for (;;) {
    const nowMs = performance.now();
    while (schedule.dueMs <= nowMs && schedule.dueMs < endMs) {
      const board = boards[schedule.next]!;
      if (board.ended !== '') throw new Error(`a board lost its link: ${board.ended}`);
      board.send(nowUs());
      schedule.lagsMs.push(performance.now() - schedule.dueMs);
      schedule.next = (schedule.next + 1) % boards.length;
      schedule.dueMs += schedule.spacingMs;
    }
    if (schedule.dueMs >= endMs) return;
    await sleep(Math.max(0, schedule.dueMs - performance.now()));
  }
}

const sum = (boards: readonly LiveBoard[], of: (board: LiveBoard) => number): number =>
  boards.reduce((total, board) => total + of(board), 0);

async function runPlan(plan: LivePlan, say: (type: 'measuring' | 'measured') => void): Promise<LiveResult> {
  const boards = await openBoards(plan);
  const viewer = await openViewer(plan);
  const startMs = performance.now();
  const spacingMs = 1000 / (boards.length * (plan.hz ?? 1));
  const schedule: Schedule = { dueMs: startMs, next: 0, spacingMs, lagsMs: [] };
  await sendUntil(boards, startMs + plan.warmUpMs, schedule);

  const sentBefore = sum(boards, (board) => board.sent);
  viewer?.window.open(nowUs());
  say('measuring');
  schedule.lagsMs = [];
  await sendUntil(boards, startMs + plan.warmUpMs + plan.measureMs, schedule);
  viewer?.window.close(nowUs());
  say('measured');
  const sent = sum(boards, (board) => board.sent);

  if (plan.kind === 'hub') for (const board of boards) board.flush();
  const drainEndMs = performance.now() + drainMsMax;
  const isDrained = (): boolean =>
    viewer === null || (sum(boards, (board) => board.acked) === sent && viewer.batches >= sent);
  while (!isDrained() && performance.now() < drainEndMs) await sleep(20);

  const result: LiveResult = {
    sent,
    sentInWindow: sent - sentBefore,
    acked: sum(boards, (board) => board.acked),
    ackedEach: boards.map((board) => board.acked),
    arrived: viewer?.batches ?? 0,
    measured: viewer?.window.count ?? 0,
    conflated: viewer?.conflated ?? 0,
    latencyMs: viewer?.window.quantiles() ?? { p50: null, p99: null, p999: null, max: null },
    lagMsP99: round(quantile(Float64Array.from(schedule.lagsMs).sort(), 0.99) ?? Number.NaN, 2),
  };
  for (const board of boards) board.close();
  viewer?.close();
  return result;
}

if (import.meta.main) await serveLoad(runPlan);
