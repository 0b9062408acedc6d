/**
 * `device-sim host`: options, help and progress of the agent for this machine.
 */
import { deviceIdPattern } from '@lapwing/protocol';
import { makeDeviceId, readHostname } from './edge/host-machine.ts';
import { hubOptionsConfig, hubOptionsHelp, readOptions, UsageError } from './edge/option-reader.ts';
import { formatCount, formatMs, ProgressView } from './edge/progress-view.ts';
import { catchStopSignals } from './edge/stop-signals.ts';
import { type HostStats, startHost } from './host.ts';

const help = `Usage: device-sim host [options]

This machine's own metrics (CPU, memory, disk, network, temperature, load, pressure), once a second, from /proc and /sys.
Readings wait in a bounded outbox on disk while the hub is away and survive kill -9 and restarts.

  --id ID            device id  [the host name]
  --interval S       seconds between samples  [1]
  --outbox-mb N      room for readings that wait; the oldest go first when it is full  [16]
${hubOptionsHelp}
Examples:
  device-sim host --key KEY
  device-sim host --hub https://hub.example.org --interval 5
  LAPWING_ENROLMENT_KEY=KEY device-sim host --id workshop-pi --state /var/lib/lapwing

As a systemd service (/etc/systemd/system/lapwing-host.service, the project in /opt/lapwing); while there is no hub it waits:

  [Unit]
  Description=This machine's metrics for Lapwing
  [Service]
  ExecStart=/opt/lapwing/node_modules/.bin/node /opt/lapwing/device-sim/src/cli.mjs host --hub http://HUB:7180
  Environment=LAPWING_ENROLMENT_KEY=KEY
  StateDirectory=lapwing
  DynamicUser=yes
  Restart=on-failure
  RestartSec=30
  [Install]
  WantedBy=multi-user.target

SIGTERM ends it in order. The key is needed for the first start only.
`;

const config = {
  ...hubOptionsConfig,
  id: { type: 'string' },
  interval: { type: 'string' },
  'outbox-mb': { type: 'string' },
} as const;

function describe(stats: HostStats): string {
  return (
    `${stats.deviceId} ${stats.link} · sent ${formatCount(stats.framesSent)} · acked ${formatCount(stats.readingsAcked)} · ` +
    `acked within p50 ${formatMs(stats.ackMsP50)} p99 ${formatMs(stats.ackMsP99)} · in flight ${stats.inFlight} · ` +
    `waiting ${formatCount(stats.waiting)} · ${stats.metrics} metrics · reconnects ${stats.reconnects}`
  );
}

async function runHost(args: readonly string[]): Promise<void> {
  const read = readOptions(args, config);
  const deviceId = read.text('id') ?? makeDeviceId(readHostname());
  if (!deviceIdPattern.test(deviceId)) {
    throw new UsageError(`--id may hold letters, digits and . _ - : (64 at most), not "${deviceId}"`);
  }
  const view = new ProgressView(read.flag('json'), 60);
  const host = await startHost({
    hub: read.text('hub')!,
    key: read.text('key') ?? process.env.LAPWING_ENROLMENT_KEY ?? '',
    state: read.text('state'),
    deviceId,
    intervalMs: (read.number('interval', { min: 0.1, max: 3600 }) ?? 1) * 1000,
    outboxBytesMax: (read.number('outbox-mb', { min: 0.1, max: 100_000 }) ?? 16) * 1024 * 1024,
    hostOnNote: (level, text) => view.note(level, text),
  });
  const signals = catchStopSignals({ stop: () => host.stop(), end: () => process.exit(130) });
  const tick = setInterval(() => view.update({ atMs: Date.now(), ...host.stats() }, describe(host.stats())), 1000);
  try {
    await host.done;
  } finally {
    clearInterval(tick);
    signals.release();
    view.clearLine();
  }
  view.finish({ atMs: Date.now(), ...host.stats() }, describe(host.stats()));
}

export const hostCommand = {
  name: 'host',
  purpose: "this machine's real metrics; an agent for a Raspberry Pi as well",
  help,
  run: runHost,
};
