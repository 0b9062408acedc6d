/**
 * Decimals are exact, and columns take the smallest coding that is.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryNumber } from '../test/arbitrary-messages.ts';
import { makeRandom } from '../test/random.ts';
import { toDouble, toInteger } from './decimal.ts';
import { type Batch, decodeMessage, encodeMessage, makeNumberColumn } from './index.ts';

const integerMax = Number.MAX_SAFE_INTEGER;

function batchOf(column: Batch['columns'][number]): Batch {
  const times = Float64Array.from({ length: column.values.length }, (_, r) => r);
  return { type: 'batch', seq: 1, ackNow: false, backfill: false, times, columns: [column] };
}

function sendColumn(column: Batch['columns'][number]): ArrayLike<number | string> {
  const decoded = decodeMessage(encodeMessage(batchOf(column)), 'device');
  if (!decoded.ok || decoded.message.type !== 'batch') throw new Error(JSON.stringify(decoded));
  return decoded.message.columns[0]!.values;
}

describe('FR-14: a decimal is the double nearest to n × 10^e', () => {
  const edges = [integerMax, integerMax - 1, 2 ** 52 + 1, 2 ** 52 - 1, 1e15 + 1, 123_456_789, 10, 7, 3, 1];

  test('as the language reads it, at every exponent and edge', () => {
    const random = makeRandom(14);
    for (let exponent = -22; exponent <= 22; exponent++) {
      const more = Array.from({ length: 300 }, () => Math.floor(2 ** (53 * (random(1e9) / 1e9))));
      for (const integer of [...edges, ...more]) {
        expect(toDouble(integer, exponent)).toBe(Number(`${integer}e${exponent}`));
        expect(toDouble(-integer, exponent)).toBe(Number(`${-integer}e${exponent}`));
      }
    }
  });

  test('the whole number is found again, or one that means the same double', () => {
    const random = makeRandom(15);
    for (let exponent = -22; exponent <= 22; exponent++) {
      const more = Array.from({ length: 300 }, () => Math.floor(2 ** (53 * (random(1e9) / 1e9))));
      for (const integer of [0, ...edges, ...more]) {
        const value = toDouble(integer, exponent);
        expect(toDouble(toInteger(value, exponent), exponent)).toBe(value);
        if (integer > 0 && integer < 2 ** 50) expect(toInteger(value, exponent)).toBe(integer);
      }
    }
  });

  test('what is no decimal has no whole number', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -0, 0.25, 2 ** 53])
      expect(toInteger(value, 0)).toBeNaN();
    expect(toInteger(0.1 + 0.2, -1)).toBeNaN();
  });
});

describe('makeNumberColumn', () => {
  test.each([
    ['tenths', [21.5, 21.4, -3], 'decimal', -1],
    ['hundredths among tenths', [1.5, 1.25], 'decimal', -2],
    ['whole numbers', [7, 12], 'decimal', 0],
    ['hundreds', [1200, -300, 0], 'decimal', 2],
    ['the largest whole number', [integerMax, integerMax], 'decimal', 0],
    ['both largest: their difference does not fit', [integerMax, -integerMax], 'float64', 0],
    ['only zeros', [0, 0], 'decimal', 0],
    ['1e22', [1e22], 'decimal', 22],
    ['1e23, which is ten times 1e22', [1e23], 'decimal', 22],
    ['1e40', [1e40], 'float64', 0],
    ['a 7-digit float32', [Math.fround(0.1)], 'float32', 0],
    ['a third', [1 / 3], 'float64', 0],
    ['−0', [-0, 1], 'float32', 0],
    ['NaN and infinities', [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 'float32', 0],
    ['NaN among tenths', [21.1, Number.NaN], 'float64', 0],
    ['the smallest double', [5e-324], 'float64', 0],
  ] as const)('%s', (...[, values, encoding, exponent]) => {
    const column = makeNumberColumn(3, values);
    expect(column).toStrictEqual({ metric: 3, encoding, exponent, present: null, values: Float64Array.from(values) });
    expect(sendColumn(column)).toStrictEqual(Float64Array.from(values));
  });

  test('keeps every value exactly, and no coding by hand is smaller', () => {
    fc.assert(
      fc.property(fc.array(arbitraryNumber, { minLength: 1, maxLength: 20 }), (values) => {
        const column = makeNumberColumn(0, values);
        expect(sendColumn(column)).toStrictEqual(Float64Array.from(values));
        const size = encodeMessage(batchOf(column)).length;
        const asFloat64 = { ...column, encoding: 'float64', exponent: 0 } as const;
        expect(size).toBeLessThanOrEqual(encodeMessage(batchOf(asFloat64)).length);
        if (values.every((value) => Object.is(Math.fround(value), value))) {
          expect(size).toBeLessThanOrEqual(encodeMessage(batchOf({ ...asFloat64, encoding: 'float32' })).length);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('FR-13: rows without a value do not count', () => {
    const column = makeNumberColumn(0, [Number.NaN, 2.5, 1 / 3], Uint8Array.of(0, 1, 0));
    expect(column).toMatchObject({ encoding: 'decimal', exponent: -1 });
    expect(sendColumn(column)).toStrictEqual(Float64Array.of(0, 2.5, 0));
  });
});
