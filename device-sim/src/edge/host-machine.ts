/**
 * This machine as the host agent sees it: files of /proc and /sys, its name and model, its own cost.
 *
 * Owns nothing that lasts. Never throws for a file that is not there: the answer is null, '' or an empty list.
 */
import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import * as os from 'node:os';
import type { HostFiles } from '../core/host-reading.ts';
import type { OsFacts } from '../core/os-sampler.ts';
import { parseOsName } from '../core/proc-parsers.ts';

export const hostFiles: HostFiles = {
  read: (path) => {
    try {
      return readFileSync(path, 'latin1');
    } catch {
      return null;
    }
  },
  list: (path) => {
    try {
      return readdirSync(path).sort();
    } catch {
      return [];
    }
  },
  disk: (path) => {
    try {
      const { bavail, bfree, blocks, bsize } = statfsSync(path);
      return { usedBytes: (blocks - bfree) * bsize, availableBytes: bavail * bsize };
    } catch {
      return null;
    }
  },
};

export function readOsFacts(): OsFacts {
  let busyMs = 0;
  let idleMs = 0;
  for (const { times } of os.cpus()) {
    busyMs += times.user + times.nice + times.sys + times.irq;
    idleMs += times.idle;
  }
  return {
    busyMs,
    idleMs,
    loads: os.loadavg(),
    totalBytes: os.totalmem(),
    freeBytes: os.freemem(),
    uptimeS: os.uptime(),
  };
}

/** Device-tree model (ARM boards), else what the maker wrote into DMI, else the processor. */
export function readModel(): string {
  const tree = hostFiles.read('/proc/device-tree/model') ?? '';
  const vendor = hostFiles.read('/sys/class/dmi/id/sys_vendor') ?? '';
  const product = hostFiles.read('/sys/class/dmi/id/product_name') ?? '';
  const processor = os.cpus()[0]?.model ?? '';
  const named = [tree, `${vendor.trim()} ${product.trim()}`, processor, os.machine()].map(cleanFact);
  return named.find((name) => name !== '') ?? 'computer';
}

export function readFirmware(): string {
  const name = parseOsName(hostFiles.read('/etc/os-release') ?? '') || os.type();
  return cleanFact(`${name}, ${os.type() === 'Linux' ? 'kernel ' : ''}${os.release()}`);
}

/** '' where the system does not tell one run of the machine from the next. */
export function readBootId(): string {
  return (hostFiles.read('/proc/sys/kernel/random/boot_id') ?? '').trim();
}

/** The host name as a device id: letters, digits, `.`, `_`, `-`, `:`; first a letter or digit. */
export function makeDeviceId(hostname: string): string {
  const id = hostname
    .replace(/[^A-Za-z0-9._:-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 64);
  return id === '' ? 'host' : id;
}

export function readHostname(): string {
  return os.hostname();
}

function cleanFact(text: string): string {
  return [...text]
    .filter((char) => char >= ' ' && char !== '\x7f')
    .join('')
    .trim()
    .slice(0, 60);
}
