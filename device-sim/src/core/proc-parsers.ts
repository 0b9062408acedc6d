/**
 * Reads the text of Linux's /proc files (proc(5)): one function a file, from text to numbers.
 *
 * Owns nothing. Never throws: a line that is not as expected is left out, a missing number is NaN.
 */
export interface CpuTimes {
  readonly name: string;
  /** Clock ticks since start. */
  readonly busy: number;
  readonly total: number;
}

/** /proc/stat: first the sum of all, then one per core. Guest time is part of user time already. */
export function parseCpuTimes(text: string): readonly CpuTimes[] {
  const found: CpuTimes[] = [];
  for (const line of text.split('\n')) {
    if (!line.startsWith('cpu')) continue;
    const [name = '', ...fields] = line.split(/\s+/);
    const ticks = fields.slice(0, 8).map(Number);
    const total = ticks.reduce((sum, value) => sum + value, 0);
    // idle and iowait
    const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
    if (Number.isFinite(total)) found.push({ name, busy: total - idle, total });
  }
  return found;
}

/** /proc/meminfo: bytes by name. */
export function parseMeminfo(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^(\w+(?:\(\w+\))?):\s+(\d+)(?: (kB))?/.exec(line);
    if (match !== null) found.set(match[1]!, Number(match[2]) * (match[3] === undefined ? 1 : 1024));
  }
  return found;
}

export interface DiskCounters {
  readonly readBytes: number;
  readonly writtenBytes: number;
}

const wholeDisk = /^(?:sd[a-z]+|vd[a-z]+|xvd[a-z]+|hd[a-z]+|nvme\d+n\d+|mmcblk\d+)$/;

/** /proc/diskstats: the sum of whole disks; partitions, loops and memory disks would count twice or not be disks. */
export function parseDiskstats(text: string): DiskCounters | null {
  let disks = 0;
  let readBytes = 0;
  let writtenBytes = 0;
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields.length < 10 || !wholeDisk.test(fields[2]!)) continue;
    disks += 1;
    // Sectors of 512 bytes, whatever the disk's own are.
    readBytes += Number(fields[5]) * 512;
    writtenBytes += Number(fields[9]) * 512;
  }
  return disks === 0 ? null : { readBytes, writtenBytes };
}

export interface NetCounters {
  readonly name: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** /proc/net/dev */
export function parseNetDev(text: string): readonly NetCounters[] {
  const found: NetCounters[] = [];
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon === -1) continue;
    const fields = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/);
    if (fields.length < 9) continue;
    found.push({ name: line.slice(0, colon).trim(), receivedBytes: Number(fields[0]), sentBytes: Number(fields[8]) });
  }
  return found;
}

const comingAndGoing =
  /^(?:lo|veth|docker|br-|virbr|vnet|tap|tun|ifb|cni|flannel|cali|dummy|sit|ip6tnl|gre|wg|zt|podman)/;

export function isLastingInterface(name: string): boolean {
  return !comingAndGoing.test(name) && !name.includes('@');
}

/** /proc/net/wireless: signal level in dBm by interface. */
export function parseWireless(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^\s*([^\s:|]+):\s+\S+\s+\S+\s+(-?\d+)/.exec(line);
    if (match === null) continue;
    const level = Number(match[2]);
    // Some drivers give it as an unsigned byte.
    found.set(match[1]!, level > 0 ? level - 256 : level);
  }
  return found;
}

/** /proc/pressure/*: share of the last ten seconds in which some task waited, in percent; NaN where there is none. */
export function parsePressure(text: string): number {
  const match = /^some avg10=(\d+(?:\.\d+)?)/m.exec(text);
  return match === null ? Number.NaN : Number(match[1]);
}

/** /proc/loadavg */
export function parseLoadavg(text: string): { loads: readonly number[]; running: number; threads: number } {
  const fields = text.trim().split(/\s+/);
  const [running = Number.NaN, threads = Number.NaN] = (fields[3] ?? '').split('/').map(Number);
  return { loads: [0, 1, 2].map((index) => Number(fields[index] ?? Number.NaN)), running, threads };
}

/** /etc/os-release: the name a person knows the system by. */
export function parseOsName(text: string): string {
  const match = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text);
  return match?.[1]?.replace(/\s*\([^)]*\)$/, '') ?? '';
}

/** First number of a one-number file, NaN otherwise. */
export function parseNumber(text: string | null): number {
  return text === null || text.trim() === '' ? Number.NaN : Number(text.trim().split(/\s+/)[0]);
}
