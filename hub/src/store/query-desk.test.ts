/** A question that nobody can answer in time ends all the same, and leaves nothing behind. */
import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { afterEach, expect, test, vi } from 'vitest';
import { QueryDesk } from './query-desk.ts';

afterEach(() => void vi.useRealTimers());

const noReaders = {
  readersMax: 0,
  startReader: () => {
    throw new Error('no reader was allowed');
  },
};

/** A reader that answers when the test says so. */
class FakeReader extends EventEmitter {
  readonly told: { kind: string }[] = [];
  postMessage(message: { kind: string }): void {
    this.told.push(message);
    if (message.kind === 'close') queueMicrotask(() => this.emit('exit'));
  }
  answer(): void {
    this.emit('message', { kind: 'answer', answer: { rules: [] } });
  }
}

test('a reader is started when a question finds none free, and ends when it has been idle', async () => {
  vi.useFakeTimers();
  const readers: FakeReader[] = [];
  const desk = new QueryDesk(() => Promise.resolve(), {
    questionMsMax: 1000,
    readersMax: 2,
    startReader: () => {
      readers.push(new FakeReader());
      return readers.at(-1) as unknown as Worker;
    },
  });
  expect(readers).toHaveLength(0);
  const asked = [1, 2, 3].map(() => desk.ask({ kind: 'retention' }));
  await vi.advanceTimersByTimeAsync(0);
  expect(readers.map(({ told }) => told.length)).toEqual([1, 1]);
  readers[0]!.answer();
  expect(readers.map(({ told }) => told.length)).toEqual([2, 1]);
  for (const reader of readers) reader.answer();
  await Promise.all(asked);
  await vi.advanceTimersByTimeAsync(240_000);
  expect(readers.map(({ told }) => told.at(-1)!.kind)).toEqual(['ask', 'ask']);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(readers.map(({ told }) => told.at(-1)!.kind)).toEqual(['close', 'close']);
  const again = desk.ask({ kind: 'retention' });
  await vi.advanceTimersByTimeAsync(0);
  expect(readers).toHaveLength(3);
  readers[2]!.answer();
  await again;
  await desk.close();
});

test('a question that waits too long is refused by name, an abandoned one at once', async () => {
  const desk = new QueryDesk(() => Promise.resolve(), { ...noReaders, questionMsMax: 5 });
  await expect(desk.ask({ kind: 'retention' })).rejects.toMatchObject({ name: 'QueryDeadlineError' });
  const leaving = new AbortController();
  const asked = desk.ask({ kind: 'retention' }, leaving.signal);
  leaving.abort();
  await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  await desk.close();
});

test('more than a thousand at a time are refused', async () => {
  const desk = new QueryDesk(() => Promise.resolve(), { ...noReaders, questionMsMax: 60_000 });
  const waiting = Array.from({ length: 1000 }, () =>
    desk.ask({ kind: 'retention' }).catch((error: Error) => error.message),
  );
  await expect(desk.ask({ kind: 'retention' })).rejects.toMatchObject({ name: 'StoreBusyError' });
  await desk.close();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['The store is closed.']));
});
