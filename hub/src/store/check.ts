/**
 * Verifies a database, of a running hub or a stopped one, without writing to it: SQLite's own integrity, every checksum of every
 * block and log row, and that everything readable says what its neighbours say of it.
 *
 * Owns its read-only connection while it runs. It repairs nothing; each finding names the device, metric, time range and rows.
 */
import { type BlockPlace, isBlobOf, isBlockWhole, isBytes, takeStats } from './block-checks.ts';
import { type Column, decodeArrivalsOf, decodeColumnOf } from './block-decode.ts';
import { decodeFacts } from './block-facts.ts';
import type { BlockPart } from './block-parts.ts';
import { decodeStats } from './block-stats.ts';
import { openLogRow } from './log-book.ts';
import { openRollup } from './rollup-code.ts';
import { isRowWhole, sqlRow } from './row-check.ts';
import { columnsPerBlock, migrations } from './schema.ts';
import { type Connection, codeOf, migrate, openEmpty, openReading, type Statement } from './sqlite.ts';

export interface Finding {
  readonly what: 'database' | 'block' | 'column' | 'log';
  readonly text: string;
  readonly device: string | null;
  readonly metric: string | null;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** Rows of the block, or 0 where that is not known. */
  readonly rows: number;
}
export interface CheckReport {
  readonly file: string;
  readonly blocks: number;
  readonly columns: number;
  readonly rows: number;
  readonly logRows: number;
  /** Columns written before there were checksums of their place. */
  readonly unproven: number;
  readonly findings: readonly Finding[];
}

const findingsMax = 10_000;
const nowhere = { device: null, metric: null, fromMs: null, toMs: null, rows: 0 } as const;
const integrityLinesMax = 100;
/** Version of the schema. */
const rowChecksSince = 13;

interface StoredBlock extends BlockPlace {
  readonly device: number | null;
  readonly checkSum: Uint8Array | null;
  readonly facts: Uint8Array | null;
  readonly times: Uint8Array;
  readonly arrivals: Uint8Array;
}
interface StoredColumn {
  readonly id: number;
  readonly stats: Uint8Array;
  readonly data: Uint8Array;
  /** Its rollup, NULL where it has none. */
  readonly cells: Uint8Array | null;
}

export function checkDatabase(file: string): CheckReport {
  const connection = openReading(file);
  try {
    return new Check(connection, file).run();
  } finally {
    connection.close();
  }
}

class Check {
  private readonly connection: Connection;
  private readonly file: string;
  private readonly findings: Finding[] = [];
  private readonly counts = { blocks: 0, columns: 0, rows: 0, logRows: 0, unproven: 0 };
  private deviceNames = new Map<number, string>();
  private metricNames = new Map<string, string>();

  constructor(connection: Connection, file: string) {
    this.connection = connection;
    this.file = file;
  }

  run(): CheckReport {
    // One view for all of it, whatever a running hub writes meanwhile.
    this.guard('the database', () => this.connection.exec('BEGIN'));
    this.guard('the integrity check', () => this.checkIntegrity());
    this.guard('the schema', () => this.checkSchema());
    this.guard('the lists of devices and metrics', () => this.readNames());
    this.guard('the rows of devices, metrics and streams', () => this.checkRows());
    this.guard('the blocks', () => this.checkBlocks());
    this.guard('columns of no block', () => this.checkOrphans());
    this.guard('the log', () => this.checkLog());
    return { file: this.file, ...this.counts, findings: this.findings };
  }

  /** What SQLite cannot read is a finding, and the rest is checked all the same. */
  private guard(part: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (codeOf(error) === '') throw error;
      this.note({ what: 'database', ...nowhere, text: `${part}: ${codeOf(error)}: ${(error as Error).message}` });
    }
  }

  private note(finding: Finding): void {
    if (this.findings.length < findingsMax) this.findings.push(finding);
  }

  private checkIntegrity(): void {
    const lines = this.connection.pragma(`integrity_check(${integrityLinesMax})`) as { integrity_check: string }[];
    for (const { integrity_check: line } of lines) {
      if (line !== 'ok') this.note({ what: 'database', ...nowhere, text: line });
    }
  }

  /** Against that of an empty database of the same version. */
  private checkSchema(): void {
    const listSchema = (of: Connection) =>
      (of.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL').pluck().all() as string[])
        .toSorted()
        .join('\n');
    const version = this.connection.pragma('user_version', { simple: true }) as number;
    const fresh = openEmpty();
    try {
      migrate(fresh, migrations.slice(0, version));
      if (listSchema(fresh) === listSchema(this.connection)) return;
    } finally {
      fresh.close();
    }
    this.note({ what: 'database', ...nowhere, text: `the schema is not that of version ${version}` });
  }

  private readNames(): void {
    const devices = this.connection.prepare('SELECT key, device_id AS id FROM devices').all();
    this.deviceNames = new Map((devices as { key: number; id: string }[]).map(({ key, id }) => [key, id]));
    const metrics = this.connection.prepare('SELECT device, metric, name FROM metrics').all();
    for (const { device, metric, name } of metrics as { device: number; metric: number; name: string }[]) {
      this.metricNames.set(`${device} ${metric}`, name);
    }
  }

  private checkRows(): void {
    if ((this.connection.pragma('user_version', { simple: true }) as number) < rowChecksSince) return;
    for (const table of ['devices', 'metrics', 'streams'] as const) {
      const rows = this.connection
        .prepare(`SELECT ${sqlRow(table)} FROM ${table}`)
        .raw()
        .all() as unknown[][];
      for (const row of rows) if (!isRowWhole(row)) this.noteRow(table, row);
    }
  }

  private noteRow(table: string, row: readonly unknown[]): void {
    const text = `a row of ${table} is not as it was written: ${row.slice(0, -1).join(', ')}`;
    const device = this.nameOf(row[table === 'streams' ? 1 : 0] as number);
    this.note({ what: 'database', ...nowhere, text, device, metric: table === 'metrics' ? String(row[2]) : null });
  }

  private checkBlocks(): void {
    const selectBlock = this.connection.prepare(
      `SELECT b.id, b.stream, seq_from AS seqFrom, seq_to AS seqTo, t_min AS minMs, t_max AS maxMs, row_count AS rows,
         b.check_sum AS checkSum, facts, times, arrivals, s.device
       FROM blocks b LEFT JOIN streams s ON s.key = b.stream WHERE b.id = ?`,
    );
    const selectColumns = this.connection.prepare(
      `SELECT c.id, stats, data, cells FROM block_columns c LEFT JOIN rollups r ON r.id = c.id
       WHERE c.id >= ? AND c.id < ? ORDER BY c.id`,
    );
    for (const id of this.connection.prepare('SELECT id FROM blocks ORDER BY id').pluck().all() as number[]) {
      this.guard(`block ${id}`, () => this.checkBlock(id, { selectBlock, selectColumns }));
    }
  }

  private checkBlock(id: number, statements: { selectBlock: Statement; selectColumns: Statement }): void {
    const block = statements.selectBlock.get(id) as StoredBlock | undefined;
    if (block === undefined) {
      return this.note({ what: 'block', ...nowhere, text: `block ${id} is in an index and not in its table` });
    }
    this.counts.blocks++;
    this.counts.rows += block.rows;
    const fault = findBlockFault(block);
    if (fault !== null) this.noteBlock(block, fault);
    const columns = statements.selectColumns.all(id * columnsPerBlock, (id + 1) * columnsPerBlock) as StoredColumn[];
    for (const column of columns) {
      this.counts.columns++;
      if (isBytes(column.stats) && column.stats.length % 8 === 0) this.counts.unproven++;
      const columnFault = findColumnFault(block, column);
      if (columnFault !== null) this.noteColumn(block, column, columnFault);
    }
  }

  private noteBlock(block: StoredBlock, text: string): void {
    const { device, minMs, maxMs, rows } = block;
    this.note({ what: 'block', text, device: this.nameOf(device), metric: null, fromMs: minMs, toMs: maxMs, rows });
  }

  private noteColumn(block: StoredBlock, column: StoredColumn, text: string): void {
    const { device, minMs, maxMs, rows } = block;
    const metric = (column.id - block.id * columnsPerBlock) >> 1;
    const name = this.metricNames.get(`${device} ${metric}`) ?? `metric ${metric}`;
    this.note({ what: 'column', text, device: this.nameOf(device), metric: name, fromMs: minMs, toMs: maxMs, rows });
  }

  private nameOf(device: number | null): string | null {
    return device === null ? null : (this.deviceNames.get(device) ?? `device ${device}`);
  }

  private checkOrphans(): void {
    const orphans = this.connection
      .prepare(`SELECT count(*) FROM block_columns WHERE id / ${columnsPerBlock} NOT IN (SELECT id FROM blocks)`)
      .pluck()
      .get() as number;
    if (orphans > 0) this.note({ what: 'database', ...nowhere, text: `${orphans} columns belong to no block` });
  }

  private checkLog(): void {
    const select = this.connection.prepare('SELECT frames FROM log WHERE id = ?').pluck();
    for (const id of this.connection.prepare('SELECT id FROM log ORDER BY id').pluck().all() as number[]) {
      this.guard(`log row ${id}`, () => {
        const frames = select.get(id) as Uint8Array;
        this.counts.logRows++;
        if (openLogRow(frames) === null) {
          this.note({ what: 'log', ...nowhere, text: `log row ${id} does not match its checksum` });
        }
      });
    }
  }
}

function findBlockFault(block: StoredBlock): string | null {
  const { checkSum, facts, times, arrivals, rows, device } = block;
  if (device === null) return 'the block belongs to no stream';
  if (checkSum !== null) {
    if (facts === null || !isBlockWhole(checkSum, block, facts))
      return 'the row of the block does not match its checksum';
    // Retention took all readings of the block.
    if (isBytes(times) && times.length === 0 && isBytes(arrivals) && arrivals.length === 0) return null;
    if (!isBlobOf(checkSum, 'times', times)) return 'the times are not the ones that belong to the block';
    if (!isBlobOf(checkSum, 'arrivals', arrivals)) return 'the arrivals are not the ones that belong to the block';
  }
  const decodedTimes = decodeColumnOf(times)?.values as Float64Array | undefined;
  if (decodedTimes === undefined || decodedTimes.length !== rows) return 'the times do not match their checksum';
  if (decodeArrivalsOf(arrivals, decodedTimes) === undefined) return 'the arrivals do not match their checksum';
  return facts === null ? null : findPartsFault(block, decodeFacts(facts).parts);
}

function findPartsFault({ rows, stream }: StoredBlock, parts: readonly BlockPart[]): string | null {
  if (parts.length === 0) return null;
  const sum = parts.reduce((total, part) => total + part.rows, 0);
  if (sum === rows && parts.at(-1)!.stream === stream) return null;
  return 'what the block says of its streams is not what it holds';
}

function findColumnFault(block: StoredBlock, { id, stats, data, cells }: StoredColumn): string | null {
  const { minMs, maxMs } = block;
  const isTaken = isBytes(data) && data.length === 0;
  const plain = takeStats({ columnId: id, minMs, maxMs }, stats, isTaken ? undefined : data);
  if (plain === null) return 'the column’s figures do not match their checksum';
  if (cells !== null && openRollup(cells) === null) return 'the rollup does not match its checksum';
  if (isTaken) return null;
  const column: Column | undefined = decodeColumnOf(data);
  if (column === undefined) return 'the values do not match their checksum';
  return column.count === decodeStats(plain, { minMs, maxMs }).count
    ? null
    : 'figures and values tell different counts';
}
