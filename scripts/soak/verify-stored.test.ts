import { expect, it } from 'vitest';
import { checkDevice } from './verify-stored.ts';

it('finds nothing when each acked reading is stored once, and one unacked is too', () => {
  expect(checkDevice({ rowsAcked: 3, rowsMade: 5 }, [1, 2, 3, 4])).toEqual({ lost: 0, duplicated: 0, invented: 0 });
});

it('counts the acked that are missing, the copies, and what nobody sent', () => {
  expect(checkDevice({ rowsAcked: 4, rowsMade: 5 }, [1, 1, 1, 4, 6, 0, 2.5, 'NaN'])).toEqual({
    lost: 2,
    duplicated: 2,
    invented: 4,
  });
});
