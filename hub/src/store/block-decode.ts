/**
 * Blobs of a block as columns, or undefined where they are damaged: for those who go on without. No state.
 */
import { isBytes } from './block-checks.ts';
import { decodeArrivals, decodeColumn } from './coding/column-block.ts';
import { type Column, DamagedColumnError } from './column-code.ts';

export type { Column };

export function decodeColumnOf(bytes: Uint8Array): Column | undefined {
  return isBytes(bytes) ? orUndefined(() => decodeColumn(bytes)) : undefined;
}

/** One for each of `times`, which are the block's own. */
export function decodeArrivalsOf(bytes: Uint8Array, times: Float64Array): Float64Array | undefined {
  return isBytes(bytes) ? orUndefined(() => decodeArrivals(bytes, times)) : undefined;
}

function orUndefined<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DamagedColumnError) return undefined;
    throw error;
  }
}
