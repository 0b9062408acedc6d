/**
 * Reads `application/vnd.lapwing.columns`: "LWC1", the length of the head, the head as JSON, then columns of doubles that are used
 * where they lie. The hub's `edge/history-columns.ts` says the layout.
 *
 * Owns no state. Invariant: a column lies wholly inside the answer, or the answer is refused.
 */
import type { BucketColumn } from './series-buffer.ts';

export const columnsType = 'application/vnd.lapwing.columns';

const magic = 0x3143574c; // "LWC1", little-endian
const headStart = 8;

type Head = Record<string, unknown> & {
  readonly series: readonly (Record<string, unknown> & {
    readonly columns: Record<string, readonly [number, number]>;
  })[];
};

/** `readText` reads UTF-8. The answer as its JSON form would be, but with columns of doubles. Throws where the bytes are not what they say. */
export function decodeColumns(bytes: ArrayBuffer, readText: (utf8: Uint8Array) => string): Record<string, unknown> {
  const view = new DataView(bytes);
  if (bytes.byteLength < headStart || view.getUint32(0, true) !== magic) throw new Error('not an answer in columns');
  const headBytes = view.getUint32(4, true);
  const start = headStart + headBytes;
  if (start > bytes.byteLength || start % 8 !== 0) throw new Error('the head of the columns is cut');
  const head = JSON.parse(readText(new Uint8Array(bytes, headStart, headBytes))) as Head;
  const doubles = Math.floor((bytes.byteLength - start) / 8);
  const series = head.series.map(({ columns, ...facts }) => {
    const read: Record<string, BucketColumn> = {};
    for (const [name, [first, length]] of Object.entries(columns)) {
      if (!(first >= 0 && length >= 0 && first + length <= doubles)) throw new Error(`the column ${name} is cut`);
      read[name] = new Float64Array(bytes, start + first * 8, length);
    }
    return { ...facts, ...read };
  });
  return { ...head, series };
}
