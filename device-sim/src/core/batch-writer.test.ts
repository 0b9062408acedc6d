import { decodeMessage } from '@lapwing/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchWriter } from './batch-writer.ts';

const writer = new BatchWriter();

test('FR-14: decimals, bools, absent values and times arrive as they were', () => {
  const whole = fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 50), max: 2 ** 50 }), fc.constant(Number.NaN));
  fc.assert(
    fc.property(
      fc.record({
        rows: fc.integer({ min: 1, max: 20 }),
        exponent: fc.integer({ min: -6, max: 3 }),
        cells: fc.array(whole, { minLength: 20, maxLength: 20 }),
        steps: fc.array(fc.integer({ min: -5_000, max: 5_000 }), { minLength: 20, maxLength: 20 }),
        seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      }),
      ({ rows, exponent, cells, steps, seq }) => {
        cells[0] = 42;
        let timeMs = 1_700_000_000_000;
        const times = Float64Array.from(steps, (stepMs) => (timeMs += stepMs));
        const wholes = Float64Array.from(cells);
        const bools = wholes.map((value) => (Number.isNaN(value) ? value : Math.abs(value) % 2));
        writer.begin({ seq, ackNow: true, backfill: false, rows, columns: 2, times });
        writer.putDecimals(0, exponent, { whole: wholes, from: 0, rows });
        writer.putBools(5, { whole: bools, from: 0, rows });
        const decoded = decodeMessage(writer.finish(), 'device');
        if (!decoded.ok || decoded.message.type !== 'batch') throw new Error(JSON.stringify(decoded));
        const { message } = decoded;
        expect(message).toMatchObject({ seq, ackNow: true, backfill: false });
        expect([...message.times]).toEqual([...times.slice(0, rows)]);
        const [numbers, flags] = message.columns;
        for (let row = 0; row < rows; row++) {
          const there = numbers!.present === null ? 1 : numbers!.present[row];
          expect(there).toBe(Number.isNaN(wholes[row]) ? 0 : 1);
          if (there === 0) continue;
          const exact = exponent < 0 ? wholes[row]! / 10 ** -exponent : wholes[row]! * 10 ** exponent;
          expect(numbers!.values[row]).toBe(exact + 0);
          expect(flags!.values[row]).toBe(bools[row]! + 0);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('regular times take one step, whatever the number of rows', () => {
  const measure = (times: Float64Array): number => {
    writer.begin({ seq: 1, ackNow: false, backfill: false, rows: times.length, columns: 1, times });
    writer.putDecimals(0, 0, { whole: new Float64Array(times.length), from: 0, rows: times.length });
    return writer.finish().length;
  };
  const regular = Float64Array.from({ length: 50 }, (_, row) => 1e12 + row * 1000);
  const irregular = regular.map((time, row) => time + (row === 25 ? 1 : 0));
  expect(measure(irregular) - measure(regular)).toBeGreaterThan(50);
});

test('refuses whole numbers it cannot code exactly', () => {
  writer.begin({ seq: 1, ackNow: false, backfill: false, rows: 1, columns: 1, times: Float64Array.of(0) });
  expect(() => writer.putDecimals(0, 0, { whole: Float64Array.of(2 ** 52), from: 0, rows: 1 })).toThrow(/2\^51/);
});
