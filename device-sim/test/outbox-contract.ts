/**
 * What every outbox must do (the port's promises), run against each implementation.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Outbox, OutboxItem } from '../src/core/outbox.ts';

export interface OutboxUnderTest {
  readonly name: string;
  /** A fresh outbox with room for about `bytesMax` bytes of frames. */
  make(bytesMax: number): Outbox;
}

export function frameOf(seq: number, bytes = 100): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) => (seq * 31 + at) & 0xff);
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

    test('an older copy of an outbox goes on behind what the hub holds', () => {
      appendFrames(outbox, 3);
      expect(outbox.jumpTo(2)).toBe(false);
      expect(outbox.jumpTo(50)).toBe(true);
      expect(outbox.nextSeq()).toBe(51);
      expect(outbox.itemAfter(50)).toBeNull();
      appendFrames(outbox, 2);
      expect(readThrough(outbox, 50).length).toBe(2);
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
