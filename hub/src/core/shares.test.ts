/** Links that show one board: what they may see, and every way in which that ends. */
import { expect, test } from 'vitest';
import { Documents } from './documents.ts';
import type { StoreChange, StoredDocument, StoredShare } from './ports.ts';
import { Shares, sharesMax } from './shares.ts';

const commitAtOnce = () => Promise.resolve();
const content = (...series: [string, string][]) =>
  JSON.stringify({ tiles: [{ series: series.map(([device, metric]) => ({ device, metric })) }] });
const board = (text: string, more: Partial<StoredDocument> = {}): StoredDocument => {
  const fixed = { kind: 'board', id: 'b', title: 'B', revision: 1, changedMs: 0 } as const;
  return { ...fixed, owner: '', content: text, ...more };
};
const share = (more: Partial<StoredShare> = {}): StoredShare => {
  const fixed = { id: 's', hash: 'h', label: 'l', board: 'b', createdBy: 'ann', createdMs: 0, expiresMs: 100 };
  return { ...fixed, ...more };
};

test('a link sees the metrics that the tiles of its board name, and follows the board', async () => {
  const documents = new Documents([board(content(['pi', 'temp'], ['pi', 'load'], ['esp', 'temp']))], commitAtOnce);
  const shares = new Shares([share()], documents, commitAtOnce);
  expect([...shares.scopeOf('s')]).toEqual([
    ['pi', new Set(['temp', 'load'])],
    ['esp', new Set(['temp'])],
  ]);
  expect(shares.scopeOf('s')).toBe(shares.scopeOf('s'));
  const before = shares.scopeOf('s');
  const wish = { kind: 'board', id: 'b', user: 'ann', replaces: 1 } as const;
  await documents.save(wish, { owner: '', title: 'B', content: content(['pi', 'temp']) }, 1);
  expect(shares.scopeOf('s')).not.toBe(before);
  expect([...shares.scopeOf('s')]).toEqual([['pi', new Set(['temp'])]]);
});

test('it is good until its end, while it is not revoked, and as long as its maker can see the board', async () => {
  const documents = new Documents([board(content(['pi', 'temp']))], commitAtOnce);
  const shares = new Shares([share(), share({ id: 't', hash: 'i' })], documents, commitAtOnce);
  expect(shares.findByHash('h', 99)?.id).toBe('s');
  expect(shares.findByHash('h', 100)).toBeNull();
  expect([shares.isGood('s', 99), shares.isGood('s', 100), shares.isGood('u', 0)]).toEqual([true, false, false]);
  expect(await shares.remove('s')).toBe(true);
  expect(await shares.remove('s')).toBe(false);
  expect([shares.findByHash('h', 0), shares.isGood('s', 0), shares.scopeOf('s').size]).toEqual([null, false, 0]);
  const wish = { kind: 'board', id: 'b', user: 'bob', replaces: 1 } as const;
  await documents.save(wish, { owner: 'bob', title: 'B', content: content(['pi', 'temp']) }, 1);
  expect([shares.isGood('t', 0), shares.scopeOf('t').size]).toEqual([false, 0]);
});

test('revoking ends it before the store knows; their number is bounded; those that have ended go', async () => {
  const changes: StoreChange[] = [];
  const never = () => new Promise<void>(() => undefined);
  const documents = new Documents([board(content(['pi', 'temp']))], commitAtOnce);
  const revoking = new Shares([share()], documents, never);
  void revoking.remove('s');
  expect(revoking.isGood('s', 0)).toBe(false);
  const many = Array.from({ length: sharesMax }, (_, i) => share({ id: `s${i}`, expiresMs: i < 2 ? 5 : 100 }));
  const shares = new Shares(many, documents, commitAtOnce);
  expect(await shares.add(share())).toBe(false);
  shares.removeExpired(5, (change) => changes.push(change));
  expect(changes).toEqual([
    { kind: 'shareGone', id: 's0' },
    { kind: 'shareGone', id: 's1' },
  ]);
  expect(await shares.add(share())).toBe(true);
});
