import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { brokerLimits, MqttLink } from './mqtt-link.ts';

/** A stream whose other end takes bytes when the test says so. */
function makeLink(limits: Partial<typeof brokerLimits> = {}) {
  const conn = Object.assign(new PassThrough({ highWaterMark: 16 }), { bytesWritten: 0 });
  const unread = { length: 0 };
  Object.defineProperty(conn, 'writableLength', { get: () => unread.length });
  const refused: string[] = [];
  const link = new MqttLink(
    { conn, address: 'a', leavePending: () => undefined },
    { ...brokerLimits, ...limits },
    { refuse: (_link, wrong) => void refused.push(wrong), takeShort: () => false },
  );
  const say = (bytes: number) => {
    conn.bytesWritten += bytes;
    unread.length += bytes;
  };
  const takeUp = (bytes: number) => {
    unread.length -= bytes;
  };
  return { conn, link, refused, say, takeUp };
}

test('a link is stalled when unread bytes have not moved for longer than allowed', () => {
  const { link, say, takeUp } = makeLink({ stallMsMax: 15_000 });
  expect(link.isStalled(0)).toBe(false);
  say(100);
  for (const atMs of [1_000, 2_000, 16_000]) expect(link.isStalled(atMs), String(atMs)).toBe(false);
  expect(link.isStalled(16_001)).toBe(true);
  takeUp(1);
  for (const atMs of [18_000, 19_000, 33_000, 34_000]) expect(link.isStalled(atMs), String(atMs)).toBe(false);
  expect(link.isStalled(34_001)).toBe(true);
  takeUp(99);
  for (const atMs of [35_000, 60_000, 90_000]) expect(link.isStalled(atMs)).toBe(false);
});

test('whoever writes is never told to wait, and what is too large is refused before it is read', () => {
  const { conn, link, refused } = makeLink({ connectBytesMax: 100 });
  expect(conn.write(Buffer.alloc(1_000))).toBe(true);
  expect(conn.read()).toBeNull();
  expect(refused).toHaveLength(1);
  expect(link.isHeld).toBe(false);
});

test('held until it is released', () => {
  const { link } = makeLink();
  const calls: string[] = [];
  const client = {
    id: 'c',
    closed: false,
    _parsingBatch: 3,
    connected: true,
    _parser: { parse: () => undefined, _queue: null },
    _keepaliveTimer: null,
    _nextBatch: () => undefined,
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
  };
  link.client = client;
  link.release();
  link.hold();
  link.release();
  link.release();
  expect(calls).toEqual(['pause', 'resume']);
  expect(client._parsingBatch).toBe(0);
});
