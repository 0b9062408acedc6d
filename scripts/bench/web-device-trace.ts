/**
 * How busy an open page keeps its main thread while readings stream in, by Chromium's own trace.
 *
 * Owns one trace at a time. Refuses to make the load: whoever calls it opens the page and keeps a device speaking, and says for how
 * long to look. Figures are of the wall clock of the trace; on a machine that does other things as well they are an upper bound.
 */
import type { Page } from 'playwright-core';

export interface DeviceTraceOptions {
  readonly forMs: number;
  /** Looked at for so long before, so that what the page does once (code, history) does not count. */
  readonly settleMs?: number;
}

export interface DeviceTrace {
  readonly wallMs: number;
  /** Of the wall clock, 0 … 1: tasks of the renderer's main thread. */
  readonly busyShare: number;
  /** The same in CPU time, without what others took away. */
  readonly cpuShare: number;
  /** Tasks of more than 50 ms, and the longest. */
  readonly longTasks: number;
  readonly longestTaskMs: number;
  readonly frames: number;
  readonly frameMsP50: number;
  readonly frameMsP99: number;
  /** Charts painted, over all charts of the page. */
  readonly paints: number;
  /** Where the time went, by kind of work, in ms of CPU, the most first. */
  readonly work: readonly { readonly name: string; readonly cpuMs: number }[];
  readonly heapBytes: number;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

const categories = ['__metadata', 'toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'];
const longTaskMs = 50;
const frameWatchMs = 5_000;
/** Parts of a task worth a line of their own: none holds another. */
const kinds = [
  'FireAnimationFrame',
  'UpdateLayoutTree',
  'Layout',
  'PrePaint',
  'Paint',
  'Layerize',
  'Commit',
  'MinorGC',
  'MajorGC',
];

/** Resolves when the page has been looked at for `forMs`. */
export async function measureDevice(page: Page, { forMs, settleMs = 3_000 }: DeviceTraceOptions): Promise<DeviceTrace> {
  const browser = page.context().browser();
  if (browser === null) throw new Error('a page of a browser of its own is needed');
  await page.waitForTimeout(settleMs);
  const before = await countPaints(page);
  await browser.startTracing(page, { categories });
  await page.waitForTimeout(forMs);
  const trace = await browser.stopTracing();
  const paints = (await countPaints(page)) - before;
  // Behind the trace: who counts frames asks for each of them, which costs more than a page that has nothing to paint.
  await watchFrames(page);
  await page.waitForTimeout(Math.min(forMs, frameWatchMs));
  const frames = await readFrames(page);
  const heapBytes = await page.evaluate(
    () => (performance as unknown as { memory?: { usedJSHeapSize: number } }).memory?.usedJSHeapSize ?? 0,
  );
  const { traceEvents } = JSON.parse(trace.toString('utf8')) as { traceEvents: TraceEvent[] };
  return { ...sumTasks(traceEvents), ...sumFrames(frames), paints, heapBytes };
}

/** Tasks of the main thread that worked most: the page's own, since others idle. */
function sumTasks(events: readonly TraceEvent[]) {
  const mains = events.filter(
    ({ ph, name, args }) => ph === 'M' && name === 'thread_name' && args?.name === 'CrRendererMain',
  );
  const threads = mains.map(({ pid, tid }) =>
    events.filter((event) => event.ph === 'X' && event.pid === pid && event.tid === tid),
  );
  const isTask = ({ name }: TraceEvent) => name.endsWith('RunTask');
  const sum = (list: readonly TraceEvent[], pick: (event: TraceEvent) => number) =>
    list.reduce((total, event) => total + pick(event) / 1000, 0);
  const busiest = threads.sort(
    (a, b) => sum(b.filter(isTask), (event) => event.dur ?? 0) - sum(a.filter(isTask), (event) => event.dur ?? 0),
  )[0];
  if (busiest === undefined) throw new Error('the trace has no main thread of a page');
  const tasks = keepOutermost(busiest.filter(isTask));
  const first = Math.min(...tasks.map(({ ts }) => ts));
  const last = Math.max(...tasks.map(({ ts, dur = 0 }) => ts + dur));
  const wallMs = (last - first) / 1000;
  const work = kinds
    .map((name) => ({
      name,
      cpuMs: sum(
        busiest.filter((event) => event.name === name),
        ({ tdur, dur }) => tdur ?? dur ?? 0,
      ),
    }))
    .filter(({ cpuMs }) => cpuMs > 0)
    .sort((a, b) => b.cpuMs - a.cpuMs);
  return {
    wallMs,
    busyShare: sum(tasks, ({ dur = 0 }) => dur) / wallMs,
    cpuShare: sum(tasks, ({ tdur, dur }) => tdur ?? dur ?? 0) / wallMs,
    longTasks: tasks.filter(({ dur = 0 }) => dur > longTaskMs * 1000).length,
    longestTaskMs: tasks.reduce((most, { dur = 0 }) => Math.max(most, dur), 0) / 1000,
    work,
  };
}

/** A task that runs inside another (a nested loop, a flush) is part of it. */
function keepOutermost(tasks: readonly TraceEvent[]): TraceEvent[] {
  const outer: TraceEvent[] = [];
  let endUs = Number.NEGATIVE_INFINITY;
  for (const task of tasks.toSorted((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0))) {
    if (task.ts < endUs) continue;
    outer.push(task);
    endUs = task.ts + (task.dur ?? 0);
  }
  return outer;
}

function sumFrames(frames: readonly number[]) {
  const steps = frames
    .slice(1)
    .map((at, i) => at - frames[i]!)
    .sort((a, b) => a - b);
  const pick = (share: number) => steps[Math.min(steps.length - 1, Math.floor(steps.length * share))] ?? Number.NaN;
  return { frames: steps.length, frameMsP50: pick(0.5), frameMsP99: pick(0.99) };
}

function watchFrames(page: Page): Promise<void> {
  return page.evaluate(() => {
    const times: number[] = [];
    (globalThis as { lapwingFrames?: number[] }).lapwingFrames = times;
    const note = (atMs: number) => {
      times.push(atMs);
      if (times.length < 100_000) requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
  });
}

function readFrames(page: Page): Promise<number[]> {
  return page.evaluate(() => (globalThis as { lapwingFrames?: number[] }).lapwingFrames ?? []);
}

function countPaints(page: Page): Promise<number> {
  return page.evaluate(() =>
    [...document.querySelectorAll('.chart-box')].reduce(
      (sum, box) => sum + ((box as { lapwingPlot?: { paints: number } }).lapwingPlot?.paints ?? 0),
      0,
    ),
  );
}
