/** Devices of every dialect at the hub's own broker: a real hub, a real `device-sim mqtt`, and what the API then says of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { startHub, startSim } from '../../../scripts/hub-process.ts';

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly kind: string;
  readonly latest: { readonly value: number | string } | null;
}

/** What a person would look for first, by how the device's id begins. */
const wanted: readonly (readonly [id: string, metrics: readonly string[]])[] = [
  ['tasmota_', ['energy.power W gauge', 'energy.total kWh counter', 'switch  bool', 'wifi.rssi dBm gauge']],
  ['esp-kitchen', ['temperature °C gauge', 'humidity % gauge', 'co2 ppm gauge', 'fan  bool']],
  ['shellyplus1pm-', ['switch  bool', 'switch.power W gauge', 'switch.energy kWh counter', 'uptime s gauge']],
  ['shelly1pm-', ['switch  bool', 'switch.power W gauge', 'switch.energy kWh counter']],
  ['zigbee2mqtt-0x', ['temperature °C gauge', 'humidity % gauge', 'battery % gauge']],
  [
    'sparkplug-Plant-line-1-oven',
    ['Oven.Temperature °C gauge', 'Running  bool', 'Recipe  text', 'Drive.Energy kWh counter'],
  ],
  ['tb-kitchen', ['temperature °C gauge', 'battery_voltage V gauge']],
  ['senml-kitchen', ['temperature °C gauge', 'humidity % gauge']],
  ['homie-kitchen', ['climate.temperature °C gauge', 'tank.level L gauge', 'tank.pump  bool']],
  ['telegraf-server-1', ['cpu.usage_idle % gauge', 'net[eth0].bytes_recv B counter']],
  ['chirpstack-', ['temperature °C gauge', 'lora.rssi dBm gauge']],
  ['bed-kitchen', ['temp_c °C gauge', 'battery_mV mV gauge', 'pump  bool']],
];

test('every dialect shows up with names, units and kinds, with nothing but an address and a key', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lapwing-dialects-'));
  const hub = await startHub({ dataFolder: folder, mqttPort: 0 });
  try {
    const client = await HubClient.signIn(hub.signInLink);
    const ask = async (path: string, method = 'GET'): Promise<unknown> => {
      const headers = { cookie: client.cookie, origin: hub.url, 'content-type': 'application/json' };
      const answer = await fetch(hub.url + path, {
        method,
        headers,
        ...(method === 'POST' ? { body: '{"label":"dialects"}' } : {}),
      });
      expect(answer.ok, path).toBe(true);
      return answer.json();
    };
    const { key } = (await ask('/api/v1/enrolment-keys', 'POST')) as { key: string };
    const url = `mqtt://127.0.0.1:${hub.mqttPort}`;
    const args = [
      'mqtt',
      '--dialect',
      'all',
      '--count',
      '1',
      '--url',
      url,
      '--interval',
      '500',
      '--seconds',
      '4',
      '--json',
    ];
    const sim = startSim(args, { env: { LAPWING_ENROLMENT_KEY: key } });
    await new Promise((done) => sim.child.once('exit', done));
    expect(sim.objects().at(-1), sim.output()).toMatchObject({ final: true, connected: 12, errors: 0, reconnects: 0 });
    const { devices } = (await ask('/api/v1/devices')) as { devices: { id: string }[] };
    for (const [begin, metrics] of wanted) {
      const id = devices.map((device) => device.id).find((one) => one.startsWith(begin));
      expect(id, begin).toBeDefined();
      const device = (await ask(`/api/v1/devices/${encodeURIComponent(id!)}`)) as { metrics: Metric[] };
      const said = device.metrics.map(({ name, unit, kind }) => `${name} ${unit} ${kind}`);
      expect(said, begin).toEqual(expect.arrayContaining([...metrics]));
      expect(
        device.metrics.every(({ latest }) => latest !== null),
        begin,
      ).toBe(true);
    }
    // Devices of one's own credential need nobody's leave.
    expect(await ask('/api/v1/inbox')).toMatchObject({ devices: [] });
  } finally {
    await endProcess(hub.child, 'SIGTERM');
    await rm(folder, { recursive: true });
  }
});
