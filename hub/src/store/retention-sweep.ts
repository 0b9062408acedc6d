/**
 * Applies the retention policy: takes readings that are too old, leaves what their rollup keeps, and gives the space back.
 *
 * Works through all blocks in order of their ids, a few milliseconds at a time, about once an hour or when the policy changes.
 * Invariant: a column's readings go in the transaction that writes the rollup which outlives them; a row of `blocks` never goes,
 * because it proves what was received. Owns its statements and its place in the sweep. A block goes as a whole, by its newest
 * reading, so nothing goes early.
 */
import type { MetricDeclaration } from '@lapwing/protocol';
import type { RetentionPolicy, RetentionRule } from '../core/ports.ts';
import { decodeColumnOf } from './block-decode.ts';
import { findCellMs, findYoungestMs, makeRuleFinder } from './retention-rules.ts';
import { addTiers } from './rollup.ts';
import { type Cells, coarsen, foldRun, sortRun } from './rollup-cells.ts';
import { encodeRollup, openRollup } from './rollup-code.ts';
import { columnsPerBlock } from './schema.ts';
import { type Connection, runRelaxed, type Statement } from './sqlite.ts';

const sweepEveryMs = 3_600_000;
const blocksPerStep = 64;
const stepMs = 3;
/** Free pages that new readings will take again are left alone; beyond this part of the file they are given back. */
const freePartMax = 1 / 16;
const freePagesMin = 512;
const vacuumPages = 64;
const noBytes = new Uint8Array(0);

interface OldBlock {
  readonly id: number;
  readonly stream: number;
  readonly maxMs: number;
}
interface OldColumn {
  readonly id: number;
  readonly dataBytes: number;
}

export class RetentionSweep {
  private readonly connection: Connection;
  private readonly nowMs: () => number;
  private readonly statements: ReturnType<typeof prepareStatements>;
  private policy: RetentionPolicy;
  private findRule: (stream: number, metric: number) => RetentionRule | null = () => null;
  /** Blocks up to this id are done with; null between two sweeps. */
  private doneId: number | null = null;
  private nextMs = Number.NEGATIVE_INFINITY;
  private mayFree: boolean;

  constructor(connection: Connection, nowMs: () => number) {
    this.connection = connection;
    this.nowMs = nowMs;
    this.statements = prepareStatements(connection);
    this.policy = readPolicy(connection);
    this.mayFree = canGiveBack(connection);
  }

  setPolicy(policy: RetentionPolicy): void {
    this.policy = policy;
    this.doneId = null;
    this.nextMs = Number.NEGATIVE_INFINITY;
  }

  /** One step of a few milliseconds; false when nothing is to be done now. */
  step(): boolean {
    if (this.doneId === null) {
      if (this.nowMs() < this.nextMs) return this.giveBack();
      this.nextMs = this.nowMs() + sweepEveryMs;
      // Merging leaves free pages too, as many as it wrote where a whole fleet reaches a tier at once.
      this.mayFree = canGiveBack(this.connection);
      if (findYoungestMs(this.policy) === Number.POSITIVE_INFINITY) return this.giveBack();
      this.findRule = this.loadRules();
      this.doneId = 0;
    }
    const youngestMs = this.nowMs() - findYoungestMs(this.policy);
    const blocks = this.statements.blocks.all(this.doneId, blocksPerStep) as OldBlock[];
    // In a damaged tree a block behind may have a number in front: a sweep that goes back never ends.
    if (blocks.some(({ id }) => id <= (this.doneId ?? 0))) {
      this.doneId = null;
      return false;
    }
    const old = blocks.filter(({ maxMs }) => maxMs < youngestMs);
    if (old.length === 0) this.doneId = blocks.at(-1)?.id ?? null;
    else this.doneId = this.sweepBlocks(old, blocks.at(-1)!.id);
    if (blocks.length === 0) this.mayFree = canGiveBack(this.connection);
    return true;
  }

  /** Returns up to where it came. */
  private sweepBlocks(blocks: readonly OldBlock[], lastId: number): number {
    const untilMs = performance.now() + stepMs;
    let doneId = lastId;
    runRelaxed(this.connection, () => {
      for (const block of blocks) {
        if (performance.now() > untilMs) {
          doneId = block.id - 1;
          return;
        }
        this.sweepBlock(block);
        // Always at least one a step.
        doneId = block === blocks.at(-1) ? lastId : block.id;
      }
    });
    return doneId;
  }

  private sweepBlock(block: OldBlock): void {
    const { columns, emptyBlock } = this.statements;
    const list = columns.all(block.id * columnsPerBlock, (block.id + 1) * columnsPerBlock) as OldColumn[];
    let readable = 0;
    for (const column of list) {
      const place = column.id - block.id * columnsPerBlock;
      const cellMs = findCellMs(this.findRule(block.stream, place >> 1), this.nowMs() - block.maxMs);
      if (cellMs === 0) readable++;
      else if (cellMs === Number.POSITIVE_INFINITY) this.statements.deleteColumn.run(column.id);
      else if (!this.keepCells(block, column, cellMs)) readable++;
    }
    if (readable === 0) emptyBlock.run(noBytes, noBytes, block.id);
  }

  /** Leaves only cells of `cellMs` and coarser; false where they cannot be made, then the readings stay. */
  private keepCells(block: OldBlock, { id, dataBytes }: OldColumn, cellMs: number): boolean {
    const stored = this.statements.rollup.get(id) as Uint8Array | undefined;
    const rollup = stored === undefined ? null : openRollup(stored);
    const finest = rollup === null ? null : rollup.decode(rollup.tiersMs.length - 1);
    const isText = id % 2 === 1;
    let kept: Cells | null = null;
    if (finest !== null && finest.tierMs <= cellMs) {
      if (finest.tierMs === cellMs && dataBytes === 0) return true;
      kept = finest.tierMs === cellMs ? finest : coarsen(finest, cellMs);
    } else if (dataBytes > 0) kept = this.foldReadings(block, id, cellMs);
    // Coarser cells are all there is, or the readings are damaged: neither is a reason to take more.
    if (kept === null) return dataBytes === 0;
    this.statements.putRollup.run(id, encodeRollup(addTiers(kept), isText));
    if (dataBytes > 0) this.statements.emptyColumn.run(noBytes, id);
    return true;
  }

  private foldReadings(block: OldBlock, columnId: number, cellMs: number): Cells | null {
    const data = decodeColumnOf(this.statements.data.get(columnId) as Uint8Array);
    const times = decodeColumnOf(this.statements.times.get(block.id) as Uint8Array)?.values;
    if (data === undefined || !(times instanceof Float64Array)) return null;
    return foldRun(sortRun(data, times), cellMs);
  }

  /** A few pages off the end of the file; false when the rest may stay for what comes. */
  private giveBack(): boolean {
    if (!this.mayFree) return false;
    const free = this.connection.pragma('freelist_count', { simple: true }) as number;
    const pages = this.connection.pragma('page_count', { simple: true }) as number;
    if (free < freePagesMin || free < pages * freePartMax) {
      this.mayFree = false;
      return false;
    }
    runRelaxed(this.connection, () => this.connection.pragma(`incremental_vacuum(${vacuumPages})`));
    // In a damaged file it may not get anywhere.
    this.mayFree = (this.connection.pragma('freelist_count', { simple: true }) as number) < free;
    return this.mayFree;
  }

  private loadRules(): (stream: number, metric: number) => RetentionRule | null {
    const findRule = makeRuleFinder(this.policy);
    const rules = new Map<string, RetentionRule | null>();
    for (const { stream, deviceId, metric, name, unit, kind } of listMetrics(this.connection)) {
      rules.set(`${stream} ${metric}`, findRule(deviceId, { name, unit, kind }));
    }
    return (stream, metric) => rules.get(`${stream} ${metric}`) ?? null;
  }
}

function prepareStatements(connection: Connection) {
  const prepare = (text: string): Statement => connection.prepare(text);
  return {
    blocks: prepare('SELECT id, stream, t_max AS maxMs FROM blocks WHERE id > ? ORDER BY id LIMIT ?'),
    columns: prepare('SELECT id, length(data) AS dataBytes FROM block_columns WHERE id >= ? AND id < ?'),
    rollup: prepare('SELECT cells FROM rollups WHERE id = ?').pluck(),
    data: prepare('SELECT data FROM block_columns WHERE id = ?').pluck(),
    times: prepare('SELECT times FROM blocks WHERE id = ?').pluck(),
    putRollup: prepare('INSERT OR REPLACE INTO rollups(id, cells) VALUES(?, ?)'),
    emptyColumn: prepare('UPDATE block_columns SET data = ? WHERE id = ?'),
    deleteColumn: prepare('DELETE FROM block_columns WHERE id = ?'),
    emptyBlock: prepare('UPDATE blocks SET times = ?, arrivals = ? WHERE id = ? AND length(times) > 0'),
  };
}

/** Only a database made with auto_vacuum can be shortened in slices; an older one keeps its free pages and fills them again. */
function canGiveBack(connection: Connection): boolean {
  return connection.pragma('auto_vacuum', { simple: true }) === 2;
}

export function readPolicy(connection: Connection): RetentionPolicy {
  const text = connection.prepare("SELECT value FROM settings WHERE name = 'retention'").pluck().get();
  return text === undefined ? { rules: [] } : (JSON.parse(text as string) as RetentionPolicy);
}

export interface ListedMetric extends MetricDeclaration {
  readonly stream: number;
  readonly deviceId: string;
  readonly metric: number;
}

/** Metrics of every stream's device, by the device's index. */
export function listMetrics(connection: Connection): readonly ListedMetric[] {
  return connection
    .prepare(
      `SELECT s.key AS stream, d.device_id AS deviceId, m.metric, m.name, m.unit, m.kind
       FROM streams s JOIN devices d ON d.key = s.device JOIN metrics m ON m.device = s.device`,
    )
    .all() as ListedMetric[];
}
