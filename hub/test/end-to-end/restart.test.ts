import { expect, it } from 'vitest';
import { runKills } from '../../../scripts/soak/kill-rounds.ts';

it('kill -9 at full rate: every acked reading is stored once, and the fleet comes back (short form of npm run soak)', async () => {
  const found = await runKills({
    kills: 3,
    boards: 20,
    intervalMs: 20,
    metrics: 4,
    seed: 7,
    betweenMs: [300, 900],
    tell: () => undefined,
  });
  expect(found).toMatchObject({ lost: 0, duplicated: 0, invented: 0, dropped: 0, neverRecovered: 0 });
  expect(found.acked).toBeGreaterThan(20 * 3);
  expect(found.stored).toBeGreaterThanOrEqual(found.acked);
  expect(found.reconnects).toBeGreaterThanOrEqual(20 * 3);
});
