/** The instant in the address. */
import { expect, test } from 'vitest';
import { readInstant, withInstant } from './rewind-address.ts';

const atMs = Date.UTC(2026, 2, 4, 5, 6, 7, 89);

test.each([
  ['/', '/?at=2026-03-04T05:06:07.089Z'],
  ['/?state=online', '/?state=online&at=2026-03-04T05:06:07.089Z'],
  ['/devices/a?at=2020-01-01T00:00:00Z&range=1h', '/devices/a?range=1h&at=2026-03-04T05:06:07.089Z'],
  ['/settings#keys', '/settings?at=2026-03-04T05:06:07.089Z#keys'],
])('%s', (address, expected) => {
  expect(withInstant(address, atMs)).toBe(expected);
  expect(readInstant(expected)).toBe(atMs);
  expect(withInstant(expected, null)).not.toContain('at=');
});

test.each(['/', '/?at=', '/?at=yesterday', '/?at=2026-13-45T99:00:00Z', '/?what=2026-01-01T00:00:00Z'])(
  '%s names no instant',
  (address) => expect(readInstant(address)).toBeNull(),
);

test('a hand-written one without seconds, or escaped, is read', () => {
  expect(readInstant('/?at=2026-03-04T05:06Z')).toBe(Date.UTC(2026, 2, 4, 5, 6));
  expect(readInstant('/?at=2026-03-04T05%3A06%3A07Z')).toBe(Date.UTC(2026, 2, 4, 5, 6, 7));
});
