import { describe, expect, it } from 'vitest';
import { SeriesSearch } from './explore-search.ts';
import { applyFacts, makeFeedState } from './feed-state.ts';

function makeFleet(count: number) {
  const feed = makeFeedState();
  for (let i = 0; i < count; i++) {
    const names = ['temperature', 'humidity', 'door', 'note'];
    applyFacts(feed, {
      id: `pi-${i}`,
      model: i % 2 ? 'ESP32' : 'Raspberry',
      firmware: '',
      createdMs: 0,
      presence: 'online',
      lastSeenMs: 0,
      clockOffsetMs: 0,
      stream: 0,
      seq: 0,
      metrics: names.map((name, index) => ({
        index,
        name,
        unit: index === 0 ? '°C' : '',
        kind: name === 'note' ? 'text' : 'gauge',
        latest: null,
      })),
    });
  }
  return feed.devices.values();
}

describe('the search for series', () => {
  it('takes words of device, model and metric in any order, and leaves out texts', () => {
    const search = new SeriesSearch(makeFleet(12));
    expect(search.find('temp pi-11', 10)).toEqual({
      list: [{ device: 'pi-11', metric: 'temperature', unit: '°C', presence: 'online' }],
      total: 1,
    });
    expect(search.find('11 TEMP', 10).list).toEqual(search.find('temp pi-11', 10).list);
    expect(search.find('esp32 door', 3)).toMatchObject({ total: 6, list: [{ device: 'pi-1' }, {}, {}] });
    expect(search.find('note', 10).total).toBe(0);
    expect(search.find('zebra', 10)).toEqual({ list: [], total: 0 });
  });

  it('lists by device, numbers in their order, at most what was asked for', () => {
    const search = new SeriesSearch(makeFleet(12));
    const all = search.find('', 40);
    expect(all.total).toBe(36);
    expect(all.list.map(({ device }) => device).slice(0, 9)).toEqual(
      ['pi-0', 'pi-1', 'pi-2'].flatMap((id) => [id, id, id]),
    );
    expect(search.find('', 5).list).toHaveLength(5);
  });

  it('what begins with the first word comes before what only has it inside', () => {
    const search = new SeriesSearch(makeFleet(12));
    expect(search.find('pi-1 humidity', 2).list.map(({ device }) => device)).toEqual(['pi-1', 'pi-10']);
  });
});
