/** The fleet's table: who is in it, in which order, under which heading, and what the address says of it. */
import type { PresenceState } from '@lapwing/protocol';
import { describe, expect, it } from 'vitest';
import { formatRoute, parseRoute } from './app-route.ts';
import { applyFacts, type DeviceFacts, type DeviceRecord, makeFeedState } from './feed-state.ts';
import { findSampleMs, judgeFreshness } from './fleet-age.ts';
import { assignMetrics, chooseTableColumns, makeColumns, writeTracks } from './fleet-columns.ts';
import { writeExploreLink } from './fleet-explore.ts';
import { matchesFilter, parseFilter } from './fleet-filter.ts';
import { findGroupOf, findVisibleLines, groupFleet, layLines, listGroupChoices } from './fleet-lines.ts';
import { plainLook } from './fleet-look.ts';
import { countMoved, holdOrder, listFleet, rankNames } from './fleet-order.ts';
import { countStatuses, formatPercent, judgeStatus, listWarnings } from './fleet-status.ts';
import { countTags, editTags, findTagFault, splitTags } from './fleet-tags.ts';

type Given = Partial<DeviceFacts> & { readonly presence?: PresenceState };
const nowMs = 1_000_000;

function makeFleet(given: Readonly<Record<string, Given>>): Map<string, DeviceRecord> {
  const state = makeFeedState();
  for (const [id, facts] of Object.entries(given)) {
    applyFacts(state, {
      id,
      model: 'Pi',
      firmware: '1.0',
      createdMs: 0,
      presence: 'online',
      lastSeenMs: nowMs,
      clockOffsetMs: 0,
      stream: 0,
      seq: 0,
      metrics: [],
      source: 'link',
      ...facts,
    });
  }
  rankNames(state.devices.values());
  return state.devices;
}

const temp = (value: number, timeMs = nowMs) =>
  [{ index: 0, name: 'temp', unit: '°C', kind: 'gauge', latest: { timeMs, value } }] as const;

const fleet = makeFleet({
  'pi-10': { tags: ['site:north', 'roof'], metrics: temp(20) },
  'pi-2': { metrics: temp(30), completeness: 98 },
  'pi-3': { presence: 'offline', tags: ['site:south', 'site:east'] },
  'x-1': { presence: 'late', model: 'Zebra', label: 'Attic' },
  zz: { presence: 'asleep' },
  log: { presence: 'offline', source: 'import' },
  new: { presence: 'unknown', source: 'none', lastSeenMs: null },
});
const query = { filter: 'all', text: '', sort: '', isDescending: false } as const;
const ids = (more: Partial<Parameters<typeof listFleet>[1]>) =>
  listFleet(fleet.values(), { ...query, ...more }, nowMs).map(({ id }) => id);

describe('status', () => {
  it('is one of six that add up, and an imported device is not offline', () => {
    const counts = countStatuses(fleet.values(), nowMs);
    expect(counts).toEqual({ all: 7, online: 2, late: 1, offline: 1, asleep: 1, imported: 1, unknown: 1, warning: 1 });
    expect(judgeStatus({ presence: 'online', notes: fleet.get('log')!.notes })).toBe('online');
  });

  it('warns of loss, of a wrong clock and of a fresh error, and says which', () => {
    const device = makeFleet({ a: { completeness: 98.2, clockOffsetMs: 180_000, lastError: { atMs: 0, code: 'E7' } } });
    const texts = (at: number) => listWarnings(device.get('a')!, at).map(({ text }) => text);
    expect(texts(10)).toEqual(['error E7', 'clock 3\u2009min ahead', '1.8\u2009% missing in 24 h']);
    expect(texts(3_600_001)).toHaveLength(2);
    expect(texts(-5_000)).toHaveLength(2);
  });

  it('never rounds a percentage up to whole', () => {
    expect([100, 99.999, 99.98, 5, 0.021, Number.NaN].map(formatPercent)).toEqual([
      '100\u2009%',
      '99.99\u2009%',
      '99.98\u2009%',
      '5.0\u2009%',
      '0.02\u2009%',
      '–',
    ]);
  });
});

describe('freshness', () => {
  const one = (facts: Given) => makeFleet({ a: facts }).get('a')!;

  it('counts from the newest sample in the hub’s time, not from the last contact', () => {
    const device = one({ metrics: temp(1, nowMs + 500 - 20_000), clockOffsetMs: 500, intervalMs: 1000 });
    expect(findSampleMs(device)).toBe(nowMs - 20_000);
    expect(judgeFreshness(device, nowMs)).toMatchObject({ ageMs: 20_000, contactMs: 0, isStale: true, isApart: true });
  });

  it('greys from one and a half learned intervals on', () => {
    const device = one({ metrics: temp(1), intervalMs: 10_000 });
    expect(judgeFreshness(device, nowMs + 15_000)).toMatchObject({ isStale: false, ring: 1 });
    expect(judgeFreshness(device, nowMs + 15_001).isStale).toBe(true);
    expect(judgeFreshness(device, nowMs + 60_000).ring).toBe(0);
  });

  it('has no age without a sample, and never a negative one', () => {
    expect(judgeFreshness(one({}), nowMs)).toMatchObject({ ageMs: Number.NaN, isStale: true, ring: 0, isApart: false });
    expect(judgeFreshness(one({ metrics: temp(1, nowMs + 50) }), nowMs).ageMs).toBe(0);
  });
});

describe('order', () => {
  it('puts the worst first, then what warns, then names as people count; unknown and asleep are no alarm', () => {
    expect(ids({})).toEqual(['pi-3', 'x-1', 'pi-2', 'pi-10', 'new', 'zz', 'log']);
  });

  it('goes by any column either way, and what has no value stands last both times', () => {
    expect(ids({ sort: 'm:temp' }).slice(0, 2)).toEqual(['pi-10', 'pi-2']);
    expect(ids({ sort: 'f:temperature', isDescending: true }).slice(0, 3)).toEqual(['pi-2', 'pi-10', 'x-1']);
    expect(ids({ sort: 'name' })).toEqual(['x-1', 'log', 'new', 'pi-2', 'pi-3', 'pi-10', 'zz']);
    expect(ids({ sort: 'complete' })[0]).toBe('pi-2');
    expect(ids({ sort: 'nonsense' })[0]).toBe('pi-3');
  });

  it('holds rows where they are, without those that are gone, newcomers last', () => {
    const list = (...names: string[]) => names.map((id) => fleet.get(id)!);
    const gone = makeFleet({ gone: {} }).get('gone')!;
    const held = holdOrder([gone, ...list('pi-10', 'pi-2')], list('pi-3', 'pi-2', 'pi-10'), fleet);
    expect(held.map(({ id }) => id)).toEqual(['pi-10', 'pi-2', 'pi-3']);
    expect(countMoved(held, list('pi-3', 'pi-2', 'pi-10'))).toBe(2);
    expect(countMoved(held, held)).toBe(0);
  });
});

describe('the text filter', () => {
  const found = (text: string) => {
    const terms = parseFilter(text);
    return [...fleet.values()].filter((device) => matchesFilter(device, terms, nowMs)).map(({ id }) => id);
  };

  it('finds words in name, label, model, firmware and tags; all of them must hold', () => {
    expect(found(' ZEB x ')).toEqual(['x-1']);
    expect(found('attic')).toEqual(['x-1']);
    expect(found('roof')).toEqual(['pi-10']);
    expect(found('zebra pi')).toEqual([]);
    expect(found('')).toHaveLength(7);
  });

  it('reads fields, alternatives, a minus, and any other key as a tag', () => {
    expect(found('tag:north')).toEqual(['pi-10']);
    expect(found('site:north')).toEqual(['pi-10']);
    expect(found('tag:site')).toEqual(['pi-10', 'pi-3']);
    expect(found('tag:site:s*')).toEqual(['pi-3']);
    expect(found('status:late,off')).toEqual(['pi-3', 'x-1']);
    expect(found('status:imported')).toEqual(['log']);
    expect(found('status:warning')).toEqual(['pi-2']);
    expect(found('model:zebra')).toEqual(['x-1']);
    expect(found('-model:pi')).toEqual(['x-1']);
    expect(found('firmware:1.0 -tag:site -status:online')).toEqual(['x-1', 'zz', 'log', 'new']);
  });

  it('has no wrong text', () => {
    for (const text of ['"', ':', 'tag:', '-', '"a b', 'status:x', 'tag:**', '-:'])
      expect(() => found(text)).not.toThrow();
    expect(found('status:x')).toEqual([]);
  });
});

describe('groups', () => {
  const devices = () => listFleet(fleet.values(), query, nowMs);

  it('puts each device in one, those without last, with their counts and the worst status', () => {
    const groups = groupFleet(devices(), 'tag:site', nowMs);
    expect(groups.map(({ name, worst, devices: list }) => [name, worst, list.length])).toEqual([
      ['north', 'online', 1],
      ['south', 'offline', 1],
      ['', 'late', 5],
    ]);
    expect(groups.reduce((sum, group) => sum + group.devices.length, 0)).toBe(7);
    expect(groupFleet(devices(), 'status', nowMs)[0]).toMatchObject({ name: 'offline' });
  });

  it('lays lines at their heights, and folded groups take one', () => {
    const by = { group: 'tag:site', folded: ['south'], nowMs };
    const { lines, height } = layLines(devices(), by, { row: 10, group: 30 });
    expect(lines.map((line) => [line.kind, line.top])).toEqual([
      ['group', 0],
      ['device', 30],
      ['group', 40],
      ['group', 70],
      ...[100, 110, 120, 130, 140].map((top) => ['device', top]),
    ]);
    expect(height).toBe(150);
    expect(findGroupOf(lines, 5)!.group.name).toBe('');
    expect(findGroupOf(lines, 1)!.group.name).toBe('north');
  });

  it('names the lines in sight of ten thousand', () => {
    const many = layLines(
      Array.from({ length: 10_000 }, () => fleet.get('zz')!),
      { group: '', folded: [], nowMs },
      { row: 37, group: 37 },
    );
    expect(findVisibleLines(many, 37_000, 740)).toEqual({ first: 992, last: 1029 });
    expect(findVisibleLines(many, 9_999_999, 740).last).toBe(10_000);
    expect(findVisibleLines({ lines: [], height: 0 }, 50, 740)).toEqual({ first: 0, last: 0 });
  });

  it('offers the keys there are', () => {
    expect(listGroupChoices(countTags(fleet.values())).map(({ label }) => label)).toEqual([
      'site',
      'plain tag',
      'status',
      'model',
      'firmware',
    ]);
  });
});

describe('columns', () => {
  const families = [{ id: 'cpu', label: 'CPU' }];

  it('are freshness, what most have, own metrics and completeness, unless somebody chose', () => {
    const keys = (cells: number, isWide: boolean) =>
      chooseTableColumns(families, { cells, isWide }).map(({ key }) => key);
    expect(keys(3, false)).toEqual(['seen', 'f:cpu', 'own:1', 'own:2', 'complete']);
    expect(keys(1, true)).toEqual(['seen', 'f:cpu', 'complete', 'model']);
  });

  it('leave out what there is not, and have widths that no content changes', () => {
    const columns = makeColumns(['seen', 'bogus', 'f:nothing', 'own:0', 'm:door', 'seen']);
    expect(columns.map(({ key }) => key)).toEqual(['seen', 'm:door']);
    expect(writeTracks(columns)).toBe('var(--lead-tracks) 84px minmax(156px, 1fr) 28px');
  });

  it('show a metric by kind, by name, or what is left', () => {
    const { metrics } = fleet.get('pi-10')!;
    const show = (...keys: string[]) => assignMetrics(metrics, makeColumns(keys));
    expect([show('f:temperature', 'own:1'), show('own:1'), show('m:temp', 'm:none')]).toEqual([[0, -1], [0], [0, -1]]);
  });

  it('lead to a chart of what they show', () => {
    const devices = [fleet.get('pi-10')!, fleet.get('pi-2')!, fleet.get('zz')!];
    expect(writeExploreLink(devices, makeColumns(['seen', 'own:1']))).toBe('/explore?s=pi-10/temp,pi-2/temp');
    expect(writeExploreLink([fleet.get('zz')!], makeColumns(['own:1']))).toBe('');
  });
});

describe('the address', () => {
  it('says filter, text, order, columns, groups and what is folded', () => {
    const route = {
      page: 'fleet',
      filter: 'warning',
      text: 'tag:a b',
      look: {
        sort: 'm:a,b~c',
        isDescending: true,
        columns: ['seen', 'm:door,open~1'],
        group: 'tag:site',
        folded: ['', 'north side'],
        view: 'v1',
        edit: 'pi-1',
      },
    } as const;
    expect(parseRoute(formatRoute(route))).toEqual(route);
    expect(parseRoute('/')).toEqual({ page: 'fleet', filter: 'all', text: '', look: plainLook });
    expect(parseRoute('/?state=bogus&sort=-')).toMatchObject({
      filter: 'all',
      look: { sort: '', isDescending: false },
    });
  });
});

describe('tags', () => {
  it('are words or key:value, and a slip is told in a sentence', () => {
    expect(['roof', 'site:north', 'höhe:2.OG'].map(findTagFault)).toEqual([null, null, null]);
    for (const tag of ['', 'a b', ':x', 'x:', 'a:b:c', 'x'.repeat(65)])
      expect(findTagFault(tag)).toMatch(/^A tag .*[.-]$/);
    expect(splitTags(' site:north, roof,,x ')).toEqual(['site:north', 'roof', 'x']);
    expect(editTags(['b', 'a10'], ['a2', 'b'], ['x'])).toEqual(['a2', 'a10', 'b']);
  });
});
