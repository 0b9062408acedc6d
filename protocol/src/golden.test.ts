/**
 * The golden frames both ways, and what becomes of them when bytes are missing or wrong.
 */
import { describe, expect, test } from 'vitest';
import { loadGolden, loadInvalid } from '../test/golden-frames.ts';
import { BatchScratch, decodeMessage, encodeMessage, faultTable, readBatch } from './index.ts';

const golden = loadGolden();
const invalid = loadInvalid();

/** The same bytes in the middle of a larger buffer, so that a look outside the frame changes the result. */
function embed(frame: Uint8Array, filler: number): Uint8Array {
  const buffer = new Uint8Array(frame.length + 64).fill(filler);
  buffer.set(frame, 32);
  return buffer.subarray(32, 32 + frame.length);
}

describe('golden frames (SPEC, Messages)', () => {
  test('cover every message type', () => {
    expect(new Set(golden.map(({ frame }) => frame[0])).size).toBe(22);
  });

  test.each(golden)('decode to their message: $name', ({ frame, side, message }) => {
    expect(decodeMessage(frame, side)).toStrictEqual({ ok: true, message });
  });

  test.each(golden.filter((item) => !item.decodeOnly))(
    'come out of the encoder byte by byte: $name',
    ({ frame, message }) => {
      expect(encodeMessage(message)).toStrictEqual(frame);
    },
  );

  test.each(golden.filter((item) => item.decodeOnly))(
    'FR-21: another form means the same: $name',
    ({ side, message }) => {
      expect(decodeMessage(encodeMessage(message), side)).toStrictEqual({ ok: true, message });
    },
  );
});

describe('invalid frames (SPEC, Faults)', () => {
  test.each(invalid)('$fault: $name', ({ frame, side, fault }) => {
    const decoded = decodeMessage(frame, side);
    expect(decoded.ok ? 'decoded' : decoded.fault).toBe(fault);
    if (!decoded.ok) expect(decoded.text).toMatch(/^[ -~]{5,200}$/);
  });

  test('cover every fault that a codec finds', () => {
    const found = new Set(invalid.map(({ fault }) => fault));
    expect([...found].sort()).toEqual(
      [
        ...['frameTooLarge', 'invalidText', 'malformedFrame', 'metricConflict', 'tooManyMetrics'],
        ...['tooManySubscriptions', 'unexpectedMessage', 'unknownMetric', 'unsupportedVersion', 'valueOutOfRange'],
      ].filter((name) => name in faultTable),
    );
  });
});

describe('FR-19: nothing outside the frame is read, and nothing throws', () => {
  test.each(golden)('every truncation is a fault: $name', ({ frame, side }) => {
    for (let length = 0; length < frame.length; length++) {
      // What follows in the buffer are the very bytes that were cut off: a reader that goes past the end would succeed.
      const decoded = decodeMessage(frame.subarray(0, length), side);
      expect(decoded.ok ? length : decoded.fault).toMatch(/malformedFrame|unsupportedVersion/);
    }
  });

  test.each(golden)('every one-bit flip gives a message or a fault, whatever lies around: $name', ({ frame, side }) => {
    const inZeros = embed(frame, 0x00);
    const inOnes = embed(frame, 0xff);
    for (let bit = 0; bit < frame.length * 8; bit++) {
      inZeros[bit >> 3]! ^= 1 << (bit & 7);
      inOnes[bit >> 3]! ^= 1 << (bit & 7);
      const first = decodeMessage(inZeros, side);
      const second = decodeMessage(inOnes, side);
      if (!sameOutcome(first, second)) expect(second).toStrictEqual(first);
      inZeros[bit >> 3]! ^= 1 << (bit & 7);
      inOnes[bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(inZeros).toStrictEqual(frame);
  });

  test('readBatch takes no other message for a Batch', () => {
    const scratch = new BatchScratch();
    for (const { frame } of golden)
      if (frame[0] !== 0x03) expect(readBatch(frame, scratch)?.fault).toBe('malformedFrame');
    expect(readBatch(new Uint8Array(0), scratch)?.fault).toBe('malformedFrame');
  });
});

/** Cheap equality for the many: JSON of typed arrays is slow, and a difference is then shown by toStrictEqual. */
function sameOutcome(a: ReturnType<typeof decodeMessage>, b: ReturnType<typeof decodeMessage>): boolean {
  if (!a.ok || !b.ok) return !a.ok && !b.ok && a.fault === b.fault && a.text === b.text;
  const first = encodeMessage(a.message);
  const second = encodeMessage(b.message);
  return first.length === second.length && first.every((byte, i) => byte === second[i]);
}
