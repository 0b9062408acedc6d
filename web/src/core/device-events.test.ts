import { describe, expect, it } from 'vitest';
import { type DeviceEventEntry, DeviceEvents, eventsMax } from './device-events.ts';

function say(atMs: number, level: DeviceEventEntry['level'] = 'info', text = 'up'): DeviceEventEntry {
  return { atMs, arrivedMs: atMs, level, code: 'boot', text };
}

describe('the events of a device', () => {
  it('are kept once, whether stored, live or both, the newest first', () => {
    const events = new DeviceEvents();
    events.add([say(2), say(5)]);
    events.add([say(3), { ...say(5), arrivedMs: 9 }]);
    expect(events.list.value?.map(({ atMs }) => atMs)).toEqual([5, 3, 2]);
  });

  it('are bounded, and the newest stay', () => {
    const events = new DeviceEvents();
    events.add(Array.from({ length: eventsMax + 50 }, (_, i) => say(i)));
    expect(events.list.value).toHaveLength(eventsMax);
    expect(events.list.value?.at(-1)?.atMs).toBe(50);
  });

  it('of a hidden level stand neither in the log nor on the charts', () => {
    const events = new DeviceEvents();
    events.add([say(1, 'error', 'hot'), say(2, 'debug'), say(3)]);
    expect(events.shown.map(({ level }) => level)).toEqual(['info', 'error']);
    const before = events.version;
    events.toggle('error');
    expect(events.shown.map(({ level }) => level)).toEqual(['info']);
    expect(events.describeAt(1, 1)).toBe('');
    events.toggle('error');
    expect(events.describeAt(1.5, 1)).toBe('boot: hot');
    expect(events.version).toBeGreaterThan(before);
  });
});
