/**
 * One simulated board: samples its model, packs rows into batches, keeps them in an outbox, talks through a link.
 *
 * Owns the rows not yet packed and the sampling interval. Invariant: rows are packed in the order sampled, and sequence numbers
 * have no holes of this board's making. Refuses to read clocks or set timers: the fleet tells the time and calls back.
 */
import { type Command, type Desired, encodeMessage } from '@lapwing/protocol';
import type { BatchWriter } from './batch-writer.ts';
import type { BoardClock } from './board-clock.ts';
import type { BoardEvent, BoardModel } from './board-models.ts';
import { parseOrder, readInterval } from './device-commands.ts';
import type { LinkDriver, LinkHooks } from './link-driver.ts';
import type { MemoryOutbox } from './memory-outbox.ts';
import type { Random } from './random.ts';

export interface FleetBoardOptions {
  readonly deviceId: string;
  readonly model: BoardModel;
  readonly clock: BoardClock;
  readonly outbox: MemoryOutbox;
  readonly writer: BatchWriter;
  readonly random: Random;
  readonly intervalMs: number;
  readonly jitterMs: number;
  readonly rowsPerBatch: number;
  /** Rows after which it stops sampling; Infinity for no end. */
  readonly rowsMax: number;
  /** 0: always awake. */
  readonly sleepMs: number;
  readonly readClocks: () => { nowMs: number; trueMs: number };
  /** Calls `cycle` then. */
  readonly cycleAt: (atMs: number) => void;
  readonly boardOnRow: (readings: number) => void;
}

/** Rows that a board without a clock keeps until it knows the time; then it measures no more until it does. */
const undatedRowsMax = 300;
/** How long a board that sleeps waits for its Acks before it gives up until next time. */
const awakeMsMax = 10_000;
const restartMs = 1_500;

interface BoardRow {
  readonly clockMs: number;
  readonly whole: Float64Array;
  readonly event: BoardEvent | null;
}

export class FleetBoard {
  readonly options: FleetBoardOptions;
  rowsSampled = 0;
  rowsAcked = 0;
  welcomes = 0;
  private driver: LinkDriver | null = null;
  private readonly times: Float64Array;
  private readonly row: Float64Array;
  private readonly columns: Float64Array;
  private rows = 0;
  /** SE-12: taken before the time was known, with the time since power-on. */
  private undated: BoardRow[] = [];
  private intervalMs: number;
  private rateIntervalMs = 0;
  private rateUntilMs = 0;
  private cycleState: 'awake' | 'asleep' | 'restarting' | 'stopping' = 'awake';
  /** The true time of the sample before: sampling jitters around the grid, it does not drift with it. */
  private gridMs = Number.NaN;

  constructor(options: FleetBoardOptions) {
    this.options = options;
    this.intervalMs = options.intervalMs;
    const width = options.model.metrics.length;
    this.times = new Float64Array(options.rowsPerBatch);
    this.row = new Float64Array(width);
    this.columns = new Float64Array(width * options.rowsPerBatch);
  }

  attach(driver: LinkDriver): void {
    this.driver = driver;
  }

  /** All rows are made and acked. */
  isComplete(): boolean {
    const waiting = this.undated.length + this.rows + this.options.outbox.counts().frames;
    return this.rowsSampled >= this.options.rowsMax && waiting === 0;
  }

  /** Takes one sample now. Answers when the next is due, Infinity for never. */
  sample(): number {
    const { clock, model, readClocks, rowsMax } = this.options;
    if (this.cycleState === 'stopping' || this.rowsSampled >= rowsMax) return Number.POSITIVE_INFINITY;
    const { nowMs, trueMs } = readClocks();
    if (this.undated.length >= undatedRowsMax) return this.nextSampleMs(nowMs);
    const whole = clock.isSet ? this.row : new Float64Array(this.row.length);
    const event = model.sample(trueMs, whole);
    this.rowsSampled += 1;
    this.options.boardOnRow(whole.length);
    const row = { clockMs: clock.read(trueMs), whole, event };
    if (clock.isSet) this.keep(row);
    else this.undated.push(row);
    return this.rowsSampled >= rowsMax ? Number.POSITIVE_INFINITY : this.nextSampleMs(nowMs);
  }

  private keep({ clockMs, event, whole }: BoardRow): void {
    const { rowsMax, rowsPerBatch } = this.options;
    const timeMs = Math.round(clockMs);
    this.times[this.rows] = timeMs;
    for (let column = 0; column < whole.length; column++) {
      this.columns[column * rowsPerBatch + this.rows] = whole[column]!;
    }
    this.rows += 1;
    const last = this.rowsSampled >= rowsMax && this.undated.length === 0;
    if (this.rows === rowsPerBatch || last || event !== null) this.pack(last);
    if (event !== null) this.appendEvent(event, timeMs);
  }

  /** Packs the rows that wait into a batch and hands it to the link. */
  pack(ackNow: boolean): void {
    const { model, outbox, rowsPerBatch, writer } = this.options;
    const { rows } = this;
    if (rows === 0) return;
    const columns = model.metrics.length;
    writer.begin({ seq: outbox.nextSeq(), ackNow, backfill: false, rows, columns, times: this.times });
    for (let index = 0; index < columns; index++) {
      const column = { whole: this.columns, from: index * rowsPerBatch, rows };
      const metric = model.metrics[index]!;
      if (metric.kind === 'bool') writer.putBools(index, column);
      else writer.putDecimals(index, metric.exponent, column);
    }
    const facts = { readings: rows * columns, fromMs: this.times[0]!, toMs: this.times[rows - 1]! };
    outbox.append(writer.finish(), facts);
    this.rows = 0;
    this.driver?.push();
  }

  /** The time of a change of its cycle has come: asleep → awake, awake too long → asleep, restarted → back. */
  cycle(): void {
    if (this.cycleState === 'stopping' || this.driver === null) return;
    if (this.cycleState === 'awake') {
      if (this.options.sleepMs > 0) this.fallAsleep();
      return;
    }
    this.cycleState = 'awake';
    this.pack(true);
    this.driver.start();
    if (this.options.sleepMs > 0) this.options.cycleAt(this.options.readClocks().nowMs + awakeMsMax);
  }

  stop(): void {
    const wasAsleep = this.cycleState === 'asleep';
    this.cycleState = 'stopping';
    this.pack(true);
    // One that sleeps wakes once more for what it kept; `meetAcked` ends it.
    if (wasAsleep && this.options.outbox.counts().frames > 0) this.driver?.start();
    else this.driver?.leave('stopping', 0);
  }

  makeHooks(note: (level: 'info' | 'warning' | 'error', text: string) => void): LinkHooks {
    return {
      runCommand: (command, answer) => this.runCommand(command, answer),
      applyDesired: (desired) => this.applyDesired(desired),
      resample: (intervalMs, forMs) => this.resample(intervalMs, forMs),
      linkOnWelcome: () => {
        this.welcomes += 1;
      },
      linkOnAcked: (_seq, readings) => this.meetAcked(readings),
      linkOnClock: (offsetMs) => this.correctClock(offsetMs),
      linkOnNote: note,
      linkOnRefused: (text) => note('error', text),
    };
  }

  private correctClock(offsetMs: number): void {
    if (!this.options.clock.correct(offsetMs)) return;
    if (this.driver !== null) this.driver.link.clock.offsetMs = 0;
    for (let row = this.undated.shift(); row !== undefined; row = this.undated.shift()) {
      this.keep({ ...row, clockMs: row.clockMs + offsetMs });
    }
  }

  private meetAcked(readings: number): void {
    this.rowsAcked += readings / this.row.length;
    if (this.options.sleepMs === 0 || this.options.outbox.counts().frames > 0) return;
    // A link that is draining already says Goodbye by itself.
    if (this.cycleState === 'stopping' && this.driver?.link.stage.name === 'live') this.driver.leave('stopping', 0);
    else if (this.cycleState === 'awake' && this.rowsSampled > 0) this.fallAsleep();
  }

  private fallAsleep(): void {
    const { cycleAt, readClocks, sleepMs } = this.options;
    this.cycleState = 'asleep';
    cycleAt(readClocks().nowMs + sleepMs);
    this.driver?.leave('sleeping', sleepMs);
  }

  private nextSampleMs(nowMs: number): number {
    const intervalMs = nowMs < this.rateUntilMs ? this.rateIntervalMs : this.intervalMs;
    const planned = Number.isNaN(this.gridMs) ? nowMs : this.gridMs;
    // More than one interval late (a busy machine): skip what was missed, keep the phase.
    const missed = Math.max(0, Math.floor((nowMs - planned) / intervalMs));
    this.gridMs = planned + (missed + 1) * intervalMs;
    return this.gridMs + (this.options.random() * 2 - 1) * Math.min(this.options.jitterMs, intervalMs * 0.45);
  }

  private appendEvent(event: BoardEvent, atMs: number): void {
    const { outbox } = this.options;
    const frame = encodeMessage({ type: 'event', seq: outbox.nextSeq(), atMs, ...event });
    outbox.append(frame, { readings: 0, fromMs: atMs, toMs: atMs });
    this.driver?.push();
  }

  private runCommand(command: Command, answer: (ok: boolean, result: string) => void): void {
    const order = parseOrder(command.name, command.args);
    switch (order.order) {
      case 'wrong':
        return answer(false, order.text);
      case 'identify': {
        const { clock, readClocks } = this.options;
        this.appendEvent(
          { level: 'info', code: 'identify', text: 'The light blinks' },
          Math.round(clock.read(readClocks().trueMs)),
        );
        return answer(true, '{"blinking":true}');
      }
      case 'set-interval':
        this.intervalMs = order.intervalMs;
        return answer(true, JSON.stringify({ intervalMs: order.intervalMs }));
      case 'restart':
        answer(true, JSON.stringify({ backMs: restartMs }));
        this.cycleState = 'restarting';
        this.options.cycleAt(this.options.readClocks().nowMs + restartMs);
        this.driver?.leave('restarting', restartMs);
    }
  }

  private applyDesired(desired: Desired): string {
    this.intervalMs = readInterval(desired.state) ?? this.intervalMs;
    return JSON.stringify({ intervalMs: this.intervalMs });
  }

  private resample(intervalMs: number, forMs: number): void {
    if (!(intervalMs >= 1)) return;
    this.rateIntervalMs = Math.max(50, intervalMs);
    this.rateUntilMs = this.options.readClocks().nowMs + forMs;
  }
}
