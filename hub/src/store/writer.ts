/**
 * The writer thread: the only place that writes the database.
 *
 * Owns the ledger and whether the disk takes writes. Invariant: 'committed' is said only after the commit's fsync, in order of the
 * groups. While the disk fails every group is refused at once, heads still answer, and about once a second a real durable write
 * tries whether it is over. Anything that is not the world's fault ends the thread, and with it the process.
 */
import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { answerHeadRequest } from './head-answer.ts';
import { aliveEveryMs } from './hub-runs.ts';
import { Ledger } from './ledger.ts';
import { codeOf, damageAdvice, isDamage, isWorldFailure, needsReopening, sizeOfFile } from './sqlite.ts';
import { loadState } from './stored-state.ts';
import type { FromWriter, HeadRequest, ToWriter, WriterFigures, WriterOptions } from './worker-messages.ts';

/** A slice of sealing, trimming or checkpointing between two groups takes about this long. */
const sliceMs = 4;
/** A log this many times its budget means that sealing does not keep up: groups wait longer then, and pressure slows the devices. */
const backlogMax = 1.1;
const longSliceMs = 40;
const figuresEveryMs = 1000;
/** An idle hub looks this often whether retention is due. */
const upkeepEveryMs = 60_000;
/** Nothing for so long: the log may as well be sealed. */
const quietMs = 30_000;
/** What a clean stop may spend on leaving a small file behind. */
const restMsMax = 1_000;

const damagedProbeFactor = 60;

type GroupMessage = ToWriter & { kind: 'group' };

export class Writer {
  private readonly options: WriterOptions;
  private readonly port: MessagePort;
  private ledger: Ledger;
  private state: 'ok' | 'unavailable' = 'ok';
  private failure = { code: '', message: '' };
  private mustReopen = false;
  /** Something failed that may have been an fsync: nothing that the WAL holds is relied on. */
  private mustMoveAll = false;
  private spare: ArrayBuffer | null = null;
  private readonly groups: GroupMessage[] = [];
  private readonly readers = new Set<MessagePort>();
  private turn: NodeJS.Immediate | null = null;
  private maintenanceAfterMs = 0;
  private probeTimer: NodeJS.Timeout | null = null;
  private readonly aliveTimer: NodeJS.Timeout;
  /** Does not keep a thread that could not start. */
  private readonly upkeepTimer = setInterval(() => this.lookAfter(), upkeepEveryMs).unref();
  private groupAtMs = Number.NEGATIVE_INFINITY;
  private figures: WriterFigures = { commitMs: 0, logBytes: 0, databaseBytes: 0, walBytes: 0 };
  private figuresAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: WriterOptions, port: MessagePort) {
    this.options = options;
    this.port = port;
    this.ledger = new Ledger(options);
    this.say({ kind: 'ready', state: loadState(this.ledger.connection, this.ledger.heads), figures: this.measure(0) });
    port.on('message', (message: ToWriter) => this.portOnMessage(message));
    this.aliveTimer = setInterval(() => this.state === 'ok' && this.ledger.noteAlive(), aliveEveryMs);
    this.scheduleTurn();
  }

  private say(message: FromWriter, transfer: ArrayBuffer[] = []): void {
    this.port.postMessage(message, transfer);
  }

  private portOnMessage(message: ToWriter): void {
    if (message.kind === 'close') this.close();
    else if (message.kind === 'reader') this.takeReader(message.port);
    else {
      this.groups.push(message);
      this.scheduleTurn();
    }
  }

  private takeReader(reader: MessagePort): void {
    this.readers.add(reader);
    reader.on('message', (request: HeadRequest) => reader.postMessage(answerHeadRequest(this.ledger.heads, request)));
    reader.on('close', () => this.readers.delete(reader));
  }

  /** One group and one slice of upkeep a turn, so that readers' head requests get theirs however many groups wait. */
  private scheduleTurn(): void {
    this.turn ??= setImmediate(() => {
      this.turn = null;
      const group = this.groups.shift();
      if (group !== undefined) this.takeGroup(group);
      this.maintain();
      if (this.groups.length > 0) this.scheduleTurn();
    });
  }

  private lookAfter(): void {
    if (performance.now() - this.groupAtMs > quietMs) this.ledger.noteQuiet();
    this.scheduleTurn();
  }

  private takeGroup(group: GroupMessage): void {
    this.groupAtMs = performance.now();
    if (this.state === 'ok') this.commitGroup(group);
    else this.say({ kind: 'failed', id: group.id, ...this.failure });
  }

  private commitGroup(group: GroupMessage): void {
    const startMs = performance.now();
    try {
      this.ledger.commit(group);
    } catch (error) {
      this.failGroup(group.id, error);
      return;
    }
    const commitMs = performance.now() - startMs;
    // The receipt first: decoding is not what devices wait for. It carries the buffer of the group before, which is done with.
    const { spare } = this;
    this.say(
      { kind: 'committed', id: group.id, spare, figures: this.measure(commitMs) },
      spare === null ? [] : [spare],
    );
    if (group.frames > 0) this.ledger.decode(group.bytes);
    this.spare = group.bytes.buffer;
  }

  private failGroup(id: number, error: unknown): void {
    if (!isWorldFailure(error)) throw error;
    this.failure = describeError(error);
    this.say({ kind: 'failed', id, ...this.failure });
    this.enterUnavailable(error);
  }

  private enterUnavailable(error: unknown): void {
    if (needsReopening(error)) this.mustReopen = this.mustMoveAll = true;
    this.failure = describeError(error);
    if (this.state === 'ok') this.say({ kind: 'unavailable', ...this.failure });
    this.state = 'unavailable';
    // A damaged file does not heal by itself, and looking all through it takes long.
    const waitMs = this.options.probeMs * (isDamage(this.failure.code) ? damagedProbeFactor : 1);
    this.probeTimer ??= setTimeout(() => this.probe(), waitMs);
  }

  private probe(): void {
    this.probeTimer = null;
    try {
      if (this.mustReopen) this.reopen();
      if (isDamage(this.failure.code)) this.ledger.refuseDamage();
      this.ledger.probe({ wholly: this.mustMoveAll });
    } catch (error) {
      if (!isWorldFailure(error)) throw error;
      this.enterUnavailable(error);
      return;
    }
    this.mustMoveAll = false;
    this.state = 'ok';
    this.say({ kind: 'ok' });
    this.scheduleTurn();
  }

  /** After a failed fsync nobody knows what the file holds: believe the file, not the memory (ATC '20, "Can Applications Recover from fsync Failures?"). */
  private reopen(): void {
    const before = this.ledger;
    const fresh = new Ledger(this.options);
    fresh.allowResending(before);
    this.ledger = fresh;
    this.mustReopen = false;
    before.close();
  }

  private maintain(): void {
    if (this.state !== 'ok' || performance.now() < this.maintenanceAfterMs) return;
    const isBehind = this.ledger.log.groupBytes > this.options.logBytesMax * backlogMax;
    try {
      if (this.ledger.maintain(performance.now() + (isBehind ? longSliceMs : sliceMs))) this.scheduleTurn();
    } catch (error) {
      if (!isWorldFailure(error)) throw error;
      // A full disk may still take commits; whether it does is the commits' to find out.
      this.maintenanceAfterMs = performance.now() + this.options.probeMs;
      if (needsReopening(error)) this.enterUnavailable(error);
    }
  }

  private measure(commitMs: number): WriterFigures {
    const now = performance.now();
    const logBytes = this.ledger.log.storedBytes;
    if (now - this.figuresAtMs < figuresEveryMs) return { ...this.figures, commitMs, logBytes };
    this.figuresAtMs = now;
    const { file } = this.options;
    this.figures = { commitMs, logBytes, databaseBytes: sizeOfFile(file), walBytes: sizeOfFile(`${file}-wal`) };
    return this.figures;
  }

  private rest(): void {
    try {
      this.ledger.rest(performance.now() + restMsMax);
    } catch (error) {
      // What could not be sealed stays in the log.
      if (!isWorldFailure(error)) throw error;
    }
    this.ledger.noteAlive();
  }

  private close(): void {
    if (this.turn !== null) clearImmediate(this.turn);
    if (this.probeTimer !== null) clearTimeout(this.probeTimer);
    clearInterval(this.upkeepTimer);
    clearInterval(this.aliveTimer);
    if (this.state === 'ok') this.rest();
    this.state = 'unavailable';
    this.ledger.close();
    for (const reader of this.readers) reader.close();
    this.port.close();
  }
}

function describeError(error: unknown): { code: string; message: string } {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  return { code, message: isDamage(code) ? `${message}. ${damageAdvice}` : message };
}

function startWriter(port: MessagePort): void {
  try {
    new Writer(workerData as WriterOptions, port);
  } catch (error) {
    port.postMessage({ kind: 'refused', error: error as Error, code: codeOf(error) } satisfies FromWriter);
    port.close();
  }
}

if (!isMainThread && parentPort !== null) startWriter(parentPort);
