/**
 * How smoothly the fleet table moves: frames and long tasks while it ticks and while it is scrolled, out of the browser's own trace.
 *
 * Owns nothing but the trace while it runs. Whoever calls has opened the page and keeps the devices talking. A frame counts from one
 * animation frame of the page to the next, so that whatever holds the main thread up shows; tasks are those of the page's main thread.
 */
import type { Browser, CDPSession, Page } from 'playwright-core';

export interface FleetMeasure {
  readonly page: Page;
  readonly browser: Browser;
  /** How long it ticks, and then how long it is scrolled. */
  readonly seconds: number;
}

export interface MotionFigures {
  readonly frames: number;
  readonly frameMsP50: number;
  readonly frameMsP99: number;
  readonly frameMsMax: number;
  /** Frames per second, as it comes out over the whole time. */
  readonly framesPerSecond: number;
  /** Percent of frames that took longer than one and a half of a 60 Hz screen's. */
  readonly lateFramesPercent: number;
  /** Tasks of the page's main thread of 50 ms and more, as the clock on the wall has it. */
  readonly longTasks: number;
  readonly taskMsMax: number;
  /** The same in processor time of that thread: what else the machine does then is not the page's. */
  readonly longCpuTasks: number;
  readonly taskCpuMsMax: number;
  /** Processor time of the main thread, percent of the time. */
  readonly busyPercent: number;
}

export interface FleetFigures {
  readonly devices: number;
  /** Rows that exist in the document: few, whatever the fleet. */
  readonly rows: number;
  readonly ticking: MotionFigures;
  readonly scrolling: MotionFigures;
}

const screenFrameMs = 1000 / 60;
const longTaskMs = 50;
const scrollPxPerSecond = 4_000;

export async function measureFleet({ page, browser, seconds }: FleetMeasure): Promise<FleetFigures> {
  // The rows that stand there before are those of the frame: reading ten thousand devices is not ticking.
  await page.locator('tr.fleet-row:not(.is-skeleton)').first().waitFor();
  const devices = await page.locator('table.fleet-table').evaluate((table) => Number(table.ariaRowCount) - 1);
  const cdp = await page.context().newCDPSession(page);
  const ticking = await traceMotion({ page, browser }, () => page.waitForTimeout(seconds * 1000));
  const scrolling = await traceMotion({ page, browser }, () => scrollBothWays(page, cdp, seconds));
  const rows = await page.locator('tr.fleet-row').count();
  await cdp.detach();
  return { devices, rows, ticking, scrolling };
}

/** As a finger does: down for half the time, and up again. */
async function scrollBothWays(page: Page, cdp: CDPSession, seconds: number): Promise<void> {
  const box = await page.locator('.fleet-scroll').boundingBox();
  if (box === null) throw new Error('the fleet table is not on the page');
  const distance = (scrollPxPerSecond * seconds) / 2;
  for (const yDistance of [-distance, distance]) {
    await cdp.send('Input.synthesizeScrollGesture', {
      x: Math.round(box.x + box.width / 2),
      y: Math.round(box.y + box.height / 2),
      yDistance,
      speed: scrollPxPerSecond,
      preventFling: true,
    });
  }
}

async function traceMotion(
  { page, browser }: { page: Page; browser: Browser },
  move: () => Promise<void>,
): Promise<MotionFigures> {
  await browser.startTracing(page, {
    categories: ['toplevel', 'devtools.timeline', 'blink.user_timing', '__metadata'],
  });
  await page.evaluate(startFrameLog);
  await move();
  const frames = await page.evaluate(stopFrameLog);
  const trace = JSON.parse((await browser.stopTracing()).toString('utf8')) as { traceEvents: readonly TraceEvent[] };
  const tasks = readTasks(trace.traceEvents, findRendererPid(trace.traceEvents));
  return { ...summariseFrames(frames), ...summariseTasks(tasks, frames) };
}

type FrameWindow = typeof globalThis & { lapwingFrames?: { readonly times: number[]; isOn: boolean } };

/** Runs in the page. */
function startFrameLog(): void {
  const log = { times: [] as number[], isOn: true };
  (globalThis as FrameWindow).lapwingFrames = log;
  const note = (timeMs: number): void => {
    log.times.push(timeMs);
    if (log.isOn) requestAnimationFrame(note);
  };
  requestAnimationFrame(note);
  performance.mark('lapwing-motion');
}

/** Runs in the page. */
function stopFrameLog(): number[] {
  const log = (globalThis as FrameWindow).lapwingFrames;
  if (log === undefined) return [];
  log.isOn = false;
  return log.times;
}

function summariseFrames(times: readonly number[]): Omit<MotionFigures, keyof TaskFigures> {
  const steps = times.slice(1).map((time, i) => time - times[i]!);
  const sorted = steps.toSorted((a, b) => a - b);
  const pick = (share: number): number => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]);
  const passedMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
  const late = steps.filter((step) => step > screenFrameMs * 1.5).length;
  return {
    frames: steps.length,
    frameMsP50: pick(0.5),
    frameMsP99: pick(0.99),
    frameMsMax: round(sorted.at(-1)),
    framesPerSecond: round((steps.length / passedMs) * 1000),
    lateFramesPercent: round((late / Math.max(1, steps.length)) * 100),
  };
}

type TaskFigures = Pick<MotionFigures, 'longTasks' | 'taskMsMax' | 'longCpuTasks' | 'taskCpuMsMax' | 'busyPercent'>;

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly ts: number;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  /** Of the thread's own clock. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** The page's own process: the one in which the mark of the frame log stands. */
function findRendererPid(events: readonly TraceEvent[]): number {
  const marked = events.find(({ name }) => name === 'lapwing-motion');
  const pid = marked?.pid ?? events.find(({ args }) => args?.name === 'CrRendererMain')?.pid;
  if (pid === undefined) throw new Error('the trace names no renderer');
  return pid;
}

interface Task {
  readonly ms: number;
  readonly cpuMs: number;
}

/** Each task of the page's main thread; a task inside another counts as part of that. */
function readTasks(events: readonly TraceEvent[], pid: number): Task[] {
  const main = events.find(
    (event) => event.pid === pid && event.name === 'thread_name' && event.args?.name === 'CrRendererMain',
  );
  const tasks = events.filter(({ name, ph, pid: of, tid, dur }) => {
    return of === pid && tid === main?.tid && ph === 'X' && dur !== undefined && name.endsWith('RunTask');
  });
  let endUs = Number.NEGATIVE_INFINITY;
  const outer = tasks
    .toSorted((a, b) => a.ts - b.ts)
    .filter(({ ts, dur }) => {
      if (ts < endUs) return false;
      endUs = ts + dur!;
      return true;
    });
  return outer.map(({ dur, tdur }) => ({ ms: dur! / 1000, cpuMs: (tdur ?? dur!) / 1000 }));
}

function summariseTasks(tasks: readonly Task[], frames: readonly number[]): TaskFigures {
  const passedMs = (frames.at(-1) ?? 0) - (frames[0] ?? 0);
  return {
    longTasks: tasks.filter(({ ms }) => ms >= longTaskMs).length,
    taskMsMax: round(tasks.reduce((most, { ms }) => Math.max(most, ms), 0)),
    longCpuTasks: tasks.filter(({ cpuMs }) => cpuMs >= longTaskMs).length,
    taskCpuMsMax: round(tasks.reduce((most, { cpuMs }) => Math.max(most, cpuMs), 0)),
    busyPercent: round((tasks.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / Math.max(1, passedMs)) * 100),
  };
}

function round(value: number | undefined): number {
  return Math.round((value ?? Number.NaN) * 10) / 10;
}
