/**
 * This machine's metrics from the text of /proc and /sys files.
 *
 * Owns the counters of the sample before (for rates) and what it found at the first look (sensors, interfaces). Invariant: a
 * name keeps its unit and kind for ever. Refuses to read files: `files` is a port; what is not there is left out.
 */
import { type HostFiles, type HostReading, makeGauge, nameSafely } from './host-reading.ts';
import { findSensors, type Sensor } from './host-sensors.ts';
import {
  type CpuTimes,
  type DiskCounters,
  isLastingInterface,
  type NetCounters,
  parseCpuTimes,
  parseDiskstats,
  parseLoadavg,
  parseMeminfo,
  parseNetDev,
  parseNumber,
  parsePressure,
  parseWireless,
} from './proc-parsers.ts';

const coresMax = 16;
const interfacesMax = 4;
/** What changes slowly or costs more is looked at every so many samples. */
const slowEvery = 10;

export class HostSampler {
  private readonly files: HostFiles;
  private readonly sensors: readonly Sensor[];
  private readonly physical: ReadonlySet<string>;
  private ticks = 0;
  private cpus = new Map<string, CpuTimes>();
  private disk: DiskCounters | null = null;
  private nets = new Map<string, NetCounters>();
  private beforeMs = Number.NaN;
  private slow: readonly HostReading[] = [];

  constructor(files: HostFiles) {
    this.files = files;
    this.sensors = findSensors(files);
    // A driver's device stands behind a physical interface. A container has none: then every lasting name counts.
    this.physical = new Set(
      files.list('/sys/class/net').filter((name) => files.list(`/sys/class/net/${name}/device`).length > 0),
    );
  }

  /** `nowMs` rises steadily; it is the base of rates. */
  sample(nowMs: number): readonly HostReading[] {
    const seconds = Math.max(0.001, (nowMs - this.beforeMs) / 1000);
    this.beforeMs = nowMs;
    if (this.ticks % slowEvery === 0) this.slow = this.readSlow();
    this.ticks += 1;
    return [
      ...this.readCpu(),
      ...this.readLoad(),
      ...this.readMemory(),
      ...this.readDisk(seconds),
      ...this.readNet(seconds),
      ...this.sensors.map((sensor) => sensor.read()),
      ...this.readWireless(),
      ...this.readPressure(),
      ...this.readUptime(),
      ...this.slow,
    ];
  }

  private readCpu(): HostReading[] {
    const found: HostReading[] = [];
    for (const now of parseCpuTimes(this.files.read('/proc/stat') ?? '').slice(0, coresMax + 1)) {
      const before = this.cpus.get(now.name);
      this.cpus.set(now.name, now);
      const ticks = before === undefined ? Number.NaN : now.total - before.total;
      const share = ticks > 0 && before !== undefined ? (now.busy - before.busy) / ticks : Number.NaN;
      const name = now.name === 'cpu' ? 'cpu.usage' : `cpu.core.${now.name.slice(3)}.usage`;
      found.push(makeGauge(name, '%', { value: Math.min(100, Math.max(0, share * 100)), exponent: -1 }));
    }
    return found;
  }

  private readLoad(): HostReading[] {
    const text = this.files.read('/proc/loadavg');
    if (text === null) return [];
    const { loads, running, threads } = parseLoadavg(text);
    return [
      ...['1m', '5m', '15m'].map((span, index) =>
        makeGauge(`load.${span}`, '', { value: loads[index]!, exponent: -2 }),
      ),
      makeGauge('processes.running', '', { value: running, exponent: 0 }),
      makeGauge('threads', '', { value: threads, exponent: 0 }),
    ];
  }

  private readMemory(): HostReading[] {
    const memory = parseMeminfo(this.files.read('/proc/meminfo') ?? '');
    const total = memory.get('MemTotal');
    if (total === undefined) return [];
    // Kernels before 3.14 do not estimate what is available.
    const free = (memory.get('MemFree') ?? 0) + (memory.get('Buffers') ?? 0) + (memory.get('Cached') ?? 0);
    const available = memory.get('MemAvailable') ?? free;
    const found = [
      makeGauge('memory.usage', '%', { value: ((total - available) / total) * 100, exponent: -1 }),
      makeGauge('memory.used', 'B', { value: total - available, exponent: 0 }),
      makeGauge('memory.available', 'B', { value: available, exponent: 0 }),
    ];
    const swap = memory.get('SwapTotal') ?? 0;
    if (swap > 0) {
      found.push(makeGauge('swap.used', 'B', { value: swap - (memory.get('SwapFree') ?? swap), exponent: 0 }));
    }
    return found;
  }

  private readDisk(seconds: number): HostReading[] {
    const now = parseDiskstats(this.files.read('/proc/diskstats') ?? '');
    if (now === null) return [];
    const before = this.disk;
    this.disk = now;
    return [
      makeRate('disk.read', { now: now.readBytes, before: before?.readBytes, seconds }),
      makeRate('disk.written', { now: now.writtenBytes, before: before?.writtenBytes, seconds }),
    ];
  }

  private readNet(seconds: number): HostReading[] {
    const all = parseNetDev(this.files.read('/proc/net/dev') ?? '').filter(({ name }) => isLastingInterface(name));
    const physical = all.filter(({ name }) => this.physical.has(name));
    const found: HostReading[] = [];
    for (const now of (physical.length > 0 ? physical : all).slice(0, interfacesMax)) {
      const before = this.nets.get(now.name);
      this.nets.set(now.name, now);
      const name = `net.${nameSafely(now.name)}`;
      found.push(
        makeRate(`${name}.received`, { now: now.receivedBytes, before: before?.receivedBytes, seconds }),
        makeRate(`${name}.sent`, { now: now.sentBytes, before: before?.sentBytes, seconds }),
      );
    }
    return found;
  }

  private readWireless(): HostReading[] {
    const text = this.files.read('/proc/net/wireless');
    if (text === null) return [];
    return [...parseWireless(text)]
      .slice(0, interfacesMax)
      .map(([name, level]) => makeGauge(`wifi.${nameSafely(name)}.rssi`, 'dBm', { value: level, exponent: 0 }));
  }

  private readPressure(): HostReading[] {
    const found: HostReading[] = [];
    for (const what of ['cpu', 'io', 'memory']) {
      const text = this.files.read(`/proc/pressure/${what}`);
      if (text !== null) found.push(makeGauge(`pressure.${what}`, '%', { value: parsePressure(text), exponent: -2 }));
    }
    return found;
  }

  private readUptime(): HostReading[] {
    const text = this.files.read('/proc/uptime');
    return text === null ? [] : [makeGauge('uptime', 's', { value: parseNumber(text), exponent: 0 })];
  }

  private readSlow(): HostReading[] {
    const found: HostReading[] = [];
    const disk = this.files.disk('/');
    if (disk !== null) {
      const share = (disk.usedBytes / (disk.usedBytes + disk.availableBytes)) * 100;
      found.push(
        makeGauge('disk.usage', '%', { value: share, exponent: -1 }),
        makeGauge('disk.available', 'B', { value: disk.availableBytes, exponent: 0 }),
      );
    }
    const processes = this.files.list('/proc').filter((name) => /^\d/.test(name)).length;
    if (processes > 0) found.push(makeGauge('processes', '', { value: processes, exponent: 0 }));
    return found;
  }
}

/** Bytes a second; none at the first look, or when the counter started again. */
function makeRate(name: string, counts: { now: number; before: number | undefined; seconds: number }): HostReading {
  const { now, before, seconds } = counts;
  const value = before === undefined || now < before ? Number.NaN : (now - before) / seconds;
  return makeGauge(name, 'B/s', { value, exponent: 0 });
}
