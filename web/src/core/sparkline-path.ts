/**
 * A sparkline as SVG path text.
 *
 * Owns no state. Invariant: coordinates stay inside the box, so a path never needs clipping; a gap in time is a gap in the line.
 */
import type { SeriesBuffer } from './series-buffer.ts';

export interface SparkBox {
  readonly width: number;
  readonly height: number;
}

const leastBuckets = 6;

/** '' when there is nothing to draw. The window's last full bucket is at the right edge. */
export function drawSparkline(buffer: SeriesBuffer, edgeMs: number, box: SparkBox): string {
  const extent = findVisibleExtent(buffer);
  if (extent === null) return '';
  const end = Math.floor(edgeMs / buffer.bucketMs);
  const shown = countShown(buffer, end);
  const span = extent.max - extent.min;
  // A flat line belongs in the middle; tiny noise around a large value must not look like a storm.
  const least = Math.max(Math.abs(extent.max) * 0.02, 1e-9);
  const room = Math.max(span, least);
  const middle = (extent.max + extent.min) / 2;
  let path = '';
  let joined = false;
  let silence = 0;
  for (let bucket = end - shown + 1; bucket <= end; bucket++) {
    const slot = buffer.slotOf(bucket);
    if (bucket > buffer.endBucket || bucket <= buffer.endBucket - buffer.size || buffer.finite[slot] === 0) {
      silence++;
      if (silence > 6) joined = false;
      continue;
    }
    silence = 0;
    const mean = buffer.sum[slot]! / buffer.finite[slot]!;
    const x = ((bucket - end + shown - 1) / (shown - 1)) * (box.width - 2) + 1;
    const y = (0.5 - (mean - middle) / room) * (box.height - 4) + 2;
    path += `${joined ? 'L' : 'M'}${round(x)} ${round(y)}`;
    if (!joined) path += 'h.1';
    joined = true;
  }
  return path;
}

/**
 * The line of a young device fills its box too: the window begins with its first reading, but is never so short that a few
 * readings look like a history.
 */
function countShown(buffer: SeriesBuffer, end: number): number {
  const most = buffer.size - 9;
  for (let bucket = end - most + 1; bucket < end - leastBuckets; bucket++) {
    if (bucket > buffer.endBucket - buffer.size && buffer.finite[buffer.slotOf(bucket)] !== 0) return end - bucket + 1;
  }
  return leastBuckets;
}

function findVisibleExtent(buffer: SeriesBuffer): { min: number; max: number } | null {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let slot = 0; slot < buffer.size; slot++) {
    const finite = buffer.finite[slot]!;
    if (finite === 0) continue;
    const mean = buffer.sum[slot]! / finite;
    if (mean < min) min = mean;
    if (mean > max) max = mean;
  }
  return min <= max ? { min, max } : null;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
