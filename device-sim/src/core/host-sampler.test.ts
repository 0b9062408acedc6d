import { expect, test } from 'vitest';
import { FakeFiles, raspberryPi, virtualMachine } from '../../test/machine-fixtures.ts';
import { HostSampler } from './host-sampler.ts';
import { OsSampler } from './os-sampler.ts';
import { parseCpuTimes, parseOsName, parseWireless } from './proc-parsers.ts';

function show(readings: ReturnType<HostSampler['sample']>): Record<string, number> {
  return Object.fromEntries(
    readings.map(({ name, whole, exponent }) => [name, exponent < 0 ? whole / 10 ** -exponent : whole]),
  );
}

test('a virtual machine: shares and rates between two looks, no loops, partitions or virtual interfaces', () => {
  const files = new FakeFiles(virtualMachine);
  const sampler = new HostSampler(files);
  const first = show(sampler.sample(1_000));
  expect(first).toMatchObject({ 'load.1m': 0.25, threads: 91, uptime: 1101, processes: 2, 'disk.usage': 25 });
  expect(first['cpu.usage']).toBeNaN();
  expect(first['memory.used']).toBe((24_684_092 - 24_350_296) * 1024);
  files.files.set('/proc/stat', 'cpu  4548 0 3744 210677 387 0 63 10 0 0\ncpu0 1880 0 1597 106155 20 0 12 3 0 0\n');
  files.files.set('/proc/diskstats', ' 254 0 vda 1 1 3077700 1 1 1 3444496 1 0 1 1');
  files.files.set('/proc/net/dev', '  eth0: 561914326 1 0 0 0 0 0 0 677407 1 0 0 0 0 0 0\n');
  const second = show(sampler.sample(3_000));
  expect(second).toMatchObject({
    'cpu.usage': 25,
    'cpu.core.0.usage': 100,
    'disk.read': 512,
    'disk.written': 2_048,
    'net.eth0.received': 1_000,
    'pressure.cpu': 0.17,
  });
  // The counter fell: it started again, and says nothing about this second.
  expect(second['net.eth0.sent']).toBeNaN();
  expect(Object.keys(first).filter((name) => name.startsWith('net.'))).toEqual(['net.eth0.received', 'net.eth0.sent']);
});

test('a Raspberry Pi: temperature once, throttling, Wi-Fi, SD card', () => {
  const files = new FakeFiles(raspberryPi);
  const sampler = new HostSampler(files);
  const found = show(sampler.sample(1_000));
  expect(found).toMatchObject({
    'cpu.temperature': 48.7,
    'cpu.frequency': 1_500,
    'pi.undervoltage': 1,
    'pi.throttled': 1,
    'wifi.wlan0.rssi': -52,
    'swap.used': 2_396 * 1024,
    'memory.usage': 25,
  });
  expect(Object.keys(found).filter((name) => name.includes('temperature'))).toEqual(['cpu.temperature']);
  expect(Object.keys(found)).toContain('net.wlan0.received');
  // Bit 16 and 18: it happened once, it is over.
  files.files.set('/sys/devices/platform/soc/soc:firmware/get_throttled', '50000\n');
  files.files.delete('/sys/class/thermal/thermal_zone0/temp');
  const later = show(sampler.sample(2_000));
  expect(later).toMatchObject({ 'pi.undervoltage': 0, 'pi.throttled': 0 });
  expect(later['cpu.temperature']).toBeNaN();
});

test('where the firmware file is missing, hwmon tells under-voltage', () => {
  const { '/sys/devices/platform/soc/soc:firmware/get_throttled': _, ...rest } = raspberryPi;
  expect(show(new HostSampler(new FakeFiles(rest)).sample(1))).toMatchObject({ 'pi.undervoltage': 1 });
});

test('no file at all, or nonsense in every file: no reading is invented and nothing throws', () => {
  expect(new HostSampler(new FakeFiles({})).sample(1).map(({ name }) => name)).toEqual([
    'disk.usage',
    'disk.available',
  ]);
  const nonsense = Object.fromEntries(Object.keys(raspberryPi).map((path) => [path, '\0?? cpu x\n:']));
  const sampler = new HostSampler(new FakeFiles(nonsense));
  sampler.sample(1);
  for (const { name, whole } of sampler.sample(1_000)) {
    if (!name.startsWith('disk.') && !name.startsWith('processes')) expect(whole, name).toBeNaN();
  }
});

test('names and kinds stay the same from look to look', () => {
  const sampler = new HostSampler(new FakeFiles(raspberryPi));
  const describe = (): string[] => sampler.sample(1).map(({ name, unit, kind }) => `${name} ${unit} ${kind}`);
  const first = describe();
  expect(describe()).toEqual(first);
  expect(new Set(first).size).toBe(first.length);
});

test('cores are bounded', () => {
  const stat = Array.from({ length: 200 }, (_, core) => `cpu${core === 0 ? '' : core - 1} 1 1 1 1 1 1 1 1`).join('\n');
  expect(new HostSampler(new FakeFiles({ '/proc/stat': stat })).sample(1).length).toBe(17 + 2);
});

test('other systems: what every runtime knows', () => {
  const sampler = new OsSampler();
  const facts = { loads: [1, 2, 3], totalBytes: 1_000, freeBytes: 250, uptimeS: 60 };
  expect(show(sampler.sample({ ...facts, busyMs: 100, idleMs: 100 }))['cpu.usage']).toBeNaN();
  expect(show(sampler.sample({ ...facts, busyMs: 130, idleMs: 170 }))).toMatchObject({
    'cpu.usage': 30,
    'memory.usage': 75,
    'load.5m': 2,
  });
});

test('odd lines of /proc', () => {
  expect(parseCpuTimes('cpu  1 2 3 4\ncpufreq nonsense\n')[0]).toEqual({ name: 'cpu', busy: 6, total: 10 });
  expect(parseWireless(' wlan0: 0000   70.  200.  -256  0')).toEqual(new Map([['wlan0', -56]]));
  expect(parseOsName('NAME="x"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')).toBe('Debian GNU/Linux 12');
});
