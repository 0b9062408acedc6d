import { expect, test } from 'vitest';
import { appendFrames, readThrough, testOutbox } from '../../test/outbox-contract.ts';
import { MemoryOutbox } from './memory-outbox.ts';

testOutbox({ name: 'memory', make: (bytesMax) => new MemoryOutbox({ epoch: 1, framesMax: 1e6, bytesMax }) });

test('a repeated import takes what the hub holds already, and keeps only the rest', () => {
  const outbox = new MemoryOutbox({ epoch: 1, framesMax: 1e6, bytesMax: 1e6, repeatable: true });
  appendFrames(outbox, 2);
  expect(outbox.usedThrough).toBe(Number.POSITIVE_INFINITY);
  expect(outbox.ackThrough(5)).toBe(6);
  appendFrames(outbox, 6);
  expect(outbox.readingsHeld).toBe(9);
  expect(readThrough(outbox, 5).length).toBe(3);
});
