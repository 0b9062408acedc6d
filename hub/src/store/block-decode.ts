/**
 * Blobs of a block as columns, or undefined where they are damaged: for those who go on without. No state.
 */
import { unfoldArrivals } from './arrivals.ts';
import { type Column, DamagedColumnError, decodeColumn } from './column-code.ts';

export type { Column };

export function decodeColumnOf(bytes: Uint8Array): Column | undefined {
  return orUndefined(() => decodeColumn(bytes));
}

export function decodeArrivalsOf(bytes: Uint8Array, times: Float64Array): Float64Array | undefined {
  return orUndefined(() => unfoldArrivals(decodeColumn(bytes), times.length));
}

function orUndefined<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DamagedColumnError) return undefined;
    throw error;
  }
}
