/**
 * One column of texts as a dictionary in order of appearance, the lengths and the UTF-8 bytes of its entries, and the indexes.
 *
 * Layout: how many entries, u8 1 where the bytes are zstd's (their packed and plain lengths follow), the lengths, the indexes where
 * not every value is an entry of its own. States cost what their changes cost; log lines are packed together. Owns scratch memory.
 */
import { zstdCompressSync } from 'node:zlib';
import { ByteSink } from '../byte-sink.ts';
import { putIntegers, takeIntegers } from './integer-list.ts';
import { DamagedColumnError, type PaddedSource } from './padded-source.ts';
import { inflateExactly } from './zstd-code.ts';

/** Below this, zstd's own frame costs more than it saves. */
const zstdBytesMin = 96;
/** One column's text; a damaged length must not allocate more. */
const textBytesMax = 2 ** 28;

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const plain = new ByteSink();

export function putTexts(sink: ByteSink, values: readonly string[], count: number): void {
  const entryOf = new Map<string, number>();
  const indexes = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const text = values[i]!;
    let entry = entryOf.get(text);
    if (entry === undefined) {
      entry = entryOf.size;
      entryOf.set(text, entry);
    }
    indexes[i] = entry;
  }
  const lengths = new Float64Array(entryOf.size);
  plain.clear();
  for (const [text, entry] of entryOf) {
    const bytes = textEncoder.encode(text);
    lengths[entry] = bytes.length;
    plain.putBytes(bytes);
  }
  sink.putUnsigned(entryOf.size);
  putBytes(sink, plain.bytes.subarray(0, plain.length));
  putIntegers(sink, lengths, entryOf.size);
  if (entryOf.size !== count) putIntegers(sink, indexes, count);
}

function putBytes(sink: ByteSink, bytes: Uint8Array): void {
  const packed = bytes.length >= zstdBytesMin ? zstdCompressSync(bytes) : null;
  if (packed !== null && packed.length < bytes.length) {
    sink.putByte(1);
    sink.putUnsigned(packed.length);
    sink.putUnsigned(bytes.length);
    sink.putBytes(packed);
  } else {
    sink.putByte(0);
    sink.putUnsigned(bytes.length);
    sink.putBytes(bytes);
  }
}

export function takeTexts(source: PaddedSource, count: number): string[] {
  const entryCount = source.takeCount(count);
  const bytes = takePlainBytes(source);
  const lengths = new Float64Array(entryCount);
  takeIntegers(source, lengths, entryCount);
  const entries: string[] = [];
  let at = 0;
  for (let entry = 0; entry < entryCount; entry++) {
    const end = at + lengths[entry]!;
    if (!(end >= at && end <= bytes.length)) throw new DamagedColumnError('a stored text ends too late');
    entries.push(decodeText(bytes.subarray(at, end)));
    at = end;
  }
  if (at !== bytes.length) throw new DamagedColumnError('stored texts are shorter than their bytes');
  if (entryCount === count) return entries;
  const indexes = new Float64Array(count);
  takeIntegers(source, indexes, count);
  return Array.from(indexes, (index) => {
    const text = entries[index];
    if (text === undefined) throw new DamagedColumnError(`a stored text ${index} is not among ${entryCount}`);
    return text;
  });
}

function takePlainBytes(source: PaddedSource): Uint8Array {
  if (source.takeByte() === 0) return source.takeBytes(source.takeUnsigned());
  const packed = source.takeUnsigned();
  const length = source.takeCount(textBytesMax);
  return inflateExactly(source.takeBytes(packed), length);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return textDecoder.decode(bytes);
  } catch (cause) {
    throw new DamagedColumnError('a stored text is not UTF-8', { cause });
  }
}
