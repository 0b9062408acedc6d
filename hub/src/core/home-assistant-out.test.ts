import { describe, expect, test } from 'vitest';
import { CoreBench, makeBatch, makeHello } from '../../test/support/core-bench.ts';
import { makeAvailability, makeDiscovery, makeState, objectIdOf } from './home-assistant-out.ts';

const where = { prefix: 'homeassistant', base: 'lapwing/devices', hubTopic: 'lapwing/bridge/state', version: '1.2.3' };

function openDevice() {
  const bench = new CoreBench();
  const link = bench.connect();
  const metrics = [
    { name: 'temperature', unit: '°C', kind: 'gauge' },
    { name: 'energy', unit: 'kWh', kind: 'counter' },
    { name: 'door', unit: '', kind: 'bool' },
    { name: 'state', unit: '', kind: 'text' },
  ] as const;
  link.say(makeHello({ metrics }));
  return { bench, link, device: bench.roster.devices.get('pi-1')! };
}

describe('devices for Home Assistant', () => {
  test('are announced in one retained message that names every metric', () => {
    const { device } = openDevice();
    const { topic, payload, retain } = makeDiscovery(device, where);
    expect({ topic, retain }).toEqual({ topic: 'homeassistant/device/lapwing_pi-1/config', retain: true });
    const said = JSON.parse(payload);
    expect(said).toMatchObject({
      dev: { ids: ['lapwing_pi-1'], name: 'pi-1', mdl: 'test board', sw: '1.0' },
      o: { name: 'Lapwing', sw: '1.2.3' },
      stat_t: 'lapwing/devices/lapwing_pi-1/state',
      avty: [{ t: 'lapwing/devices/lapwing_pi-1/availability' }, { t: 'lapwing/bridge/state' }],
    });
    expect(said.cmps).toEqual({
      m0: {
        p: 'sensor',
        name: 'temperature',
        uniq_id: 'lapwing_pi-1_m0',
        val_tpl: '{{ value_json.m0 }}',
        unit_of_meas: '°C',
        dev_cla: 'temperature',
        stat_cla: 'measurement',
      },
      m1: {
        p: 'sensor',
        name: 'energy',
        uniq_id: 'lapwing_pi-1_m1',
        val_tpl: '{{ value_json.m1 }}',
        unit_of_meas: 'kWh',
        dev_cla: 'energy',
        stat_cla: 'total_increasing',
      },
      m2: {
        p: 'binary_sensor',
        name: 'door',
        uniq_id: 'lapwing_pi-1_m2',
        val_tpl: '{{ value_json.m2 }}',
        pl_on: 1,
        pl_off: 0,
      },
      m3: { p: 'sensor', name: 'state', uniq_id: 'lapwing_pi-1_m3', val_tpl: '{{ value_json.m3 }}' },
    });
  });

  test('say their newest values, without what JSON cannot say, and nothing before there is one', () => {
    const { device, link } = openDevice();
    expect(makeState(device, 'b')).toBeNull();
    link.say(makeBatch(1, { value: 21.5 }));
    expect(makeState(device, 'b')).toEqual({ topic: 'b/lapwing_pi-1/state', payload: '{"m0":21.5}', retain: true });
    link.say(makeBatch(2, { value: Number.NaN }));
    expect(makeState(device, 'b')).toBeNull();
  });

  test('are available while they are here or asleep', () => {
    const { device, link } = openDevice();
    expect(makeAvailability(device, 'b').payload).toBe('online');
    link.hang();
    expect(makeAvailability(device, 'b').payload).toBe('offline');
  });

  test('whose ids differ only in what a topic cannot say stay apart', () => {
    expect(objectIdOf('a:b')).toMatch(/^lapwing_a_b_[0-9a-f]+$/);
    expect(objectIdOf('a:b')).not.toBe(objectIdOf('a.b'));
    expect(objectIdOf('a_b')).toBe('lapwing_a_b');
  });
});
