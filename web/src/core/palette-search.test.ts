import { describe, expect, it } from 'vitest';
import { applyFacts, makeFeedState } from './feed-state.ts';
import { type PaletteEntry, searchPalette } from './palette-search.ts';

const pages: PaletteEntry[] = [
  { label: 'Fleet', kind: 'page', note: '', target: '/' },
  { label: 'Settings', kind: 'page', note: '', target: '/settings' },
];

function makeDevices(count: number) {
  const state = makeFeedState();
  for (let n = count; n > 0; n--) {
    applyFacts(state, {
      id: `pi-attic-${n}`,
      model: n === 2 ? 'Door switch' : 'Raspberry Pi',
      firmware: '',
      createdMs: 0,
      presence: 'online',
      lastSeenMs: 0,
      clockOffsetMs: 0,
      stream: n,
      seq: 0,
      metrics: [{ index: 0, name: 'cpu.busy', unit: '%', kind: 'gauge', latest: null }],
    });
  }
  return [...state.devices.values()];
}

const find = (typed: string, count = 12) => searchPalette(typed, pages, makeDevices(count)).map((entry) => entry.label);

describe('the palette', () => {
  it('begins with pages, then devices in the order of their names', () => {
    expect(find('').slice(0, 5)).toEqual(['Fleet', 'Settings', 'pi-attic-1', 'pi-attic-2', 'pi-attic-3']);
  });
  it('finds by every word, also by the model', () => {
    expect(find('attic door')).toEqual(['pi-attic-2']);
    expect(find('nothing like it')).toEqual([]);
  });
  it('finds metrics, and says whose', () => {
    const [first] = searchPalette('cpu attic-7', pages, makeDevices(12));
    expect(first).toMatchObject({ kind: 'metric', note: 'pi-attic-7', target: '/devices/pi-attic-7#metric=cpu.busy' });
  });
  it('finds tags, which lead to their devices, and where to edit them', () => {
    const devices = makeDevices(3);
    devices[0]!.notes = { ...devices[0]!.notes, label: 'Boiler', tags: ['site:north'] };
    const entries = (typed: string) => searchPalette(typed, pages, devices);
    expect(entries('north')[0]).toMatchObject({
      label: 'site:north',
      note: 'tag · 1',
      target: '/?q=tag%3Asite%3Anorth',
    });
    expect(entries('boiler')[0]).toMatchObject({ kind: 'device', target: '/devices/pi-attic-3' });
    expect(entries('tags attic-2')[0]).toMatchObject({ kind: 'action', target: '/?edit=pi-attic-2' });
  });
  it('puts what begins so before what holds it', () => {
    expect(find('set')[0]).toBe('Settings');
  });
  it('is bounded', () => {
    expect(find('pi', 5_000)).toHaveLength(40);
  });
});
