import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeOnceKey, OnceKeyMaker, OnceKeys } from './once-keys.ts';

const keyOf = (n: number) => ({ high: Math.imul(n, 0x9e3779b1) >>> 0, low: n });

test('of the last half of its bound none is missing, whatever came before', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 400 }),
      fc.integer({ min: 2, max: 64 }),
      (ns, max) => {
        const keys = new OnceKeys(undefined, max);
        for (const n of ns) keys.add(keyOf(n));
        const distinct = [...new Set(ns.toReversed())].slice(0, Math.floor(max / 2));
        // A key that is added again does not become newer, so only what came once is sure to be there.
        const counts = new Map<number, number>();
        for (const n of ns) counts.set(n, (counts.get(n) ?? 0) + 1);
        for (const n of distinct) if (counts.get(n) === 1) expect(keys.has(keyOf(n))).toBe(true);
        expect(keys.size()).toBeLessThanOrEqual(max);
        expect(keys.has(keyOf(6_000))).toBe(false);
      },
    ),
  );
});

test('a hundred thousand keys, grown and loaded again', () => {
  const keys = new OnceKeys();
  const words = new Uint32Array(200_000);
  for (let n = 1; n <= 100_000; n++) {
    keys.add(keyOf(n));
    words.set([keyOf(n).high, keyOf(n).low], 2 * (n - 1));
  }
  const again = new OnceKeys(words);
  for (let n = 1; n <= 100_000; n += 7) expect(keys.has(keyOf(n)) && again.has(keyOf(n))).toBe(true);
  expect(again.has(keyOf(100_001))).toBe(false);
  expect(again.size()).toBe(100_000);
});

test('a key tells client, number, topic and payload apart, and where one text ends', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const keys = [
    makeOnceKey(['a', '1', 't'], bytes('x')),
    makeOnceKey(['b', '1', 't'], bytes('x')),
    makeOnceKey(['a', '2', 't'], bytes('x')),
    makeOnceKey(['a', '1', 'u'], bytes('x')),
    makeOnceKey(['a', '1', 't'], bytes('y')),
    makeOnceKey(['a1', '', 't'], bytes('x')),
    makeOnceKey(['a', '1', 'tx'], bytes('')),
  ];
  expect(new Set(keys.map(({ high, low }) => `${high} ${low}`)).size).toBe(keys.length);
  expect(makeOnceKey(['a', '1', 't'], bytes('x'))).toEqual(keys[0]);
});

test('a maker that goes back to its mark makes the keys that whole texts make', () => {
  const maker = new OnceKeyMaker();
  maker.addText('board/c');
  maker.mark();
  for (const id of [1, 9, 10, 99, 100, 1_234, 65_535]) {
    const payload = Uint8Array.of(9, 1, 2, id & 0xff, 9);
    maker.start();
    maker.addNumber(id);
    maker.addText('a/ü');
    const whole = makeOnceKey(['board/c', String(id), 'a/ü'], payload.subarray(1, 4));
    expect(maker.finish(payload, 1, 4), String(id)).toEqual(whole);
  }
});
