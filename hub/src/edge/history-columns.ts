/**
 * `application/vnd.lapwing.columns`: an answer whose numbers are columns of doubles, to be used where they lie.
 *
 * Layout: the four bytes "LWC1"; u32, little-endian, the length of the head in bytes; the head, UTF-8 JSON, with spaces behind it
 * so that what follows starts at a multiple of 8; then Float64 columns, little-endian, one behind the other. The head is the JSON
 * answer without its columns; each of its `series` has `columns` instead: name → [first, length], counted in doubles from the end
 * of the head. NaN stands where JSON says null. `timesMs` and `values` are the readings themselves, where there are any. No state.
 */
export const columnsType = 'application/vnd.lapwing.columns';

const magic = new TextEncoder().encode('LWC1');
const headStart = 8;

export interface ColumnSet {
  readonly facts: object;
  readonly columns: Readonly<Record<string, Float64Array>>;
}

export function encodeColumns(facts: object, series: readonly ColumnSet[]): Uint8Array<ArrayBuffer> {
  let doubles = 0;
  const list = series.map((one) => {
    const places = Object.entries(one.columns).map(([name, { length }]) => {
      doubles += length;
      return [name, [doubles - length, length]] as const;
    });
    return { ...one.facts, columns: Object.fromEntries(places) };
  });
  const text = new TextEncoder().encode(JSON.stringify({ ...facts, series: list }));
  const headBytes = text.length + ((8 - (text.length % 8)) % 8);
  const bytes = new Uint8Array(headStart + headBytes + doubles * 8);
  bytes.set(magic);
  new DataView(bytes.buffer).setUint32(4, headBytes, true);
  bytes.fill(0x20, headStart, headStart + headBytes);
  bytes.set(text, headStart);
  // Hosts of hubs and browsers are little-endian; typed arrays copy faster than a DataView writes.
  let at = headStart + headBytes;
  for (const { columns } of series) {
    for (const column of Object.values(columns)) {
      bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
      at += column.byteLength;
    }
  }
  return bytes;
}
