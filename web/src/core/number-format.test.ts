import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatFixed,
  formatOffset,
  formatScaled,
  formatSpan,
  formatTicks,
  formatValue,
  learnNumber,
  learnNumbers,
  makeNumberShape,
  padNumber,
} from './number-format.ts';

const plain = (text: string) => text.replaceAll('\u2009', ' ');

describe('number shape', () => {
  it('is learnt from a column where most buckets are empty, whichever they are', () => {
    for (const offset of [0, 1]) {
      const shape = makeNumberShape();
      learnNumbers(
        shape,
        Float64Array.from({ length: 609 }, (_, i) => (i % 2 === offset ? 48.7 : Number.NaN)),
      );
      expect(shape.decimals).toBe(1);
    }
    const shape = makeNumberShape();
    learnNumbers(shape, [null, 21.25, null]);
    expect(shape.decimals).toBe(2);
  });

  it('learns the decimals a metric needs, and never fewer again', () => {
    const shape = makeNumberShape();
    learnNumber(shape, 21);
    expect(shape.decimals).toBe(0);
    learnNumber(shape, 21.5);
    expect(shape.decimals).toBe(1);
    learnNumber(shape, 21.25);
    learnNumber(shape, 22);
    expect(shape.decimals).toBe(2);
    expect(formatFixed(22, shape.decimals)).toBe('22.00');
  });

  it.each([
    [1013.25, 1],
    [48.123456, 2],
    [0.8731234, 3],
    [0.1 + 0.2, 1],
    [Number.NaN, 0],
  ])('%s needs %s decimals: four significant digits are enough', (value, decimals) => {
    const shape = makeNumberShape();
    learnNumber(shape, value);
    expect(shape.decimals).toBe(decimals);
  });
});

describe('formats', () => {
  it.each([
    [-0.04, 1, '0.0'],
    [-3.25, 2, '−3.25'],
    [1234, 0, '1234'],
    [1234567.8, 1, '1 234 567.8'],
    [Number.NaN, 2, 'NaN'],
    [Number.NEGATIVE_INFINITY, 0, '−∞'],
  ])('%s with %s decimals is %s', (value, decimals, text) => {
    expect(plain(formatFixed(value, decimals))).toBe(text);
  });

  it.each([
    [812, '812 B'],
    [999.6, '1.00 kB'],
    [1_420_000_000, '1.42 GB'],
    [-12_340, '−12.3 kB'],
  ])('%s bytes are %s', (value, text) => {
    const { text: number, unit } = formatScaled(value, 'B');
    expect(`${number} ${unit}`).toBe(text);
  });

  it('scales bytes, hertz and long times, and leaves other units as they were spelt', () => {
    const shape = { decimals: 1 };
    expect(formatValue(2_000_000, 'B/s', shape)).toEqual({ text: '2.00', unit: 'MB/s' });
    expect(formatValue(1_500_000_000, 'Hz', shape)).toEqual({ text: '1.50', unit: 'GHz' });
    expect(plain(formatValue(93_784, 's', shape).text)).toBe('1 d 2 h');
    expect(formatValue(3, 'furlong', shape)).toEqual({ text: '3.0', unit: 'furlong' });
  });

  it.each([
    [-5, '0 s', '0 s'],
    [59_999, '59 s', '59 s'],
    [3_600_000, '1 h', '1 h'],
    [7_500_000, '2 h 5 min', '2 h'],
    [540_000_000, '6 d 6 h', '6 d'],
  ])('%s ms is %s, or %s where it must be short', (ms, long, short) => {
    expect(plain(formatSpan(ms))).toBe(long);
    expect(plain(formatAge(ms))).toBe(short);
  });

  it.each([
    [[0, 0.25, 0.5], '%', ['0.00', '0.25', '0.50']],
    [[10_000, 12_500, 15_000], 'B/s', ['10.0 k', '12.5 k', '15.0 k']],
    [[83_100_000_000, 83_150_000_000], 'B', ['83.10 G', '83.15 G']],
    [[5_100, 5_120], 's', ['5100', '5120']],
    [[3_600, 7_200], 's', ['1 h', '2 h']],
    [[0, 50], 'W', ['0', '50']],
    [[90_000, 90_600, 91_200], 's', ['1 d 1 h', '1 d 1 h 10 min', '1 d 1 h 20 min']],
    [[84_500_000_000, 84_500_400_000], 'B', ['84.5000 G', '84.5004 G']],
    [[0, 20_000_000], 'B', ['0', '20 M']],
  ])('ticks %s %s read %s', (values, unit, texts) => {
    expect(formatTicks(values, unit).map(plain)).toEqual(texts);
  });

  it.each([
    [3.4, '+3 ms'],
    [-1_234, '−1.2 s'],
    [3_600_000, '+1 h'],
  ])('a clock off by %s ms reads %s', (ms, text) => {
    expect(plain(formatOffset(ms))).toBe(text);
  });
});

describe('room in front of a number', () => {
  it('is as wide as the digits and the full stop that are not there', () => {
    const wide = (text: string) => text.replaceAll('\u2007', '0').replaceAll('\u2008', '.');
    const widths = ['9', '10', '9.8', '44.4', '101.5'].map((text) => {
      const padded = wide(padNumber(text, 5));
      return [padded.replace(/[^.]/g, '').length, padded.replaceAll('.', '').length];
    });
    expect(widths).toEqual([
      [1, 4],
      [1, 4],
      [1, 4],
      [1, 4],
      [1, 4],
    ]);
  });

  it('leaves what is long enough as it is', () => {
    expect(padNumber('123456', 5)).toBe('123456');
  });
});
