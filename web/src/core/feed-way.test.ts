/** When the feed takes which way. */
import { expect, test } from 'vitest';
import { FeedWays } from './feed-way.ts';

/** A socket fails to open while the hub answers over HTTP. */
function refuse(ways: FeedWays): string {
  ways.noteEnd(false);
  ways.noteRefused();
  return ways.way;
}

test('two sockets that never opened are taken for blocked; one that was open is not', () => {
  const ways = new FeedWays();
  expect(refuse(ways)).toBe('socket');
  ways.noteOpen();
  expect(ways.noteEnd(true)).toBe('socket');
  expect(refuse(ways)).toBe('socket');
  expect(refuse(ways)).toBe('stream');
});

test('a hub that is away blocks nothing, however long', () => {
  const ways = new FeedWays();
  for (let i = 0; i < 9; i++) expect(ways.noteEnd(false)).toBe('socket');
});

test('a stream that breaks is opened again; one that cannot be opened gives way to a socket, once', () => {
  const ways = new FeedWays();
  refuse(ways);
  refuse(ways);
  ways.noteOpen();
  expect(ways.noteEnd(true)).toBe('stream');
  expect(ways.noteEnd(false)).toBe('socket');
  expect(refuse(ways)).toBe('stream');
});

test('a socket that opens beside the stream takes over', () => {
  const ways = new FeedWays();
  refuse(ways);
  refuse(ways);
  ways.takeSocket();
  expect(ways.way).toBe('socket');
  expect(ways.noteEnd(false)).toBe('socket');
});
