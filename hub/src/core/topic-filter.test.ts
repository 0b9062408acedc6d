import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FilterTree, isFilter, isTopic, matchesFilter } from './topic-filter.ts';

test.each([
  ['#', 'a/b', true],
  ['a/#', 'a', true],
  ['a/#', 'a/b/c', true],
  ['a/#', 'ab', false],
  ['+/b', 'a/b', true],
  ['+', 'a/b', false],
  ['+/+', '/b', true],
  ['/+', '/b', true],
  ['+', '/b', false],
  ['#', '$SYS/x', false],
  ['+/x', '$SYS/x', false],
  ['$SYS/#', '$SYS/x', true],
])('%s matches %s: %s', (filter, topic, matches) => {
  expect(matchesFilter(filter, topic)).toBe(matches);
});

test.each(['', 'a/+/b', 'a#', 'a\u0000', 'a\u0085', '\ud800', '\ufffd', 'a/'.repeat(40), 'x'.repeat(2_000)])(
  '%j is no topic',
  (topic) => expect(isTopic(topic)).toBe(false),
);
test.each(['', 'a+', '+a', 'a/#/b', '#/a', 'a#', 'a\u0001/#'])('%j is no filter', (filter) => {
  expect(isFilter(filter)).toBe(false);
});
test.each(['a', '/', 'a//b', 'Größe/Küche', '$x'])('%j is a topic and a filter', (topic) => {
  expect(isTopic(topic) && isFilter(topic)).toBe(true);
});

test('the tree finds what matching one by one finds, and is empty when all are gone', () => {
  const level = fc.constantFrom('a', 'b', '', '+', '$s');
  const filter = fc
    .tuple(fc.array(level, { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([levels, isOpen]) => [...levels, ...(isOpen ? ['#'] : [])].join('/'))
    .filter((text) => text !== '');
  const topic = fc
    .array(fc.constantFrom('a', 'b', '', '$s'), { minLength: 1, maxLength: 5 })
    .map((levels) => levels.join('/'))
    .filter((text) => text !== '');
  fc.assert(
    fc.property(fc.array(filter, { maxLength: 20 }), topic, (filters, published) => {
      const tree = new FilterTree<string>();
      for (const one of filters) tree.set(one, 'client', one);
      const expected = [...new Set(filters)].filter((one) => matchesFilter(one, published));
      expect(tree.match(published).sort()).toEqual(expected.sort());
      expect(tree.size).toBe(new Set(filters).size);
      for (const one of filters) tree.delete(one, 'client');
      expect(tree.size).toBe(0);
      expect(tree.match(published)).toEqual([]);
    }),
  );
});
