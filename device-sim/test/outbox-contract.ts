/**
 * What every outbox must do (the port's promises), run against each implementation.
 */
import { decodeMessage, encodeMessage, makeNumberColumn } from '@lapwing/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Outbox, OutboxItem } from '../src/core/outbox.ts';

export interface OutboxUnderTest {
  readonly name: string;
  /** A fresh outbox with room for about `bytesMax` bytes of frames. */
  make(bytesMax: number): Outbox;
}

/** An Event of that number, `bytes` long as number `made`, the one it was made with. */
export function frameOf(seq: number, bytes = 100, made = seq): Uint8Array {
  const event = { type: 'event', seq, atMs: 1_700_000_000_000 + made, level: 'info', code: 'made' } as const;
  const bare = encodeMessage({ ...event, seq: made, text: '' }).length;
  // From 128 on the length of the text takes a second byte.
  const room = bytes - bare;
  const text = String(made).padEnd(room > 128 ? room - 1 : room, 'abcdefgh');
  return encodeMessage({ ...event, text });
}

export function appendFrames(outbox: Outbox, count: number, bytes = 100): void {
  for (let i = 0; i < count; i++) {
    const seq = outbox.nextSeq();
    outbox.append(frameOf(seq, bytes), { readings: 3, fromMs: seq * 1000, toMs: seq * 1000 + 500 });
  }
}

/** Everything from `seq` + 1 on, checking that it is in order and without overlap. */
export function readThrough(outbox: Outbox, seq: number): OutboxItem[] {
  const items: OutboxItem[] = [];
  let at = seq;
  for (let item = outbox.itemAfter(at); item !== null; item = outbox.itemAfter(at)) {
    expect(item.kind === 'frame' ? item.seq : item.fromSeq).toBe(at + 1);
    items.push(item);
    at = item.kind === 'frame' ? item.seq : item.toSeq;
  }
  expect(at).toBe(outbox.nextSeq() - 1);
  return items;
}

export function testOutbox(under: OutboxUnderTest): void {
  describe(`outbox contract: ${under.name}`, () => {
    let outbox: Outbox;
    beforeEach(() => {
      outbox = under.make(1 << 20);
    });

    test('DL-1: numbers start at 1 and have no holes', () => {
      expect(outbox.nextSeq()).toBe(1);
      expect(outbox.itemAfter(0)).toBeNull();
      appendFrames(outbox, 300);
      const items = readThrough(outbox, 0);
      expect(items.length).toBe(300);
      for (const item of items) {
        if (item.kind !== 'frame') throw new Error('a hole where nothing was lost');
        expect(item.frame).toEqual(frameOf(item.seq));
        expect(item.toMs).toBe(item.seq * 1000 + 500);
      }
    });

    test('DL-2: a frame is kept until an Ack reaches it', () => {
      appendFrames(outbox, 10);
      expect(outbox.ackThrough(4)).toBe(12);
      expect(outbox.ackThrough(4)).toBe(0);
      expect(outbox.counts().frames).toBe(6);
      expect(readThrough(outbox, 4).length).toBe(6);
      expect(outbox.ackThrough(10)).toBe(18);
      expect(outbox.counts().frames).toBe(0);
      appendFrames(outbox, 1);
      expect(outbox.itemAfter(10)).toMatchObject({ kind: 'frame', seq: 11 });
    });

    test('DL-8: what was acked and is gone is a hole acked-elsewhere', () => {
      appendFrames(outbox, 6);
      outbox.ackThrough(5);
      expect(outbox.itemAfter(2)).toMatchObject({ kind: 'hole', fromSeq: 3, toSeq: 5, reason: 'acked-elsewhere' });
      expect(readThrough(outbox, 0).length).toBe(2);
    });

    test('DL-8: also when nothing waits', () => {
      appendFrames(outbox, 6);
      outbox.ackThrough(6);
      expect(outbox.itemAfter(2)).toMatchObject({ kind: 'hole', fromSeq: 3, toSeq: 6, reason: 'acked-elsewhere' });
    });

    test('DL-15: when full the oldest become one hole, with their times and readings', () => {
      outbox = under.make(64 * 1024);
      appendFrames(outbox, 2_000);
      const [hole, ...frames] = readThrough(outbox, 0);
      if (hole?.kind !== 'hole') throw new Error('nothing was dropped');
      expect(hole).toMatchObject({ fromSeq: 1, reason: 'overflow', fromMs: 1000, toMs: hole.toSeq * 1000 + 500 });
      expect(hole.readings).toBe(hole.toSeq * 3);
      expect(frames.length).toBe(2_000 - hole.toSeq);
      expect(frames.every(({ kind }) => kind === 'frame')).toBe(true);
      expect(outbox.counts().readingsDropped).toBe(hole.readings);
      expect(outbox.counts().bytes).toBeLessThanOrEqual(64 * 1024 + 64);
      expect(frames.length).toBeGreaterThan(200);
    });

    test('DL-7: the part of a hole that the hub already holds is cut off', () => {
      outbox = under.make(64 * 1024);
      appendFrames(outbox, 2_000);
      expect(outbox.itemAfter(10)).toMatchObject({ kind: 'hole', fromSeq: 11, reason: 'overflow', readings: 0 });
      const held = (outbox.itemAfter(0) as { toSeq: number }).toSeq;
      expect(outbox.ackThrough(held)).toBe(0);
      expect(outbox.itemAfter(held)).toMatchObject({ kind: 'frame' });
    });

    test('RC-4: a frame given up becomes a hole with reason corrupt', () => {
      appendFrames(outbox, 5);
      outbox.drop(2);
      expect(readThrough(outbox, 0).map(({ kind }) => kind)).toEqual(['frame', 'hole', 'frame', 'frame', 'frame']);
      expect(outbox.itemAfter(1)).toMatchObject({ fromSeq: 2, toSeq: 2, reason: 'corrupt', readings: 3 });
      expect(outbox.ackThrough(5)).toBe(12);
    });

    test('DL-16: under a new epoch everything held has the numbers from 1, and is the same otherwise', () => {
      appendFrames(outbox, 300);
      outbox.ackThrough(140);
      outbox.drop(150);
      expect(outbox.renumber(99)).toBe(true);
      expect(outbox.epoch).toBe(99);
      expect(outbox.usedThrough).toBe(0);
      const items = readThrough(outbox, 0);
      expect(items.length).toBe(160);
      for (const [at, item] of items.entries()) {
        const made = at + 141;
        if (made === 150) expect(item).toMatchObject({ kind: 'hole', reason: 'corrupt', fromMs: 150_000, readings: 3 });
        else expect(item).toMatchObject({ frame: frameOf(at + 1, 100, made), readings: 3, toMs: made * 1000 + 500 });
      }
      appendFrames(outbox, 1);
      expect(outbox.ackThrough(161)).toBe(160 * 3);
      expect(outbox.counts().frames).toBe(0);
    });

    test('DL-16: what overflow took is told under the new numbers too', () => {
      outbox = under.make(64 * 1024);
      appendFrames(outbox, 2_000);
      const hole = outbox.itemAfter(0);
      const { readingsDropped } = outbox.counts();
      outbox.renumber(99);
      expect(outbox.itemAfter(0)).toEqual(hole);
      expect(readThrough(outbox, 0).length).toBe(2_000 - (hole as { toSeq: number }).toSeq + 1);
      expect(outbox.counts().readingsDropped).toBe(readingsDropped);
    });

    test('DL-16: a batch keeps every bit of its values', () => {
      appendFrames(outbox, 200);
      const times = Float64Array.of(5, 6, 4);
      const values = Float64Array.of(Number.NaN, -0, 0.1 + 0.2);
      const columns = [makeNumberColumn(3, values), makeNumberColumn(7, values, Uint8Array.of(0, 1, 1))];
      const batch = { type: 'batch', ackNow: true, backfill: true, times, columns } as const;
      outbox.append(encodeMessage({ ...batch, seq: 201 }), { readings: 5, fromMs: 4, toMs: 6 });
      outbox.ackThrough(200);
      outbox.renumber(99);
      const item = outbox.itemAfter(0);
      if (item?.kind !== 'frame') throw new Error('the batch is gone');
      expect(item.frame).toEqual(encodeMessage({ ...batch, seq: 1 }));
      expect(decodeMessage(item.frame, 'device')).toMatchObject({ ok: true });
    });

    test('DL-16: with nothing held there is only the new epoch', () => {
      appendFrames(outbox, 3);
      outbox.ackThrough(3);
      expect(outbox.renumber(99)).toBe(true);
      expect([outbox.epoch, outbox.nextSeq(), outbox.itemAfter(0)]).toEqual([99, 1, null]);
    });

    test('a long life with Acks in between keeps every promise', () => {
      let acked = 0;
      for (let round = 1; round <= 60; round++) {
        appendFrames(outbox, 50 + ((round * 37) % 90), 40 + ((round * 13) % 200));
        acked = Math.max(acked, outbox.nextSeq() - 1 - ((round * 29) % 120));
        outbox.ackThrough(acked);
        expect(readThrough(outbox, acked).every(({ kind }) => kind === 'frame')).toBe(true);
      }
      expect(outbox.counts().bytes).toBeLessThan(300 * 1024);
    });
  });
}
