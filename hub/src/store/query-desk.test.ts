/** A question that nobody can answer in time ends all the same, and leaves nothing behind. */
import { expect, test } from 'vitest';
import { QueryDesk } from './query-desk.ts';

test('a question that waits too long is refused by name, an abandoned one at once', async () => {
  const desk = new QueryDesk(() => Promise.resolve(), 5);
  await expect(desk.ask({ kind: 'retention' })).rejects.toMatchObject({ name: 'QueryDeadlineError' });
  const leaving = new AbortController();
  const asked = desk.ask({ kind: 'retention' }, leaving.signal);
  leaving.abort();
  await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  await desk.close();
});

test('more than a thousand at a time are refused', async () => {
  const desk = new QueryDesk(() => Promise.resolve(), 60_000);
  const waiting = Array.from({ length: 1000 }, () =>
    desk.ask({ kind: 'retention' }).catch((error: Error) => error.message),
  );
  await expect(desk.ask({ kind: 'retention' })).rejects.toMatchObject({ name: 'StoreBusyError' });
  await desk.close();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['The store is closed.']));
});
