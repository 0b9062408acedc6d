import { describe, expect, test } from 'vitest';
import { CoreBench, makeBatch, makeHello } from '../../test/support/core-bench.ts';
import { makeAvailability, makeDiscovery, makeState, objectIdOf } from './home-assistant-out.ts';

const where = {
  prefix: 'homeassistant',
  base: 'lapwing/devices',
  hubTopic: 'lapwing/bridge/state',
  version: '1.2.3',
  label: '',
};

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
        dev_cla: 'door',
        pl_on: 1,
        pl_off: 0,
      },
      m3: { p: 'sensor', name: 'state', uniq_id: 'lapwing_pi-1_m3', val_tpl: '{{ value_json.m3 }}' },
    });
  });

  test('have the name that people gave them, and keep their id', () => {
    const { dev } = JSON.parse(makeDiscovery(openDevice().device, { ...where, label: 'Kitchen' }).payload);
    expect(dev).toMatchObject({ ids: ['lapwing_pi-1'], name: 'Kitchen' });
  });

  test.each([
    [{ name: 'co2', unit: 'ppm', kind: 'gauge' }, 'carbon_dioxide', 'measurement'],
    [{ name: 'voc', unit: 'ppm', kind: 'gauge' }, undefined, 'measurement'],
    [{ name: 'sensor.battery', unit: '%', kind: 'gauge' }, 'battery', 'measurement'],
    [{ name: 'today.energy', unit: 'kWh', kind: 'gauge' }, 'energy', 'total'],
    [{ name: 'battery_low', unit: '', kind: 'bool' }, 'battery', undefined],
    [{ name: 'hall.occupancy', unit: '', kind: 'bool' }, 'occupancy', undefined],
    [{ name: 'contact', unit: '', kind: 'bool' }, undefined, undefined],
    [{ name: 'indoor', unit: '', kind: 'bool' }, undefined, undefined],
  ] as const)('%j is of class %s, %s', (metric, deviceClass, stateClass) => {
    const bench = new CoreBench();
    bench.connect().say(makeHello({ metrics: [metric] }));
    const { cmps } = JSON.parse(makeDiscovery(bench.roster.devices.get('pi-1')!, where).payload);
    expect([cmps.m0.dev_cla, cmps.m0.stat_cla]).toEqual([deviceClass, stateClass]);
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
