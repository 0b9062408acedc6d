import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeColumn, encodeColumn } from './column-code.ts';

function expectSame(values: readonly number[]): number {
  const bytes = encodeColumn({ values: Float64Array.from(values), count: values.length, rowOf: null });
  const back = decodeColumn(bytes);
  expect(back.count).toBe(values.length);
  for (let i = 0; i < values.length; i++) {
    if (!Object.is(back.values[i], values[i])) throw new Error(`value ${i}: ${back.values[i]} is not ${values[i]}`);
  }
  return bytes.length;
}

describe('a column comes back bit for bit', () => {
  test('special values among plain ones', () => {
    const values = Array.from({ length: 100 }, (_, i) => 20 + i / 10);
    values[3] = Number.NaN;
    values[50] = -0;
    values[70] = Number.POSITIVE_INFINITY;
    values[71] = Number.NEGATIVE_INFINITY;
    expectSame(values);
    expectSame([-0]);
    expectSame([]);
    expectSame([Number.NaN, -0, Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53, -(2 ** 53) - 2, 0.1 + 0.2]);
  });

  test('any doubles', () => {
    fc.assert(
      fc.property(fc.array(fc.double(), { maxLength: 400 }), (values) => void expectSame(values)),
      { numRuns: 200 },
    );
  });

  test('any decimals, and whole numbers up to 2^53', () => {
    const decimal = fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 9 })).map(([n, e]) => n / 10 ** e);
    fc.assert(
      fc.property(fc.array(decimal, { maxLength: 300 }), (values) => void expectSame(values)),
      { numRuns: 200 },
    );
  });

  test('a walk on a grid of 0.1 costs less than 0.4 bytes a value', () => {
    let state = 1;
    let level = 200;
    const values = Array.from({ length: 4096 }, () => {
      state = (state * 48271) % 2147483647;
      level += (state % 3) - 1;
      return level / 10;
    });
    expect(expectSame(values) / 4096).toBeLessThan(0.4);
  });

  test('regular times cost next to nothing', () => {
    const times = Array.from({ length: 4096 }, (_, i) => 1_700_000_000_000 + i * 1000);
    expect(expectSame(times)).toBeLessThan(64);
  });

  test('texts, and rows that have no value', () => {
    const texts = fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.integer({ min: 1, max: 9 })));
    fc.assert(
      fc.property(texts, (pairs) => {
        let row = 0;
        const rowOf = Uint32Array.from(pairs, ([, step]) => (row += step));
        const column = { values: pairs.map(([text]) => text), count: pairs.length, rowOf };
        const back = decodeColumn(encodeColumn(column));
        expect(back.values).toEqual(column.values);
        expect([...(back.rowOf ?? [])]).toEqual([...rowOf]);
      }),
      { numRuns: 100 },
    );
  });
});

test('a flipped bit anywhere is found', () => {
  const bytes = encodeColumn({ values: Float64Array.from([1.5, 2.5, 3.25, Number.NaN]), count: 4, rowOf: null });
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = bytes.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => decodeColumn(damaged)).toThrow(/checksum/);
  }
});

test('tells its format truly when the values outgrow the buffer', () => {
  encodeColumn({ values: Float64Array.of(1, 2, 3), count: 3, rowOf: null });
  const count = 400_000;
  const values = Float64Array.from({ length: count }, (_, i) => Math.sin(i) / 3);
  const decoded = decodeColumn(encodeColumn({ values, count, rowOf: null }));
  expect((decoded.values as Float64Array).every((value, i) => Object.is(value, values[i]))).toBe(true);
});
