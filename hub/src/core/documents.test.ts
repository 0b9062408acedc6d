/** Documents: whose they are, and that of two editors the second overwrites nothing. */
import { describe, expect, test } from 'vitest';
import { Documents, documentsMax, hubOwner } from './documents.ts';
import type { StoreChange, StoredDocument } from './ports.ts';

/** Commits end when the test says so. */
class SlowStore {
  readonly changes: StoreChange[] = [];
  readonly waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  commit = (change: StoreChange): Promise<void> => {
    this.changes.push(change);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  };
}

const board = (id: string, replaces: number | null, user = 'ann') => ({ kind: 'board' as const, id, user, replaces });
const draft = (content: string, owner: string = hubOwner) => ({ owner, title: content, content });
const commitAtOnce = () => Promise.resolve();

describe('documents', () => {
  test('each change names the revision it replaces; whoever comes second is told which there is', async () => {
    const documents = new Documents([], commitAtOnce);
    expect(await documents.save(board('a', 0), draft('1'), 5)).toMatchObject({ ok: true, document: { revision: 1 } });
    expect(await documents.save(board('a', 0), draft('again'), 6)).toEqual({ ok: false, why: 'conflict', revision: 1 });
    expect(await documents.save(board('a', 1, 'bob'), draft('2'), 6)).toMatchObject({ ok: true });
    expect(await documents.save(board('a', 1), draft('lost'), 7)).toEqual({ ok: false, why: 'conflict', revision: 2 });
    expect(await documents.remove(board('a', 1))).toEqual({ ok: false, why: 'conflict', revision: 2 });
    expect(documents.find('board', 'a', 'ann')).toMatchObject({ content: '2', revision: 2, changedMs: 6 });
    expect(await documents.save(board('a', null), draft('3'), 8)).toMatchObject({ document: { revision: 3 } });
    expect(await documents.remove(board('a', 3))).toMatchObject({ ok: true });
    expect(await documents.save(board('a', 3), draft('4'), 9)).toEqual({ ok: false, why: 'conflict', revision: 0 });
    expect(await documents.remove(board('a', null))).toEqual({ ok: false, why: 'unknown', revision: 0 });
  });

  test('while one change is being made durable a second is refused, and a failed one leaves what there was', async () => {
    const store = new SlowStore();
    const documents = new Documents([], store.commit);
    const first = documents.save(board('a', 0), draft('1'), 5);
    expect(documents.find('board', 'a', 'ann')).toBeNull();
    expect(await documents.save(board('a', 0), draft('2'), 5)).toMatchObject({ ok: false, why: 'conflict' });
    store.waiting[0]!.resolve();
    await first;
    const failing = documents.save(board('a', 1), draft('3'), 6);
    store.waiting[1]!.reject(new Error('disk full'));
    await expect(failing).rejects.toThrow('disk full');
    expect(documents.find('board', 'a', 'ann')).toMatchObject({ content: '1', revision: 1 });
    const again = documents.save(board('a', 1), draft('4'), 7);
    store.waiting[2]!.resolve();
    expect(await again).toMatchObject({ document: { revision: 2 } });
    expect(store.changes.map((change) => change.kind)).toEqual(['document', 'document', 'document']);
  });

  test('what belongs to one person is nobody else’s to see or change', async () => {
    const documents = new Documents([], commitAtOnce);
    await documents.save(board('own', 0), draft('b own', 'ann'), 1);
    await documents.save(board('all', 0), draft('a all'), 1);
    expect(documents.list('board', 'ann').map(({ id }) => id)).toEqual(['all', 'own']);
    expect(documents.list('board', 'bob').map(({ id }) => id)).toEqual(['all']);
    expect(documents.list('board', null).map(({ id }) => id)).toEqual(['all']);
    expect(documents.list('view', 'ann')).toEqual([]);
    expect(documents.find('board', 'own', 'bob')).toBeNull();
    expect(documents.find('board', 'own', null)).toBeNull();
    expect(await documents.save(board('own', null, 'bob'), draft('x'), 2)).toMatchObject({ why: 'foreign' });
    expect(await documents.remove(board('own', null, 'bob'))).toMatchObject({ why: 'foreign' });
  });

  test('their number is bounded, and what the store knew is known', async () => {
    const stored = Array.from(
      { length: documentsMax - 1 },
      (_, i): StoredDocument => ({ ...draft('x'), kind: 'view', id: `v${i}`, revision: 1, changedMs: 0 }),
    );
    const store = new SlowStore();
    const documents = new Documents(stored, store.commit);
    const last = documents.save(board('a', 0), draft('1'), 5);
    expect(await documents.save(board('b', 0), draft('1'), 5)).toEqual({ ok: false, why: 'full', revision: 0 });
    store.waiting[0]!.resolve();
    await last;
    expect(await documents.save(board('b', 0), draft('1'), 5)).toMatchObject({ why: 'full' });
    expect(documents.find('view', 'v7', null)).toMatchObject({ revision: 1 });
  });
});
