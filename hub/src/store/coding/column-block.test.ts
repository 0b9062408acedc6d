import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldArrivals } from '../arrivals.ts';
import { encodeColumn as encodeOldColumn } from '../column-code.ts';
import { decodeArrivals, decodeColumn, encodeArrivals, encodeColumn } from './column-block.ts';

function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

function encodeNumbers(values: readonly number[] | Float64Array): Uint8Array {
  return encodeColumn({ values: Float64Array.from(values), count: values.length, rowOf: null });
}

function expectSame(values: readonly number[] | Float64Array): number {
  const bytes = encodeNumbers(values);
  const back = decodeColumn(bytes);
  expect(back.count).toBe(values.length);
  for (let i = 0; i < values.length; i++) {
    if (!Object.is(back.values[i], values[i])) throw new Error(`value ${i}: ${back.values[i]} is not ${values[i]}`);
  }
  return bytes.length;
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

/** Names the methods so that a method that is never chosen any more fails a test. */
const methodAt = 8;
const methods = ['same', 'raw', 'planes', 'decimals', 'floats', 'dictionary', 'runs'];
function methodOf(bytes: Uint8Array): string | undefined {
  // Counts from 128 to 16,383 take two bytes; below, one.
  return methods[bytes[bytes[5]! < 128 ? methodAt - 1 : methodAt]!];
}

const special = fc.constantFrom(
  Number.NaN,
  -0,
  0,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.MIN_VALUE,
  -Number.MIN_VALUE * 77,
  2.2250738585072014e-308,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  2 ** 50,
  2 ** 52,
  2 ** 53,
  -(2 ** 53) - 2,
  2 ** 63,
  0.1 + 0.2,
  1e22,
  1e-7,
);
const decimal = fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 18 })).map(([n, e]) => n / 10 ** e);
const tenth = fc.integer({ min: -5000, max: 5000 }).map((n) => n / 10);
const nearDecimal = fc.integer({ min: 1, max: 1e9 }).map((n) => (n / 1e6) * 1.1 * (1 / 1.1));
const single = fc.float();
const stretch = (value: fc.Arbitrary<number>) =>
  fc.tuple(value, fc.integer({ min: 1, max: 300 })).map(([v, n]) => new Array<number>(n).fill(v));
const mixed = fc.oneof(
  { weight: 8, arbitrary: tenth },
  { weight: 1, arbitrary: special },
  { weight: 1, arbitrary: nearDecimal },
);
const anything = fc.oneof(fc.double(), decimal, special, tenth, single, fc.maxSafeInteger());

describe('numbers come back bit for bit', () => {
  const lists: [string, fc.Arbitrary<number[]>][] = [
    ['any doubles', fc.array(fc.double(), { maxLength: 400, size: 'max' })],
    ['32-bit floats', fc.array(single, { maxLength: 400, size: 'max' })],
    ['decimals of any size', fc.array(decimal, { maxLength: 400, size: 'max' })],
    ['tenths with odd ones among them', fc.array(mixed, { maxLength: 600, size: 'max' })],
    ['a bit of everything', fc.array(anything, { maxLength: 300, size: 'max' })],
    [
      'stretches of equal values',
      fc.array(stretch(fc.oneof(tenth, special)), { maxLength: 12, size: 'max' }).map((s) => s.flat()),
    ],
    [
      'few values in no order',
      fc.array(fc.constantFrom(600, 1800, -0, Math.PI, Number.NaN, 1e300), { maxLength: 500, size: 'max' }),
    ],
    ['whole numbers up to 2^53', fc.array(fc.maxSafeInteger(), { maxLength: 300, size: 'max' })],
    [
      'random bits',
      fc
        .array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 200, size: 'max' })
        .map((list) => [...toDoubles(list)]),
    ],
  ];
  test.each(lists)('%s', (_, list) => {
    fc.assert(
      fc.property(list, (values) => void expectSame(values)),
      { numRuns: 150 },
    );
  });

  test('large columns of every kind, also where lengths grow the buffers', () => {
    const random = makeRandom(5);
    for (const count of [4097, 65_536, 2 ** 18]) {
      expectSame(Float64Array.from({ length: count }, () => random() * 2 - 1));
      expectSame(Float64Array.from({ length: count }, () => Math.round(random() * 1e9) / 100));
      expectSame(Float64Array.from({ length: count }, (_, i) => (i % 97 === 0 ? Number.NaN : Math.sin(i / 50))));
      expectSame(makeWalk(count));
    }
  });

  test('a NaN of another payload is a NaN', () => {
    const values = [...toDoubles([0x7ff8000000000001n, 0xfff8000000000000n, 0x7ff0000000000001n])];
    expectSame(Array.from({ length: 90 }, (_, i) => values[i % 3]!));
  });
});

function toDoubles(bits: readonly bigint[]): Float64Array {
  return new Float64Array(BigUint64Array.from(bits).buffer);
}

describe('every method is chosen where it is the smallest', () => {
  const random = makeRandom(9);
  const list = (make: (i: number) => number) => Array.from({ length: 2000 }, (_, i) => make(i));
  test.each([
    ['same', list(() => Number.NaN), 20],
    ['runs', list((i) => Math.floor(i / 190) * Math.PI), 130],
    ['decimals', list(() => Math.round(random() * 200) / 100), 2050],
    ['decimals', list((i) => (i % 40 === 3 ? Number.NaN : Math.round(random() * 200) / 100)), 2150],
    ['floats', list(() => Math.fround(random())), 7000],
    ['floats', list((i) => Math.sin(i / 1000)), 12_000],
    ['dictionary', list(() => [Math.PI, Math.E, 1 / 3, Number.NaN, -0][Math.floor(random() * 5)]!), 700],
    ['raw', [...toDoubles([0x7fe123456789abcdn, 0x0123456789abcdefn])], 25],
  ])('%s', (name, values, bytesMax) => {
    expect(methodOf(encodeNumbers(values))).toBe(name);
    expect(expectSame(values)).toBeLessThan(bytesMax);
  });
});

describe('sizes', () => {
  test('a walk on a grid of 0.1 costs less than 0.16 bytes a value; its entropy is 0.14', () => {
    expect(expectSame(makeWalk(4096)) / 4096).toBeLessThan(0.16);
  });

  test('regular times cost next to nothing, a gap a few bytes', () => {
    expect(expectSame(Array.from({ length: 4096 }, (_, i) => 1_700_000_000_000 + i * 1000))).toBeLessThan(32);
    const gap = Array.from({ length: 4096 }, (_, i) => 1_700_000_000_000 + i * 1000 + (i > 3000 ? 777_777 : 0));
    expect(expectSame(gap)).toBeLessThan(64);
  });

  test('times that jitter around a grid cost little more than the jitter, whatever happens in between', () => {
    const random = makeRandom(3);
    const times = Array.from({ length: 4096 }, (_, i) => 1_700_000_000_000 + i * 1000 + Math.floor(random() * 11) - 5);
    expect(expectSame(times) / 4096).toBeLessThan((Math.log2(11) / 8) * 1.12);
    const broken = times.map((time, i) => (i > 2000 ? time + 3_600_000 : time) - (i > 3000 ? 500_000 : 0));
    broken[100] = broken[99]!;
    expect(expectSame(broken) / 4096).toBeLessThan((Math.log2(11) / 8) * 1.2);
  });

  test('one odd value in a thousand does not spoil the others', () => {
    const odd = makeWalk(4096);
    for (const [i, value] of [Number.NaN, -0, Number.POSITIVE_INFINITY, 0.1 + 0.2].entries()) odd[i * 1000 + 7] = value;
    expect(expectSame(odd)).toBeLessThan(expectSame(makeWalk(4096)) + 100);
  });
});

test('days that are alike cost less than the noise of one', () => {
  const random = makeRandom(4);
  const day = Array.from({ length: 96 }, () => Math.floor(random() * 1000));
  const values = Array.from({ length: 4000 }, (_, i) => day[i % 96]! / 10);
  expect(expectSame(values.map((value, i) => value + (i % 500 === 7 ? 1 : 0))) / 4000).toBeLessThan(0.25);
});

describe('whole numbers at the bounds of what is exact', () => {
  const bounds = [
    2 ** 52 - 1,
    2 ** 52,
    2 ** 52 + 1,
    2 ** 53 - 1,
    2 ** 53,
    2 ** 49,
    2 ** 49 - 1,
    2 ** 50,
    2 ** 32,
    2 ** 31,
  ];
  test.each(bounds)('%d', (bound) => {
    for (const count of [2, 3, 17, 300]) {
      expectSame(Array.from({ length: count }, (_, i) => bound - i));
      expectSame(Array.from({ length: count }, (_, i) => (i % 2 === 0 ? -bound : bound) + i));
      expectSame(Array.from({ length: count }, (_, i) => (i % 3 === 0 ? 0 : bound - i * 7)));
      expectSame(Array.from({ length: count }, (_, i) => (i * i * bound) / 2 ** 17));
    }
  });
});

describe('shapes that each predictor and coder is for', () => {
  const random = makeRandom(21);
  const noise = (size: number) => Math.floor(random() * size);
  const shapes: [string, (i: number) => number][] = [
    ['noise around a level', () => 500 + noise(40) + noise(40)],
    ['noise around a level that wanders', (i) => Math.round(3000 * Math.sin(i / 300)) + noise(30)],
    ['a counter', (i) => i * 1000 + noise(20)],
    ['a counter that resets', (i) => (i % 700) * 1000 + noise(20)],
    ['a parabola', (i) => i * i],
    ['a grid with gaps', (i) => i * 60_000 + Math.floor(i / 100) * 7 * 86_400_000],
    ['one outlier', (i) => (i === 777 ? 2 ** 48 : noise(10))],
    ['widths from 0 to 48', (i) => Math.floor(2 ** (i % 49) * random())],
    ['every symbol there is', (i) => (i % 256) * 2 + noise(2)],
    ['one common symbol and 200 rare ones', (i) => (i % 9 === 0 ? noise(200) : 100)],
    ['large and divisible', (i) => 1_700_000_000_000_000 + (i + noise(9)) * 1_000_000],
  ];
  test.each(shapes)('%s', (_, shape) => {
    for (const count of [2, 9, 64, 257, 2000]) expectSame(Array.from({ length: count }, (_, i) => shape(i)));
    expectSame(Array.from({ length: 2000 }, (_, i) => -shape(i) / 1000));
  });
});

describe('rows that have no value', () => {
  test('any rows', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 300, size: 'max' }), (steps) => {
        let row = -1;
        const rowOf = Uint32Array.from(steps, (step) => {
          row += step;
          return row;
        });
        const back = decodeColumn(encodeColumn({ values: Float64Array.from(steps), count: steps.length, rowOf }));
        expect([...(back.rowOf ?? [])]).toEqual([...rowOf]);
      }),
    );
  });

  test('every tenth row, and long stretches, cost next to nothing', () => {
    const values = new Float64Array(4000);
    const tenth = Uint32Array.from({ length: 4000 }, (_, i) => i * 10 + 3);
    expect(encodeColumn({ values, count: 4000, rowOf: tenth }).length).toBeLessThan(40);
    const stretches = Uint32Array.from({ length: 4000 }, (_, i) => i + Math.floor(i / 500) * 1000);
    expect(encodeColumn({ values, count: 4000, rowOf: stretches }).length).toBeLessThan(90);
  });
});

describe('arrivals', () => {
  const shape = fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: -50, max: 5000 })), {
    maxLength: 80,
  });
  test('any batches', () => {
    fc.assert(
      fc.property(shape, fc.constantFrom(0, 0.5, 1e-7), (batches, fraction) => {
        const times = Float64Array.from(
          batches.flatMap(([rows]) => new Array<number>(rows).fill(0)),
          (_, i) => 1.7e12 + i * 1000,
        );
        let row = 0;
        const arrivals = new Float64Array(times.length);
        for (const [rows, late] of batches) {
          arrivals.fill(times[row]! + late + fraction, row, row + rows);
          row += rows;
        }
        expect(decodeArrivals(encodeArrivals(arrivals, times, times.length), times)).toEqual(arrivals);
      }),
    );
  });

  test('batches of ten rows a few milliseconds after the last of them cost less than a byte a batch', () => {
    const random = makeRandom(8);
    const times = Float64Array.from({ length: 4000 }, (_, i) => 1.7e12 + i * 1000 + Math.floor(random() * 40));
    const late = Array.from({ length: 400 }, () => Math.floor(random() * 8));
    const arrivals = times.map((_, i) => times[i - (i % 10) + 9]! + late[Math.floor(i / 10)]!);
    expect(encodeArrivals(arrivals, times, 4000).length).toBeLessThan(400);
  });

  test('those of the first format are still read', () => {
    const times = Float64Array.of(1, 2, 3, 4);
    const arrivals = Float64Array.of(10, 10, 11, 11);
    expect(decodeArrivals(encodeOldColumn(foldArrivals(arrivals, 4)), times)).toEqual(arrivals);
  });
});

describe('texts', () => {
  test('any texts', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 200, size: 'max' }),
        (values) => {
          expect(decodeColumn(encodeColumn({ values, count: values.length, rowOf: null })).values).toEqual(values);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('states cost what their changes cost, and log lines are packed', () => {
    const states = Array.from({ length: 4000 }, (_, i) => (i % 900 < 30 ? 'heating' : 'idle'));
    expect(encodeColumn({ values: states, count: 4000, rowOf: null }).length).toBeLessThan(80);
    const lines = Array.from({ length: 500 }, (_, i) => `door ${i} opened at ${i * 7919} by somebody`);
    const bytes = encodeColumn({ values: lines, count: 500, rowOf: null });
    expect(bytes.length).toBeLessThan(6000);
    expect(decodeColumn(bytes).values).toEqual(lines);
  });
});

test('what the first format wrote is still read', () => {
  const values = Float64Array.from(makeWalk(300));
  expect(decodeColumn(encodeOldColumn({ values, count: 300, rowOf: null })).values).toEqual(values);
});

test('decodes into memory that the caller gives', () => {
  const values = Float64Array.from(makeWalk(300));
  const into = new Float64Array(1000);
  const back = decodeColumn(encodeNumbers(values), into);
  expect((back.values as Float64Array).buffer).toBe(into.buffer);
  expect(back.values).toEqual(values);
});
