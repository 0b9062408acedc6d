/**
 * A row of `streams`, looked at before it is believed: what it says of its sealed batches decides what of the log is shown.
 *
 * No state. A row that is not as it was written is damage of the database, not of one block: nothing else tells what it said.
 */
import { isRowWhole, sqlRow } from './row-check.ts';
import { makeDamageError } from './sqlite.ts';

export interface StreamRow {
  readonly key: number;
  readonly device: number;
  readonly epoch: number;
  readonly metricTable: string;
  readonly sealedSeq: number;
  /** NaN for never. */
  readonly arrivedMs: number;
  readonly isImport: boolean;
  /** Its blocks are joined with those of no other stream. */
  readonly isApart: boolean;
}

/** To be read with `raw()`. */
export const streamColumns = sqlRow('streams');

export function readStreamRow(row: readonly unknown[]): StreamRow {
  const [key, device, epoch, , metricTable, sealedSeq, arrivedMs, isImport, apart] = row;
  const numbers = [key, device, epoch, sealedSeq, arrivedMs ?? 0];
  // Those of old rows have no checksum: a flipped bit may still have made a number a text or a blob.
  const isFit = numbers.every((value) => typeof value === 'number') && isRowWhole(row);
  if (!isFit || typeof metricTable !== 'string')
    throw makeDamageError(`the row of stream ${key} is not as it was written`);
  return {
    ...{ key: key as number, device: device as number, epoch: epoch as number, sealedSeq: sealedSeq as number },
    ...{ metricTable, arrivedMs: (arrivedMs as number | null) ?? Number.NaN },
    ...{ isImport: isImport === 1, isApart: isImport === 1 || apart === 1 },
  };
}

export function readTable(key: number, text: string): number[] {
  try {
    return JSON.parse(text) as number[];
  } catch {
    throw makeDamageError(`the metric table of stream ${key} cannot be read`);
  }
}
