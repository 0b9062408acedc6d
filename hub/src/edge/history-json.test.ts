/** A long answer in pieces reads as the short one would. */
import { expect, test } from 'vitest';
import { type JsonSeries, writeHistoryJson } from './history-json.ts';

const going = { aborted: false };
const numbers = (length: number) => Float64Array.from({ length }, (_, i) => (i % 7 === 0 ? Number.NaN : i / 3));

test('the pieces are the JSON of the whole, with null where a number is none', async () => {
  const long = numbers(10_000);
  const series: JsonSeries[] = [
    { facts: { device: 'a', texts: ['"'] }, columns: { count: long, 'mean "x"': numbers(4096) }, points: undefined },
    { facts: { device: 'b' }, columns: { count: numbers(0) }, points: null },
    { facts: { device: 'c' }, columns: {}, points: { timesMs: numbers(3), values: numbers(5000) } },
  ];
  const decoder = new TextDecoder();
  let text = '';
  let pieces = 0;
  for await (const piece of writeHistoryJson({ fromMs: 1 }, series, going)) {
    text += decoder.decode(piece);
    pieces++;
  }
  const plain = (column: Float64Array) => Array.from(column, (value) => (Number.isNaN(value) ? null : value));
  expect(JSON.parse(text)).toEqual({
    fromMs: 1,
    series: [
      { device: 'a', texts: ['"'], count: plain(long), 'mean "x"': plain(numbers(4096)) },
      { device: 'b', count: [], points: null },
      { device: 'c', points: { timesMs: plain(numbers(3)), values: plain(numbers(5000)) } },
    ],
  });
  expect(pieces).toBeGreaterThan(5);
});

test('others have a turn between two pieces, and an asker who left gets no more', async () => {
  const asker = { aborted: false };
  const pieces = writeHistoryJson(
    { fromMs: 1 },
    [{ facts: { a: 1 }, columns: { x: numbers(50_000) }, points: null }],
    asker,
  );
  let turns = 0;
  const count = () => {
    turns++;
    if (turns < 5) setImmediate(count);
  };
  setImmediate(count);
  for (let i = 0; i < 5; i++) await pieces.next();
  expect(turns).toBeGreaterThan(2);
  asker.aborted = true;
  await pieces.next();
  expect((await pieces.next()).done).toBe(true);
});
