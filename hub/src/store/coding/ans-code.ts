/**
 * A list of symbols below 256 as one stream of bits near its entropy: the histogram, then the bits (see ans-table.ts).
 *
 * Two states take turns, so that the decoder's two chains of loads run side by side and one load of four bytes serves both. The
 * encoder runs from the last symbol to the first, from state 0; so both states of the decoder must end at 0, which finds most damage
 * that a checksum would. Owns scratch memory.
 */
import type { ByteSink } from '../byte-sink.ts';
import {
  buildDecoder,
  buildEncoder,
  decodeEntries,
  encodeBits,
  encodeOffsets,
  encodeStates,
  putFrequencies,
  scaleFrequencies,
  takeFrequencies,
} from './ans-table.ts';
import { BitWriter } from './bit-packing.ts';
import { DamagedColumnError, type PaddedSource } from './padded-source.ts';

/** Bits of symbol i: width << 16 | bits. */
let pieces = new Uint32Array(4096);

export interface SymbolFacts {
  readonly count: number;
  /** How often each symbol occurs, symbols 0 … symbols − 1. */
  readonly counts: Int32Array;
  readonly symbols: number;
  readonly log: number;
}

export function putSymbols(sink: ByteSink, tokens: Uint8Array, { count, counts, symbols, log }: SymbolFacts): void {
  scaleFrequencies(counts, { symbols, total: count, log });
  putFrequencies(sink, symbols, log);
  buildEncoder(log);
  if (pieces.length < count) pieces = new Uint32Array(count * 2);
  const size = 1 << log;
  let even = size;
  let odd = size;
  for (let i = count - 1; i >= 0; i--) {
    const symbol = tokens[i]!;
    const state = (i & 1) === 0 ? even : odd;
    const width = (state + encodeBits[symbol]!) >> 16;
    pieces[i] = (width << 16) | (state & ((1 << width) - 1));
    const next = encodeStates[(state >> width) + encodeOffsets[symbol]!]!;
    if ((i & 1) === 0) even = next;
    else odd = next;
  }
  sink.reserve(((count * log) >> 3) + 16);
  const writer = new BitWriter(sink);
  writer.put(even - size, log);
  writer.put(odd - size, log);
  for (let i = 0; i < count; i++) writer.put(pieces[i]! & 0xffff, pieces[i]! >>> 16);
  writer.flush();
}

/** Fills tokens[0 … count); the array must have room for one more. */
export function takeSymbols(source: PaddedSource, tokens: Uint8Array, count: number): void {
  const log = takeFrequencies(source);
  buildDecoder(log);
  const { view } = source;
  const mask = (1 << log) - 1;
  let bit = source.position * 8;
  let even = (view.getUint32(bit >>> 3, true) >>> (bit & 7)) & mask;
  bit += log;
  let odd = (view.getUint32(bit >>> 3, true) >>> (bit & 7)) & mask;
  bit += log;
  // Symbol pairs; the state for a missing last one is not moved on.
  const pairsEnd = count & ~1;
  for (let i = 0; i < pairsEnd; i += 2) {
    const word = view.getUint32(bit >>> 3, true) >>> (bit & 7);
    const first = decodeEntries[even]!;
    const second = decodeEntries[odd]!;
    const firstBits = (first >>> 8) & 0xff;
    const secondBits = (second >>> 8) & 0xff;
    tokens[i] = first;
    tokens[i + 1] = second;
    even = (first >>> 16) + (word & ((1 << firstBits) - 1));
    odd = (second >>> 16) + ((word >>> firstBits) & ((1 << secondBits) - 1));
    bit += firstBits + secondBits;
  }
  if (pairsEnd < count) {
    const word = view.getUint32(bit >>> 3, true) >>> (bit & 7);
    const entry = decodeEntries[even]!;
    tokens[pairsEnd] = entry;
    even = (entry >>> 16) + (word & ((1 << ((entry >>> 8) & 0xff)) - 1));
    bit += (entry >>> 8) & 0xff;
  }
  source.moveTo((bit + 7) >>> 3);
  if (even !== 0 || odd !== 0) throw new DamagedColumnError('stored symbols do not end where they began');
}
