import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeArrivals,
  decodeArrivalsBody,
  decodeBody,
  decodeColumn,
  encodeArrivals,
  encodeColumn,
} from './column-block.ts';
import { DamagedColumnError } from './padded-source.ts';

function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

function makeWalk(count: number, seed = 1): number[] {
  const random = makeRandom(seed);
  let level = 200;
  return Array.from({ length: count }, () => {
    const draw = random();
    if (draw < 0.27) level += draw < 0.135 ? -1 : 1;
    return level / 10;
  });
}

function toDoubles(bits: readonly bigint[]): Float64Array {
  return new Float64Array(BigUint64Array.from(bits).buffer);
}

describe('damage', () => {
  const random = makeRandom(77);
  const count = 300;
  const rowOf = Uint32Array.from({ length: count }, (_, i) => i * 2 + (i % 3));
  const list = (make: (i: number) => number) => Float64Array.from({ length: count }, (_, i) => make(i));
  const texts = Array.from({ length: count }, (_, i) => `state ${Math.floor(i / 7)}`);
  const columns = [
    { values: Float64Array.from(makeWalk(count)), count, rowOf },
    { values: list((i) => (i % 50 === 1 ? Number.NaN : Math.round(random() * 1e9) / 1e7)), count, rowOf: null },
    { values: list((i) => Math.round(random() * 1e6) / 1e5 + (i % 9 === 0 ? 1.8e-15 : 0)), count, rowOf: null },
    { values: list(() => random()), count, rowOf: null },
    { values: list(() => Math.fround(random())), count, rowOf: null },
    { values: list(() => [Math.PI, Math.E, 1 / 3][Math.floor(random() * 3)]!), count, rowOf: null },
    { values: list((i) => (i < 100 ? 5 : Math.PI)), count, rowOf: null },
    { values: toDoubles([0x7fe123456789abcdn, 0x0123456789abcdefn]), count: 2, rowOf: null },
    { values: texts, count, rowOf: null },
    { values: list((i) => ((i % 24) * (i % 24) * 37) % 1000), count, rowOf: null },
    { values: list((i) => 1.7e12 + i * 1000 + Math.floor(random() * 11)), count, rowOf: null },
    { values: list((i) => Math.floor(2 ** (i % 49) * random())), count, rowOf: null },
  ].map((column) => encodeColumn(column));

  test('a flipped bit anywhere is found by the checksum', () => {
    for (const bytes of columns) {
      for (let bit = 0; bit < bytes.length * 8; bit += 5) {
        const damaged = bytes.slice();
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        if (damaged[4]! > 15) expect(() => decodeColumn(damaged)).toThrow(DamagedColumnError);
        else expect(() => decodeColumn(damaged)).toThrow(/checksum/);
      }
    }
  });

  test('without a checksum: every truncation and every flipped bit ends in an answer or in DamagedColumnError', () => {
    for (const bytes of columns) {
      for (let length = 0; length < bytes.length; length++) expectNoSurprise(bytes.subarray(0, length));
      for (let bit = 32; bit < bytes.length * 8; bit++) {
        const damaged = bytes.slice();
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        expectNoSurprise(damaged);
      }
    }
  });

  test('any bytes at all', () => {
    fc.assert(
      fc.property(fc.constantFrom(16, 17), fc.uint8Array({ maxLength: 200, size: 'max' }), (kind, tail) => {
        expectNoSurprise(Uint8Array.of(0, 0, 0, 0, kind, 100, 0, ...tail));
        expectNoSurprise(Uint8Array.of(0, 0, 0, 0, kind, ...tail));
      }),
      { numRuns: 2000 },
    );
  });

  test('arrivals too', () => {
    const times = list((i) => 1.7e12 + i * 1000);
    const bytes = encodeArrivals(
      times.map((time, i) => time + (i % 4)),
      times,
      count,
    );
    for (let bit = 32; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decodeArrivals(damaged, times)).toThrow(/checksum/);
      try {
        decodeArrivalsBody(damaged, times);
      } catch (error) {
        expect(error).toBeInstanceOf(DamagedColumnError);
      }
    }
    expect(() => decodeArrivals(bytes, times.subarray(1))).toThrow(DamagedColumnError);
  });
});

function expectNoSurprise(bytes: Uint8Array): void {
  try {
    const { values, count } = decodeBody(bytes);
    expect(values.length).toBe(count);
  } catch (error) {
    if (!(error instanceof DamagedColumnError)) throw error;
  }
}
