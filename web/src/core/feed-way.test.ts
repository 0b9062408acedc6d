/** When the feed takes which way. */
import { expect, test } from 'vitest';
import { FeedWays } from './feed-way.ts';

test('two sockets that never opened are taken for blocked; one that was open is not', () => {
  const ways = new FeedWays();
  expect(ways.noteEnd(false)).toBe('socket');
  ways.noteOpen();
  expect(ways.noteEnd(true)).toBe('socket');
  expect(ways.noteEnd(false)).toBe('socket');
  expect(ways.noteEnd(false)).toBe('stream');
});

test('a stream that breaks is opened again; one that cannot be opened gives way to a socket, once', () => {
  const ways = new FeedWays();
  ways.noteEnd(false);
  ways.noteEnd(false);
  ways.noteOpen();
  expect(ways.noteEnd(true)).toBe('stream');
  expect(ways.noteEnd(false)).toBe('socket');
  expect(ways.noteEnd(false)).toBe('stream');
});

test('a socket that opens beside the stream takes over', () => {
  const ways = new FeedWays();
  ways.noteEnd(false);
  ways.noteEnd(false);
  ways.takeSocket();
  expect(ways.way).toBe('socket');
  expect(ways.noteEnd(false)).toBe('socket');
});
