/**
 * `device-sim mqtt`: options, help and progress of simulated devices that speak other dialects than Lapwing's own.
 *
 * Owns the connections of its run. What the devices say is `core/dialect-devices/`'s business.
 */
import { makeDialectDevices, simDialects } from './core/dialect-devices/all-dialect-devices.ts';
import { describeRefusal, RefusalBook } from './core/refusal-book.ts';
import { type MqttCounters, MqttDevice } from './edge/mqtt-client.ts';
import { readOptions, UsageError } from './edge/option-reader.ts';
import { formatCount, ProgressView } from './edge/progress-view.ts';
import { catchStopSignals } from './edge/stop-signals.ts';

const help = `Usage: device-sim mqtt --dialect D [options]

Simulated devices as they come from the shelf: each connects to an MQTT broker, announces itself, measures, and does what it is
told. The same seed gives the same devices with the same values at the same time.

  --dialect D        ${simDialects.slice(0, 6).join(', ')},
                     ${simDialects.slice(6).join(', ')}; or all
  --count N          how many devices of each; those of zigbee2mqtt and chirpstack are behind one connection  [3]
  --url URL          the broker, mqtt(s):// or ws(s)://  [mqtt://127.0.0.1:1883]
  --username NAME    of all of them  [each its own id]
  --password SECRET  a device token or an enrolment key; or LAPWING_ENROLMENT_KEY
  --interval MS      between samples  [5000]
  --seed S           [1]
  --seconds N        end after N seconds  [goes on]
  --json             one JSON object a second on standard output, the last with "final": true and whoever was
                     "refused", by reason

Examples:
  device-sim mqtt --dialect tasmota --count 5 --password KEY
  device-sim mqtt --dialect zigbee2mqtt --count 12 --interval 2000 --password KEY
  device-sim mqtt --dialect sparkplug --url mqtt://192.168.1.10:1883 --username edge --password SECRET --seconds 60 --json
`;

const config = {
  dialect: { type: 'string' },
  count: { type: 'string' },
  url: { type: 'string', default: 'mqtt://127.0.0.1:1883' },
  username: { type: 'string' },
  password: { type: 'string' },
  interval: { type: 'string' },
  seed: { type: 'string' },
  seconds: { type: 'string' },
  json: { type: 'boolean' },
} as const;

async function runMqtt(args: readonly string[]): Promise<void> {
  const read = readOptions(args, config);
  const dialect = read.choice('dialect', [...simDialects, 'all']);
  if (dialect === undefined) throw new UsageError(`--dialect is needed: all, or one of ${simDialects.join(', ')}`);
  const url = read.text('url')!;
  if (!/^(mqtts?|wss?):\/\/[^/]/.test(url))
    throw new UsageError(`--url must begin with mqtt:// or mqtts://, not "${url}"`);
  const intervalMs = read.number('interval', { min: 10, max: 86_400_000 }) ?? 5_000;
  const seed = read.number('seed', { min: 0, max: 2 ** 31 }) ?? 1;
  const count = read.number('count', { min: 1, max: 10_000 }) ?? 3;
  const devices = (dialect === 'all' ? simDialects : [dialect]).flatMap((one) =>
    makeDialectDevices(one, { count, seed }),
  );
  const seconds = read.number('seconds', { min: 0.1, max: 1e9 });
  const password = read.text('password') ?? process.env.LAPWING_ENROLMENT_KEY ?? '';
  const view = new ProgressView(read.flag('json'), 10);
  const counters: MqttCounters = { connected: 0, sent: 0, acked: 0, heard: 0, reconnects: 0, errors: 0 };
  const refusals = new RefusalBook();
  const noteRefused = (id: string, reason: string): void => {
    if (!refusals.note(id, reason)) return;
    const refusal = refusals.list().find(({ devices }) => devices.includes(id));
    if (refusal !== undefined) view.note('warning', describeRefusal(refusal));
  };
  const connections = devices.map(
    (device, index) =>
      new MqttDevice(device, {
        url,
        username: read.text('username') ?? (password === '' ? '' : device.id),
        password,
        intervalMs,
        phaseMs: Math.round((intervalMs * (index + 1)) / devices.length),
        counters,
        deviceOnConnected: (id) => refusals.forget(id),
        deviceOnRefused: noteRefused,
      }),
  );
  const words = (): string =>
    `${counters.connected}/${connections.length} connected · sent ${formatCount(counters.sent)} · acked ${formatCount(counters.acked)} · heard ${formatCount(counters.heard)} · reconnects ${counters.reconnects}`;
  await runUntilStopped(seconds, () =>
    view.update({ atMs: Date.now(), dialect, devices: connections.length, ...counters }, words()),
  );
  const { connected } = counters;
  const refused = refusals.list();
  await Promise.all(connections.map((connection) => connection.end()));
  counters.connected = connected;
  view.finish({ atMs: Date.now(), dialect, devices: connections.length, ...counters, refused }, words());
  for (const refusal of refused) view.note('warning', describeRefusal(refusal));
  if (counters.sent === 0) throw new Error(`No device could connect to ${url}`);
}

async function runUntilStopped(seconds: number | undefined, runOnTick: () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const signals = catchStopSignals({ stop: resolve, end: () => process.exit(130) });
  const tick = setInterval(runOnTick, 1_000);
  const timer = seconds === undefined ? undefined : setTimeout(resolve, seconds * 1_000);
  await promise;
  clearInterval(tick);
  clearTimeout(timer);
  signals.release();
}

export const mqttCommand = {
  name: 'mqtt',
  purpose: 'simulated Tasmota, ESPHome, Shelly, Zigbee2MQTT, Sparkplug B … devices for any MQTT broker',
  help,
  run: runMqtt,
};
