/** Labels and tags: bounds, edits of several devices at once, and a store that refuses. */
import { describe, expect, it } from 'vitest';
import { DeviceNotes, tagPattern, tagsMax } from './device-notes.ts';
import type { DeviceKey, StoreChange } from './ports.ts';

const [a, b] = [1 as DeviceKey, 2 as DeviceKey];

function makeNotes() {
  const changes: StoreChange[] = [];
  const store = { fails: false };
  const notes = new DeviceNotes([{ device: a, label: 'Attic', tags: ['roof'] }], (change) => {
    if (store.fails) return Promise.reject(new Error('disk full'));
    changes.push(change);
    return Promise.resolve();
  });
  const add = (...tags: string[]) => notes.edit([a, b], (now) => ({ ...now, tags: [...now.tags, ...tags] }));
  return { notes, changes, store, add };
}

describe('device notes', () => {
  it('keeps tags sorted and without doubles, and stores all devices in one change', async () => {
    const { notes, changes, add } = makeNotes();
    expect(await add('site:north', 'roof')).toBe(null);
    expect([notes.of(a), notes.of(b)]).toEqual([
      { device: a, label: 'Attic', tags: ['roof', 'site:north'] },
      { device: b, label: '', tags: ['roof', 'site:north'] },
    ]);
    expect(changes).toHaveLength(1);
    expect(notes.listTags()).toEqual([
      { tag: 'roof', devices: 2 },
      { tag: 'site:north', devices: 2 },
    ]);
  });

  it('changes nothing where one device would have too many', async () => {
    const { notes, changes, add } = makeNotes();
    const many = Array.from({ length: tagsMax }, (_, i) => `t${i}`);
    expect(await add(...many)).toBe(a);
    expect([notes.of(a).tags, notes.of(b).tags, changes]).toEqual([['roof'], [], []]);
  });

  it('is as before when the store refuses, but for what others have edited since', async () => {
    const { notes, store, add } = makeNotes();
    store.fails = true;
    const failing = add('lost');
    store.fails = false;
    await notes.edit([b], (now) => ({ ...now, label: 'Barn' }));
    await expect(failing).rejects.toThrow('disk full');
    expect([notes.of(a).tags, notes.of(b).label]).toEqual([['roof'], 'Barn']);
  });

  it('knows a tag from what is none', () => {
    const good = ['roof', 'site:north', 'höhe:2.OG', 'a/b+c_d-1', '7'];
    const bad = ['', ':north', 'site:', 'a b', 'a:b:c', '-x', 'a,b', '"', 'a:b\n'];
    expect(good.filter((tag) => !tagPattern.test(tag))).toEqual([]);
    expect(bad.filter((tag) => tagPattern.test(tag))).toEqual([]);
  });
});
