import { describe, expect, it } from 'vitest';
import { SeriesBuffer } from './series-buffer.ts';
import { SparkBook } from './spark-book.ts';
import { drawSparkline } from './sparkline-path.ts';

describe('SparkBook', () => {
  it('asks for the devices in sight from the top, for each once, and for none that went out of sight before it is back', () => {
    const book = new SparkBook();
    book.open('gone', [0], 0);
    book.open('a', [0], 5_000);
    book.open('b', [0, 2], 5_000);
    const asked = [book.takeWanted(), book.takeWanted(), book.takeWanted()];
    expect(asked.map((one) => one?.deviceId)).toEqual(['a', 'b', undefined]);
    expect(asked[1]?.metrics).toEqual([0, 2]);
    book.open('gone', [0], 5_100);
    expect(book.takeWanted()?.deviceId).toBe('gone');
    book.forgetHistory();
    expect(book.takeWanted()?.deviceId).toBe('a');
  });

  it('asks for metrics that came into sight while others were on their way', () => {
    const book = new SparkBook();
    book.open('a', [0], 0);
    book.takeWanted();
    book.open('a', [0, 3], 0);
    const one = [1];
    book.fill('a', 0, [{ metric: 0, count: one, min: one, max: one, mean: one, first: one, last: one }]);
    expect(book.takeWanted()).toEqual({ deviceId: 'a', metrics: [3] });
  });

  it('forgets the device unseen longest', () => {
    const book = new SparkBook();
    for (let i = 0; i < 300; i++) book.open(`d${i}`, [0], 0);
    expect(book.find('d0')).toBeUndefined();
    expect(book.find('d299')).toBeDefined();
  });
});

describe('drawSparkline', () => {
  const box = { width: 72, height: 20 };
  const fill = (values: readonly (number | null)[]) => {
    const buffer = new SeriesBuffer(1000, 20);
    buffer.advanceTo(19_500);
    values.forEach((value, second) => {
      if (value !== null) buffer.add(second * 1000, value);
    });
    return drawSparkline(buffer, 19_500, box);
  };

  it('draws nothing of nothing', () => {
    expect(fill([])).toBe('');
  });

  it('fills its box while the device is young', () => {
    const path = fill([...Array.from({ length: 11 }, () => null), 1, 2, 3, 4, 5, 6, 7, 8]);
    const xs = path.match(/[ML]([\d.]+)/g)!.map((pair) => Number(pair.slice(1)));
    expect(xs[0]).toBeLessThan(5);
    expect(xs.at(-1)).toBeGreaterThan(55);
  });

  it('stays inside its box', () => {
    const path = fill(Array.from({ length: 20 }, (_, i) => (i * 37) % 101));
    const numbers = path.match(/[ML](-?[\d.]+) (-?[\d.]+)/g)!.map((pair) => pair.slice(1).split(' ').map(Number));
    for (const [x, y] of numbers) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(72);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(20);
    }
  });

  it('breaks the line at a silence, and draws a steady value in the middle', () => {
    const silent = fill([5, 5, 5, null, null, null, null, null, null, null, null, 5, 5]);
    expect(silent.match(/M/g)).toHaveLength(2);
    expect(silent).toContain(' 10');
  });
});
