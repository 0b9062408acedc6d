/**
 * The newest value of every metric of every device, in Prometheus' text format (version 0.0.4), a family after the other.
 *
 * Pure, and lazy: it yields about a hundred devices' lines at a time, so that a fleet of any size costs no memory. Samples carry their
 * own times: what is old looks old to whoever scrapes it, and a device that fell silent goes stale there as it does here.
 * Source: Prometheus "Exposition formats".
 */
import type { DeviceState } from './device-roster.ts';

export const prometheusType = 'text/plain; version=0.0.4; charset=utf-8';
const piecesDevices = 100;

interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly list: (device: DeviceState) => string;
}

const families: readonly Family[] = [
  {
    name: 'lapwing_device_up',
    type: 'gauge',
    help: '1 while the device has a link and sends as often as usual, else 0.',
    list: (device) => `lapwing_device_up{device="${quote(device.deviceId)}"} ${device.presence === 'online' ? 1 : 0}\n`,
  },
  {
    name: 'lapwing_device_last_seen_seconds',
    type: 'gauge',
    help: 'When anything last came from the device, Unix seconds.',
    list: ({ deviceId, lastSeenMs }) =>
      Number.isNaN(lastSeenMs)
        ? ''
        : `lapwing_device_last_seen_seconds{device="${quote(deviceId)}"} ${lastSeenMs / 1000}\n`,
  },
  {
    name: 'lapwing_reading',
    type: 'gauge',
    help: 'Newest reading of a gauge, or of a bool as 0 or 1.',
    list: (device) => listValues(device, 'lapwing_reading', ['gauge', 'bool']),
  },
  {
    name: 'lapwing_counter_total',
    type: 'counter',
    help: 'Newest reading of a counter.',
    list: (device) => listValues(device, 'lapwing_counter_total', ['counter']),
  },
  {
    name: 'lapwing_text_info',
    type: 'gauge',
    help: 'Always 1; the label value is the newest reading of a text.',
    list: (device) => listValues(device, 'lapwing_text_info', ['text']),
  },
];

export function* writePrometheus(devices: Iterable<DeviceState>): Generator<string> {
  const all = [...devices];
  for (const { name, type, help, list } of families) {
    yield `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    for (let first = 0; first < all.length; first += piecesDevices) {
      let piece = '';
      for (const device of all.slice(first, first + piecesDevices)) piece += list(device);
      if (piece !== '') yield piece;
    }
  }
}

function listValues({ deviceId, metrics, latest }: DeviceState, family: string, kinds: readonly string[]): string {
  let lines = '';
  const device = quote(deviceId);
  metrics.forEach(({ name, unit, kind }, i) => {
    const timeMs = latest.timeMs[i]!;
    if (!kinds.includes(kind) || Number.isNaN(timeMs)) return;
    const labels = `device="${device}",metric="${quote(name)}"${unit === '' ? '' : `,unit="${quote(unit)}"`}`;
    const value =
      kind === 'text' ? `,value="${quote(latest.texts[i] ?? '')}"} 1` : `} ${formatValue(latest.value[i]!)}`;
    lines += `${family}{${labels}${value} ${timeMs}\n`;
  });
  return lines;
}

function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return Number.isNaN(value) ? 'NaN' : String(value);
}

function quote(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
