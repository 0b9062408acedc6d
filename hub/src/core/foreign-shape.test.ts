import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NumberShape } from './foreign-shape.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

function read(shape: NumberShape, text: string): number[] | null {
  // In the midst of other bytes, as in a socket's.
  const bytes = bytesOf(`9${text}9`);
  return shape.read(bytes, 1, bytes.length - 1) ? [...shape.values] : null;
}

test('numbers are read where they stood', () => {
  const shape = NumberShape.of(bytesOf('{"t1": 21.5, "in":{"2h":-3,"x\\"4":0}, "s":"7"}'))!;
  expect(read(shape, '{"t1": 7, "in":{"2h":0.125,"x\\"4":-0}, "s":"7"}')).toEqual([7, 0.125, -0]);
  expect(read(shape, '{"t1": 7, "in":{"2h":0.125,"x\\"4":-0}, "s":"8"}')).toBeNull();
  expect(read(shape, '{"t1": 7, "in":{"3h":0.125,"x\\"4":-0}, "s":"7"}')).toBeNull();
});

test('no numbers, no object, or too many: there is no shape', () => {
  for (const text of ['{"a":"1"}', '[1]', '1', '{}', `{${Array.from({ length: 33 }, (_, i) => `"${i}":1`)}}`]) {
    expect(NumberShape.of(bytesOf(text)), text).toBeNull();
  }
});

test('what is no number of JSON, or not surely a double, is left to the dialect', () => {
  const shape = NumberShape.of(bytesOf('{"n":1}'))!;
  const doubtful = [
    '01',
    '-',
    '',
    '1.',
    '.5',
    '1e3',
    '+1',
    '0x1',
    '1234567890123456',
    '0.1234567890123456',
    '1 ',
    'NaN',
    '--1',
  ];
  for (const number of doubtful) expect(read(shape, `{"n":${number}}`), number).toBeNull();
  expect(read(shape, '{"n":1')).toBeNull();
  expect(read(shape, '{"n":1}}')).toBeNull();
});

test('whatever it accepts, JSON reads alike', () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.tuple(fc.integer(), fc.nat({ max: 999_999 })).map(([whole, part]) => `${whole}.${part}`),
    fc.stringMatching(/^-?[0-9.eE+-]{1,18}$/),
    fc.constantFrom('-0', '0.1', '0.30000000000000004', '99999.9999999999', '-0.000000000000001'),
  );
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(number, { minLength: 1, maxLength: 4 }), (numbers) => {
      const shape = NumberShape.of(bytesOf(`{${numbers.map((_, i) => `"m${i}":${i}`)}}`))!;
      const text = `{${numbers.map((one, i) => `"m${i}":${one}`)}}`;
      const values = read(shape, text);
      if (values === null) return;
      accepted += 1;
      expect(values).toEqual(Object.values(JSON.parse(text) as object));
      expect(new TextDecoder().decode(shape.write(numbers))).toBe(text);
    }),
    { numRuns: 2_000 },
  );
  expect(accepted).toBeGreaterThan(100);
});
