/**
 * Exported readings as a Parquet file, row group by row group. The only file that uses hyparquet-writer.
 *
 * Owns the row group being filled, at most `groupCellsMax` cells, and the list of those written. Doubles are written plainly and
 * not through a dictionary, which would take −0 for 0.
 */
import { constants, zstdCompressSync } from 'node:zlib';
import type { MetricDeclaration } from '@lapwing/protocol';
import { ByteWriter, type ColumnSource, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import type { ReadingRows } from '../core/export-merge.ts';
import type { ExportPart, ExportShape } from '../core/export-text.ts';

const groupRowsMax = 65_536;
const groupCellsMax = 16 * groupRowsMax;
const zstdLevel = 3;

type Cell = number | bigint | string | boolean | null;

/** A column of the file, and how it takes a reading's or a row's value. */
interface Column {
  readonly schema: SchemaElement;
  readonly encoding: NonNullable<ColumnSource['encoding']>;
  cells: Cell[];
}

export class ParquetExport {
  private readonly bytes = new ByteWriter(1 << 16);
  private readonly writer: ParquetWriter;
  private readonly columns: readonly Column[];
  private readonly shape: ExportShape;
  private rows = 0;

  /** `metrics`: the columns of the wide form. */
  constructor(shape: ExportShape, metrics: readonly MetricDeclaration[], createdBy: string) {
    this.shape = shape;
    this.columns = shape === 'long' ? makeLongColumns() : makeWideColumns(metrics);
    const root: SchemaElement = { name: 'root', num_children: this.columns.length };
    this.writer = new ParquetWriter({
      writer: this.bytes,
      schema: [root, ...this.columns.map(({ schema }) => schema)],
      codec: 'ZSTD',
      compressors: { ZSTD: compress },
      createdBy,
    });
  }

  /** Bytes that are ready; empty while the row group is not full. */
  writeRows(part: ExportPart, rows: ReadingRows): Uint8Array {
    if (this.shape === 'long') this.addLong(part, rows);
    else this.addWide(part, rows);
    if (this.rows < groupRowsMax && this.rows * this.columns.length < groupCellsMax) return new Uint8Array(0);
    this.writeGroup();
    return this.takeBytes();
  }

  /** The last row group and the footer. */
  async finish(): Promise<Uint8Array> {
    if (this.rows > 0) this.writeGroup();
    await this.writer.finish();
    return this.takeBytes();
  }

  private addLong({ deviceId, metrics }: ExportPart, rows: ReadingRows): void {
    const [times, devices, names, units, kinds, values, texts, arrivals] = this.columns.map(({ cells }) => cells);
    for (let row = 0; row < rows.rows; row++) {
      const timeMs = BigInt(rows.timesMs[row]!);
      for (let entry = rows.rowStarts[row]!; entry < rows.rowStarts[row + 1]!; entry++) {
        const { name, unit, kind } = metrics[rows.places[entry]!]!;
        const value = rows.values[entry]!;
        times!.push(timeMs);
        devices!.push(deviceId);
        names!.push(name);
        units!.push(unit);
        kinds!.push(kind);
        values!.push(typeof value === 'number' ? value : null);
        texts!.push(typeof value === 'number' ? null : value);
        arrivals!.push(BigInt(Math.round(rows.arrivedMs[entry]!)));
      }
    }
    this.rows += rows.entries;
  }

  private addWide({ metrics }: ExportPart, rows: ReadingRows): void {
    for (let row = 0; row < rows.rows; row++) {
      this.columns[0]!.cells.push(BigInt(rows.timesMs[row]!));
      for (let column = 1; column < this.columns.length; column++) this.columns[column]!.cells.push(null);
      for (let entry = rows.rowStarts[row]!; entry < rows.rowStarts[row + 1]!; entry++) {
        const place = rows.places[entry]!;
        const { cells } = this.columns[place + 1]!;
        const value = rows.values[entry]!;
        cells[cells.length - 1] = metrics[place]!.kind === 'bool' ? value !== 0 : value;
      }
    }
    this.rows += rows.rows;
  }

  private writeGroup(): void {
    const columnData = this.columns.map(({ schema, encoding, cells }) => ({
      name: schema.name,
      data: cells,
      encoding,
    }));
    // A writer without `flush` writes at once; nothing to wait for.
    void this.writer.write({ columnData, rowGroupSize: this.rows });
    for (const column of this.columns) column.cells = [];
    this.rows = 0;
  }

  private takeBytes(): Uint8Array {
    const taken = this.bytes.getBytes().slice();
    this.bytes.index = 0;
    return taken;
  }
}

function makeLongColumns(): Column[] {
  return [
    makeTimeColumn('time'),
    makeTextColumn('device', 'REQUIRED'),
    makeTextColumn('metric', 'REQUIRED'),
    makeTextColumn('unit', 'REQUIRED'),
    makeTextColumn('kind', 'REQUIRED'),
    makeColumn({ name: 'value', type: 'DOUBLE', repetition_type: 'OPTIONAL' }, 'PLAIN'),
    makeTextColumn('text', 'OPTIONAL'),
    makeTimeColumn('arrived'),
  ];
}

/** A metric that is called as a column before it is numbered: names are unique in a file. */
function makeWideColumns(metrics: readonly MetricDeclaration[]): Column[] {
  const taken = new Set(['time']);
  const columns = metrics.map(({ name: wanted, kind }) => {
    let name = wanted;
    for (let copy = 2; taken.has(name); copy++) name = `${wanted}-${copy}`;
    taken.add(name);
    if (kind === 'text') return makeTextColumn(name, 'OPTIONAL');
    if (kind === 'bool') return makeColumn({ name, type: 'BOOLEAN', repetition_type: 'OPTIONAL' }, 'PLAIN');
    return makeColumn({ name, type: 'DOUBLE', repetition_type: 'OPTIONAL' }, 'PLAIN');
  });
  return [makeTimeColumn('time'), ...columns];
}

function makeTimeColumn(name: string): Column {
  const schema = { name, type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'REQUIRED' } as const;
  return makeColumn(schema, 'DELTA_BINARY_PACKED');
}

function makeTextColumn(name: string, repetition: 'REQUIRED' | 'OPTIONAL'): Column {
  const schema = { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: repetition } as const;
  return makeColumn(schema, 'RLE_DICTIONARY');
}

function makeColumn(schema: SchemaElement, encoding: Column['encoding']): Column {
  return { schema, encoding, cells: [] };
}

function compress(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: zstdLevel } });
}
