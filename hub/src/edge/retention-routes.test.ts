/** Retention over HTTP: defaults are filled in, nonsense is refused, and a preview has no NaN. */
import { expect, test } from 'vitest';
import type { RetentionPolicy, Store, StoreChange } from '../core/ports.ts';
import { makeRouter } from './http-router.ts';
import { makeRetentionRoutes } from './retention-routes.ts';
import type { SignInDesk } from './sign-in-desk.ts';

function openHub(kind: 'person' | 'token' = 'person') {
  const changes: StoreChange[] = [];
  const previewed: { policy: RetentionPolicy; nowMs: number }[] = [];
  const figures = { metrics: 2, readingBytes: 100, readingBytesFreed: 60, rollupBytes: 9, rollupBytesFreed: -5 };
  const store = {
    retention: () => Promise.resolve({ rules: [] }),
    commitChange: (change: StoreChange) => Promise.resolve(void changes.push(change)),
    previewRetention: (asked: { policy: RetentionPolicy; nowMs: number }) => {
      previewed.push(asked);
      const rule = { ...figures, readingsFromMs: Number.NaN, readingsToMs: Number.NaN, bytesPerDay: 0 };
      return Promise.resolve({ rules: [rule, rule] });
    },
  } as unknown as Store;
  const answer = makeRouter({
    routes: makeRetentionRoutes({ store, nowMs: () => 77 }),
    desk: { identify: () => ({ kind, tokenId: '1', user: 'u' }) } as unknown as SignInDesk,
    findSender: () => null,
    answerPage: () => null,
    noteError: () => undefined,
  });
  const send = async (path: string, body: unknown) => {
    const headers = { 'content-type': 'application/json', origin: 'http://hub', host: 'hub' };
    const request = new Request(`http://hub/api/v1/retention${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return answer(request, { incoming: { socket: {} } });
  };
  return { send, changes, previewed };
}

const rule = { device: 'boiler*', rawDays: 30, tiers: [{ cellMs: 60_000, days: null }] };
const whole = { ...rule, metric: '*', unit: null, kind: null };

test('rules are saved with their defaults', async () => {
  const { send, changes } = openHub();
  const answer = await send('', { rules: [rule] });
  expect([answer.status, await answer.json()]).toEqual([200, { rules: [whole] }]);
  expect(changes).toEqual([{ kind: 'retention', policy: { rules: [whole] } }]);
});

test('a preview says what would go, and saves nothing', async () => {
  const { send, changes, previewed } = openHub();
  const json = await (await send('/preview', { rules: [rule] })).json();
  expect(json.bytesFreed).toBe(110);
  expect(json.rules[1]).toMatchObject({ metrics: 2, readingsFromMs: null, readingsToMs: null });
  expect(previewed).toEqual([{ policy: { rules: [whole] }, nowMs: 77 }]);
  expect(changes).toEqual([]);
});

test.each([
  { rules: [{ ...rule, rawDays: -1 }] },
  { rules: [{ ...rule, tiers: [{ cellMs: 1234, days: 1 }] }] },
  { rules: [{ device: '*' }] },
  {},
])('%j is refused', async (body) => {
  const { send, changes } = openHub();
  expect((await send('', body)).status).toBe(400);
  expect(changes).toEqual([]);
});

test('an API token may not say what is thrown away', async () => {
  expect((await openHub('token').send('', { rules: [] })).status).toBe(403);
});
