import { expect, test } from 'vitest';
import { describeRefusal, RefusalBook } from './refusal-book.ts';

test('a reason is news once, and at the end each says whose it is and what to do', () => {
  const book = new RefusalBook();
  const news = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => book.note(id, 'Connection refused: Not authorized'));
  expect(news).toEqual([true, false, false, false, false, false]);
  expect(book.note('g', 'connect ECONNREFUSED 127.0.0.1:1883')).toBe(true);
  book.forget('f');
  book.note('h', 'Connection refused: Not authorized');
  expect(book.list().map(describeRefusal)).toEqual([
    expect.stringMatching(/^6 devices \(a, b, c, d, e, …\): Connection refused: Not authorized; --password takes/),
    'g: connect ECONNREFUSED 127.0.0.1:1883; nothing listens there: start the hub, or name it with --url',
  ]);
});

test('whoever got in again has no reason left, and an unknown one is said as it came', () => {
  const book = new RefusalBook();
  book.note('a', '');
  expect(book.list().map(describeRefusal)).toEqual(['a: cannot connect']);
  book.forget('a');
  expect(book.list()).toEqual([]);
});
