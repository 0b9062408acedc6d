/**
 * The asker of the scenario `latency`, as a process of its own: months of one device, one question after another without a pause,
 * until it is told to stop. Owns its connection; ends with its parent.
 *
 * It shares the load's core and is what gives way there (`inBackground`): a viewer's clock stands in the load, and a browser that
 * asks for a month is on another machine in life.
 */
import { once } from 'node:events';
import { askHub } from './history-asks.ts';
import { askMonth } from './query.ts';
import type { FleetPlan } from './reading-source.ts';

export interface MonthPlan {
  readonly url: string;
  readonly cookie: string;
  readonly month: FleetPlan;
  /** Where the inner edges lie: `grid` is what the page asks. */
  readonly align: 'grid' | 'exact';
}

/** Questions begin up to so many steps late, then from the first on again. */
const shiftsMax = 1000;

if (import.meta.main) {
  process.on('disconnect', () => process.exit(1));
  const [plan] = (await once(process, 'message')) as [MonthPlan];
  const ask = askHub(plan.url, plan.cookie, plan.align);
  let isAsking = true;
  process.once('message', () => {
    isAsking = false;
  });
  const took: number[] = [];
  while (isAsking) took.push((await ask(askMonth(plan.month, took.length % shiftsMax))).ms);
  await new Promise((fulfil) => process.send?.(took, undefined, undefined, fulfil));
  process.exit(0);
}
