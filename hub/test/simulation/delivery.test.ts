/**
 * Exactly once, whatever breaks: the hub's core and the simulator's link machine against each other, on a fake clock.
 */
import { describe, expect, test } from 'vitest';
import { DeliverySimulation } from './delivery-simulation.ts';

describe('delivery under faults', () => {
  test.each(Array.from({ length: 30 }, (_, seed) => seed))(
    'seed %i: every frame once, in order, and no Ack is a lie',
    (seed) => {
      const result = new DeliverySimulation({ seed, devices: 6, faultyMs: 60_000, outboxFrames: 100_000 }).run();
      expect(result.problems).toEqual([]);
      expect(result.stored).toBe(result.made);
    },
  );

  test.each(Array.from({ length: 15 }, (_, seed) => seed))(
    'seed %i: with small outboxes every hole has its reason',
    (seed) => {
      const result = new DeliverySimulation({ seed, devices: 6, faultyMs: 60_000, outboxFrames: 8 }).run();
      expect(result.problems).toEqual([]);
      expect(result.stored).toBeLessThan(result.made);
      expect(result.skippedRanges).toBeGreaterThan(0);
    },
  );

  test('the faults do happen', () => {
    const result = new DeliverySimulation({ seed: 4, devices: 6, faultyMs: 60_000, outboxFrames: 100_000 }).run();
    expect(result).toMatchObject({ made: expect.any(Number) });
    expect(result.made).toBeGreaterThan(3_000);
    expect(result.hubCrashes).toBeGreaterThan(0);
    expect(result.linkBreaks).toBeGreaterThan(10);
  });
});
