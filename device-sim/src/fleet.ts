/**
 * Wires and runs a simulated fleet: boards from core/, sockets and timers from edge/. Also the entry for tests and benchmarks.
 *
 * Owns one timer wheel with three places a board (sample, link, cycle) and the counters of all. Invariant: one Node timer,
 * however many boards. Refuses to print: `stats` and `report` tell, the caller shows.
 */
import { performance } from 'node:perf_hooks';
import { BatchWriter } from './core/batch-writer.ts';
import { BoardClock } from './core/board-clock.ts';
import { type BoardType, boardMix, makeBoard, nameBoard } from './core/board-models.ts';
import { DeviceLink } from './core/device-link.ts';
import { FleetBoard } from './core/fleet-board.ts';
import { LatencyHistogram } from './core/latency-histogram.ts';
import { LinkDriver } from './core/link-driver.ts';
import type { LinkTime } from './core/link-types.ts';
import { MemoryOutbox } from './core/memory-outbox.ts';
import { createRandom, drawEpoch, type Random } from './core/random.ts';
import { type HubAddress, parseHubUrl } from './edge/enrolment.ts';
import { resolveStateDirectory } from './edge/state-directory.ts';
import { TokenDesk } from './edge/token-desk.ts';
import { WheelTimer } from './edge/wheel-timer.ts';
import { connectWs } from './edge/ws-socket.ts';

export interface FleetOptions {
  /** ws(s):// or http(s):// URL of the hub. */
  readonly hub: string;
  /** Enrolment key; '' when all tokens are in `tokens` or the state directory. */
  readonly key?: string;
  /** Tokens by device id, for tests that made them; then nothing is read or written. */
  readonly tokens?: ReadonlyMap<string, string>;
  readonly state?: string;
  readonly boards: number;
  readonly seed?: number;
  /** One type for all; undefined: the mix. */
  readonly type?: BoardType;
  /** Metrics of a plain board, `n` among them. */
  readonly metrics?: number;
  readonly intervalMs?: number;
  readonly jitterMs?: number;
  /** Largest clock drift of a board, either way; clocks also start up to 2 s wrong where this is not 0. */
  readonly driftPpm?: number;
  /** Share of the boards without a clock of their own, 0 to 1. */
  readonly clocklessShare?: number;
  readonly rowsPerBatch?: number;
  /** Rows of each board. */
  readonly count?: number;
  readonly durationS?: number;
  /** Device ids start with this instead of being named after rooms. */
  readonly prefix?: string;
  readonly drainMs?: number;
  /** Boards start within this time, evenly; default: one interval, at least 2 ms a board. */
  readonly spreadMs?: number;
  readonly fleetOnNote?: (deviceId: string, level: 'info' | 'warning' | 'error', text: string) => void;
}

export interface FleetStats {
  readonly boards: number;
  readonly online: number;
  readonly asleep: number;
  readonly refused: number;
  readonly framesSent: number;
  readonly readingsMade: number;
  readonly readingsAcked: number;
  readonly readingsDropped: number;
  readonly inFlight: number;
  /** Messages in outboxes, those in flight among them. */
  readonly waiting: number;
  readonly reconnects: number;
  readonly regressions: number;
  readonly ackMsP50: number;
  readonly ackMsP99: number;
}

export interface DeviceAckReport {
  readonly id: string;
  readonly epoch: number;
  readonly ackedSeq: number;
  readonly sentSeq: number;
  readonly readingsAcked: number;
  /** Rows in acked batches: a plain board's `n` up to this is in the store, when nothing was dropped. */
  readonly rowsAcked: number;
  readonly rowsMade: number;
  readonly readingsDropped: number;
}

export interface FleetHandle {
  /** All boards have been welcomed once. Rejects when enrolment is refused. */
  readonly ready: Promise<void>;
  /** Ended: by `durationS`, by `count` (everything acked), or by `stop`. Rejects as `ready` does. */
  readonly done: Promise<void>;
  stats(): FleetStats;
  report(): readonly DeviceAckReport[];
  /** Flushes, waits for Acks as long as `drainMs`, says Goodbye. A second call ends at once. */
  stop(): Promise<void>;
}

interface Member {
  readonly deviceId: string;
  readonly board: FleetBoard;
  readonly outbox: MemoryOutbox;
  token: string;
  link: DeviceLink | null;
  driver: LinkDriver | null;
}

const placesPerBoard = 3;
const outboxBytesMax = 512 * 1024;
const outboxFramesMax = 4_096;

export function startFleet(options: FleetOptions): FleetHandle {
  return new Fleet(options);
}

class Fleet implements FleetHandle {
  readonly ready: Promise<void>;
  readonly done: Promise<void>;
  private readonly options: FleetOptions;
  private readonly hub: HubAddress;
  private readonly random: Random;
  private readonly writer = new BatchWriter();
  private readonly ackLatency = new LatencyHistogram();
  private readonly members: Member[] = [];
  private readonly timer: WheelTimer;
  private readonly abort = new AbortController();
  private readonly readyEnd = Promise.withResolvers<void>();
  private readonly doneEnd = Promise.withResolvers<void>();
  private readonly bootMs = Date.now();
  private readingsMade = 0;
  private welcomed = 0;
  private readonly left = new Set<Member>();
  private stopping: 'no' | 'draining' | 'ended' = 'no';
  private desk: TokenDesk | null = null;
  private endTimer: NodeJS.Timeout | undefined;

  constructor(options: FleetOptions) {
    this.options = options;
    this.hub = parseHubUrl(options.hub);
    this.random = createRandom(options.seed ?? 1);
    this.ready = this.readyEnd.promise;
    this.done = this.doneEnd.promise;
    // Whoever awaits only one of them must not meet an unhandled rejection of the other.
    this.ready.catch(() => undefined);
    this.done.catch(() => undefined);
    const slotMs = Math.min(5, Math.max(1, (options.intervalMs ?? 1000) / 100));
    this.timer = new WheelTimer({
      slotMs,
      idsMax: options.boards * placesPerBoard,
      fire: (id) => this.fire(id),
    });
    for (let board = 0; board < options.boards; board++) this.members.push(this.makeMember(board));
    this.start().catch((error: unknown) => this.fail(error));
  }

  stats(): FleetStats {
    const sum = { online: 0, asleep: 0, refused: 0, framesSent: 0, inFlight: 0, waiting: 0, reconnects: 0 };
    let [readingsAcked, readingsDropped, regressions] = [0, 0, 0];
    for (const { board, link, outbox } of this.members) {
      const counts = outbox.counts();
      sum.waiting += counts.frames;
      readingsDropped += counts.readingsDropped;
      if (link === null) continue;
      const stage = link.stage.name;
      if (stage === 'live' || stage === 'draining') sum.online += 1;
      else if (stage === 'refused') sum.refused += 1;
      else if (stage === 'idle' && board.options.sleepMs > 0) sum.asleep += 1;
      sum.framesSent += link.framesSent;
      sum.inFlight += link.window.inFlight();
      sum.reconnects += link.reconnects;
      readingsAcked += link.window.readingsAcked;
      regressions += link.window.regressions;
    }
    return {
      boards: this.members.length,
      ...sum,
      readingsMade: this.readingsMade,
      readingsAcked,
      readingsDropped,
      regressions,
      ackMsP50: this.ackLatency.quantile(0.5),
      ackMsP99: this.ackLatency.quantile(0.99),
    };
  }

  report(): readonly DeviceAckReport[] {
    return this.members.map(({ board, deviceId, link, outbox }) => ({
      id: deviceId,
      epoch: outbox.epoch,
      ackedSeq: link?.window.ackedSeq ?? 0,
      sentSeq: link?.window.sentSeq ?? 0,
      readingsAcked: link?.window.readingsAcked ?? 0,
      rowsAcked: board.rowsAcked,
      rowsMade: board.rowsSampled,
      readingsDropped: outbox.counts().readingsDropped,
    }));
  }

  stop(): Promise<void> {
    if (this.stopping === 'draining') this.end();
    if (this.stopping !== 'no') return this.done;
    this.stopping = 'draining';
    clearTimeout(this.endTimer);
    this.abort.abort();
    for (const member of this.members) {
      const { board, driver } = member;
      if (driver === null) this.left.add(member);
      else board.stop();
    }
    if (this.left.size === this.members.length) this.end();
    // The links keep their own deadline; this one is for what hangs below them.
    else this.endTimer = setTimeout(() => this.end(), (this.options.drainMs ?? 2000) + 500);
    return this.done;
  }

  private end(): void {
    if (this.stopping === 'ended') return;
    this.stopping = 'ended';
    clearTimeout(this.endTimer);
    this.desk?.save();
    for (const { driver } of this.members) driver?.abort();
    this.timer.stop();
    this.readyEnd.resolve();
    this.doneEnd.resolve();
  }

  private fail(error: unknown): void {
    if (this.stopping !== 'no') return;
    this.readyEnd.reject(error);
    this.doneEnd.reject(error);
    this.stopping = 'draining';
    this.end();
  }

  private async start(): Promise<void> {
    const { boards, durationS, intervalMs = 1000, spreadMs } = this.options;
    const tokens = await this.collectTokens();
    if (this.stopping !== 'no') return;
    if (durationS !== undefined) this.endTimer = setTimeout(() => void this.stop(), durationS * 1000);
    const startMs = performance.now();
    const stepMs = (spreadMs ?? Math.max(intervalMs, boards * 2)) / boards;
    this.members.forEach((member, index) => {
      member.token = tokens.get(member.deviceId)!;
      this.makeLink(member, index);
      this.timer.schedule(index * placesPerBoard + 2, startMs + index * stepMs);
    });
    if (boards === 0) this.readyEnd.resolve();
  }

  private fire(id: number): void {
    const index = Math.floor(id / placesPerBoard);
    const { board, driver } = this.members[index]!;
    switch (id % placesPerBoard) {
      case 0:
        this.timer.schedule(id, board.sample());
        return;
      case 1:
        driver?.wake();
        return;
      default:
        // The first cycle is the board's power-on.
        if (driver !== null && board.rowsSampled === 0 && driver.link.stage.name === 'idle' && board.welcomes === 0) {
          driver.start();
          this.timer.schedule(index * placesPerBoard, performance.now());
        } else board.cycle();
    }
  }

  private makeMember(index: number): Member {
    const { options, random } = this;
    const { intervalMs = 1000, driftPpm = 0, prefix, seed = 1 } = options;
    const type = options.type ?? boardMix[index % boardMix.length]!;
    const deviceId = prefix === undefined ? nameBoard(seed, index) : `${prefix}${index + 1}`;
    const sleepMs = type === 'battery' ? Math.round((20 + random() * 40) * Math.max(intervalMs, 50)) : 0;
    const rowsPerBatch = type === 'battery' ? Math.ceil(sleepMs / intervalMs) + 8 : (options.rowsPerBatch ?? 1);
    // SE-5: a memory outbox starts at 1 again, so every run has its own epoch.
    const outbox = new MemoryOutbox({
      epoch: drawEpoch(Math.random),
      framesMax: outboxFramesMax,
      bytesMax: outboxBytesMax,
    });
    const clock = new BoardClock({
      // Spread evenly by the golden ratio, so that of any ten boards about as many have none.
      hasClock: (index * 0.618_034) % 1 >= (options.clocklessShare ?? 0),
      errorMs: driftPpm === 0 ? 0 : (random() * 2 - 1) * 2000,
      driftPpm: (random() * 2 - 1) * driftPpm,
      bootMs: this.bootMs,
      corrected: random() < 0.5,
    });
    const board = new FleetBoard({
      deviceId,
      model: makeBoard(type, { seed, board: index, plainMetrics: options.metrics ?? 10 }),
      clock,
      outbox,
      writer: this.writer,
      random,
      intervalMs,
      jitterMs: options.jitterMs ?? 0,
      rowsPerBatch,
      rowsMax: options.count ?? Number.POSITIVE_INFINITY,
      sleepMs,
      readClocks: () => ({ nowMs: performance.now(), trueMs: Date.now() }),
      cycleAt: (atMs) => this.timer.schedule(index * placesPerBoard + 2, atMs),
      boardOnRow: (readings) => {
        this.readingsMade += readings;
      },
    });
    return { deviceId, board, outbox, token: '', link: null, driver: null };
  }

  private makeLink(member: Member, index: number): void {
    const { board, deviceId, outbox } = member;
    const { clock, model } = board.options;
    const link = new DeviceLink({
      deviceId,
      token: '',
      model: model.model,
      firmware: model.firmware,
      metrics: model.metrics,
      outbox,
      random: this.random,
      ackLatency: this.ackLatency,
      hasClock: clock.options.hasClock,
      drainMs: this.options.drainMs ?? 2000,
    });
    const readTime = (): LinkTime => ({ nowMs: performance.now(), clockMs: clock.read(Date.now()) });
    const hooks = board.makeHooks((level, text) => this.options.fleetOnNote?.(deviceId, level, text));
    const driver = new LinkDriver({
      link,
      connect: (listener) => connectWs({ url: this.hub.deviceUrl, token: member.token }, listener),
      readTime,
      wakeAt: (atMs) => this.timer.schedule(index * placesPerBoard + 1, atMs),
      hooks: {
        ...hooks,
        linkOnWelcome: (welcome) => {
          hooks.linkOnWelcome?.(welcome);
          if (board.welcomes === 1) this.countWelcome();
        },
        linkOnAcked: (seq, readings) => {
          hooks.linkOnAcked?.(seq, readings);
          if (board.isComplete()) this.checkComplete();
        },
        linkOnLeft: () => this.countLeft(member),
        linkOnRefused: (text) => this.meetRefused(member, text),
      },
    });
    board.attach(driver);
    member.link = link;
    member.driver = driver;
  }

  /** A token that was good in this run was taken back on purpose; another may be of an older hub, and is renewed once. */
  private meetRefused(member: Member, text: string): void {
    const { board, deviceId } = member;
    const renewal = board.welcomes > 0 ? null : (this.desk?.renew(deviceId) ?? null);
    if (renewal === null) {
      this.options.fleetOnNote?.(deviceId, 'error', text);
      if (this.members.every(({ link }) => link?.stage.name === 'refused')) {
        this.fail(new Error(`the hub refuses every device (${text}); with --key KEY they enrol again`));
      }
      return;
    }
    renewal.then(
      (token) => {
        member.token = token;
        if (this.stopping === 'no') member.driver?.start();
      },
      (error: unknown) => this.fail(error),
    );
  }

  private countWelcome(): void {
    this.welcomed += 1;
    if (this.welcomed === this.members.length) this.readyEnd.resolve();
  }

  private countLeft(member: Member): void {
    if (this.stopping !== 'draining') return;
    this.left.add(member);
    if (this.left.size === this.members.length) this.end();
  }

  private checkComplete(): void {
    if (this.stopping === 'no' && this.members.every(({ board }) => board.isComplete())) void this.stop();
  }

  private async collectTokens(): Promise<ReadonlyMap<string, string>> {
    if (this.options.tokens !== undefined) return this.options.tokens;
    this.desk = new TokenDesk({
      hub: this.hub,
      key: this.options.key ?? '',
      directory: resolveStateDirectory(this.options.state, process.env),
      signal: this.abort.signal,
      enrolmentOnWait: (text) => this.options.fleetOnNote?.('fleet', 'info', text),
    });
    return this.desk.collect(this.members.map(({ deviceId }) => deviceId));
  }
}
