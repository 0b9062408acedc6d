/**
 * Whatever can be said arrives as it was said.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryBatch, arbitraryMessage } from '../test/arbitrary-messages.ts';
import { loadGolden } from '../test/golden-frames.ts';
import { isSameMessage } from '../test/same-message.ts';
import {
  type BatchColumn,
  BatchScratch,
  columnEncodings,
  decodeMessage,
  encodeMessage,
  isSequenced,
  readBatch,
  readSequence,
  type Side,
} from './index.ts';

describe('messages', () => {
  test.each(['device', 'hub', 'viewer', 'feed'] as const)(
    'of the side "%s" decode to what was encoded',
    (side: Side) => {
      fc.assert(
        fc.property(arbitraryMessage(side), (message) => {
          const decoded = decodeMessage(encodeMessage(message), side);
          if (!isSameMessage(decoded, { ok: true, message })) expect(decoded).toStrictEqual({ ok: true, message });
        }),
        { numRuns: 1_500 },
      );
    },
  );

  test('DL-1: the sequence number is readable without decoding, and only of sequenced messages', () => {
    fc.assert(
      fc.property(arbitraryMessage('device'), (message) => {
        const frame = encodeMessage(message);
        const seq = message.type === 'skipped' ? message.fromSeq : 'seq' in message ? message.seq : 0;
        expect(readSequence(frame)).toBe(seq);
        expect(isSequenced(frame[0]!)).toBe(seq !== 0);
      }),
      { numRuns: 500 },
    );
  });

  test('results own their memory: the frame may be overwritten', () => {
    for (const { frame, side, message, name } of loadGolden()) {
      if (message.type === 'live') continue;
      const bytes = frame.slice();
      const decoded = decodeMessage(bytes, side);
      bytes.fill(0xff);
      // A second decoding uses the same scratch.
      for (const other of loadGolden().slice(0, 40)) decodeMessage(other.frame, other.side);
      expect(decoded, name).toStrictEqual({ ok: true, message });
    }
  });
});

describe('readBatch', () => {
  /** The scratch as a list of columns, by the layout that BatchScratch documents. */
  function listColumns(scratch: BatchScratch): BatchColumn[] {
    return Array.from({ length: scratch.columns }, (_, c) => {
      const from = c * scratch.rows;
      const to = from + scratch.rows;
      const metric = scratch.metrics[c]!;
      const encoding = columnEncodings[scratch.encodings[c]!]!;
      const present = scratch.presentAll[c] === 1 ? null : scratch.present.slice(from, to);
      expect(scratch.presentCounts[c]).toBe(
        present === null ? scratch.rows : present.reduce((sum, bit) => sum + bit, 0),
      );
      if (encoding === 'text') return { metric, encoding, present, values: scratch.texts.slice(from, to) };
      return { metric, encoding, exponent: scratch.exponents[c]!, present, values: scratch.values.slice(from, to) };
    });
  }

  test('fills a scratch, used again and again, with what decodeMessage gives', () => {
    const scratch = new BatchScratch();
    fc.assert(
      fc.property(arbitraryBatch, (batch) => {
        expect(readBatch(encodeMessage(batch), scratch)).toBeNull();
        const { seq, ackNow, backfill, rows } = scratch;
        const read = {
          type: 'batch',
          seq,
          ackNow,
          backfill,
          times: scratch.times.slice(0, rows),
          columns: listColumns(scratch),
        };
        if (!isSameMessage(read, batch)) expect(read).toStrictEqual(batch);
      }),
      { numRuns: 1_000 },
    );
  });

  test('FR-12: tells repeated metrics from those of the frame before, also when its round counter turns over', () => {
    const scratch = new BatchScratch();
    const frame = loadGolden().find(({ message }) => message.type === 'batch' && message.columns.length > 5)!.frame;
    // What round 1 of long ago left behind must not look like the next one's.
    scratch.round = 0xffff_ffff;
    scratch.seen.fill(1);
    for (let i = 0; i < 4; i++) expect(readBatch(frame, scratch)).toBeNull();
    expect(scratch.round).toBe(4);
  });
});
