import { expect, test } from 'vitest';
import { PendingLinks } from './pending-links.ts';

test('so many of one address, and each leaves once', () => {
  const pending = new PendingLinks(2);
  const [first, second] = [pending.enter('a'), pending.enter('a')];
  expect(pending.enter('a')).toBeNull();
  expect(pending.enter('b')).not.toBeNull();
  first!();
  first!();
  expect(pending.enter('a')).not.toBeNull();
  expect(pending.enter('a')).toBeNull();
  second!();
  expect(pending.enter('a')).not.toBeNull();
});

test('who has left is forgotten', () => {
  const pending = new PendingLinks(2);
  for (let i = 0; i < 1_000; i++) pending.enter(`a${i}`)!();
  expect(pending.addresses).toBe(0);
});
