import { describe, expect, test } from 'vitest';
import { DeliveryProgress } from './delivery-progress.ts';

describe('DeliveryProgress', () => {
  test('starts where the store stands, all of it acked', () => {
    expect(new DeliveryProgress(41)).toMatchObject({ received: 41, committed: 41, acked: 41 });
  });

  test.each([
    [10, 10, 'duplicate'],
    [11, 11, 'new'],
    [12, 12, 'gap'],
    [3, 9, 'duplicate'],
    [11, 20, 'new'],
    [8, 20, 'new'],
    [12, 20, 'gap'],
  ])('judges %i…%i after 10 as %s', (from, to, arrival) => {
    expect(new DeliveryProgress(10).classify(from, to)).toBe(arrival);
  });

  test('forgets what was not committed', () => {
    const progress = new DeliveryProgress(3);
    progress.advanceReceived(9);
    progress.advanceCommitted(5);
    progress.abandonUncommitted();
    expect(progress).toMatchObject({ received: 5, committed: 5, acked: 3 });
    expect(progress.classify(6, 6)).toBe('new');
  });

  test('an Ack ahead of the commit, or a commit ahead of the arrival, is our bug', () => {
    const progress = new DeliveryProgress(0);
    expect(() => progress.advanceCommitted(1)).toThrow('invariant');
    const other = new DeliveryProgress(0);
    other.advanceReceived(2);
    expect(() => other.advanceAcked(1)).toThrow('invariant');
  });
});
