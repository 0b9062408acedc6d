/** What names alone suggest. */
import { expect, test } from 'vitest';
import { inferMetric, inferText, spellUnit } from './infer-metric.ts';

test.each([
  ['temperature', '°C', 'gauge'],
  ['temp_c', '°C', 'gauge'],
  ['tempF', '°F', 'gauge'],
  ['outdoor_dew_point', '°C', 'gauge'],
  ['room.humidity', '%', 'gauge'],
  ['fuel_pct', '%', 'gauge'],
  ['voltage_mV', 'mV', 'gauge'],
  ['battery_level', '%', 'gauge'],
  ['battery_voltage', 'V', 'gauge'],
  ['energy', 'kWh', 'counter'],
  ['energy_total_kwh', 'kWh', 'counter'],
  ['total_power', 'W', 'gauge'],
  ['packets_total', '', 'counter'],
  ['temperature_2', '°C', 'gauge'],
  ['wifi.rssi', 'dBm', 'gauge'],
  ['pm2_5', 'µg/m³', 'gauge'],
  ['pressure_hPa', 'hPa', 'gauge'],
  ['m', '', 'gauge'],
  ['c', '', 'gauge'],
  ['anything', '', 'gauge'],
])('%s is in %j and a %s', (name, unit, kind) => {
  expect(inferMetric(name, 1)).toEqual({ metric: name, unit, kind });
});

test('pressure has a usual unit only where it can be the weather’s', () => {
  const unitOf = (name: string, value: number) => inferMetric(name, value).unit;
  expect([unitOf('pressure', 1_013), unitOf('pressure', 1.5), unitOf('tyre_pressure', 32)]).toEqual(['hPa', '', '']);
  expect([unitOf('pressure_hPa', 1.5), unitOf('boiler.pressure_bar', 1.5)]).toEqual(['hPa', 'bar']);
});

test('text is a number, a switch word or text', () => {
  expect(inferText('t', ' 21.50 ')).toMatchObject({ value: 21.5, shape: { kind: 'gauge' } });
  expect(inferText('t', 'ON')).toMatchObject({ value: true, shape: { kind: 'bool' } });
  expect(inferText('t', '0x1f')).toMatchObject({ value: '0x1f', shape: { kind: 'text' } });
  expect(inferText('t', '1')).toMatchObject({ value: 1, shape: { kind: 'gauge' } });
});

test('units have one spelling', () => {
  expect(['C', 'Cel', '°C', 'lux', 'lqi', 'kwh', 'ug/m3', 'furlong'].map(spellUnit)).toEqual([
    '°C',
    '°C',
    '°C',
    'lx',
    '',
    'kWh',
    'µg/m³',
    'furlong',
  ]);
});
