/**
 * Files of two machines, as their kernels show them: a small virtual machine (recorded) and a Raspberry Pi 4 (written after one).
 */
import type { HostFiles } from '../src/core/host-reading.ts';

export class FakeFiles implements HostFiles {
  readonly files: Map<string, string>;
  constructor(files: Record<string, string>) {
    this.files = new Map(Object.entries(files));
  }
  read(path: string): string | null {
    return this.files.get(path) ?? null;
  }
  list(path: string): readonly string[] {
    const names = new Set<string>();
    for (const file of this.files.keys()) {
      if (file.startsWith(`${path}/`)) names.add(file.slice(path.length + 1).split('/')[0]!);
    }
    return [...names].sort();
  }
  disk(path: string): { usedBytes: number; availableBytes: number } | null {
    return path === '/' ? { usedBytes: 6_000, availableBytes: 18_000 } : null;
  }
}

export const virtualMachine: Record<string, string> = {
  '/proc/stat': `cpu  4528 0 3739 210605 384 0 63 10 0 0
cpu0 1860 0 1597 106155 20 0 12 3 0 0
cpu1 2668 0 2141 104449 364 0 51 7 0 0
intr 413541 0 0 0 0
ctxt 1099632
btime 1795380856
procs_running 3
`,
  '/proc/loadavg': '0.25 0.04 0.05 2/91 5094\n',
  '/proc/meminfo': `MemTotal:       24684092 kB
MemFree:        24331764 kB
MemAvailable:   24350296 kB
Buffers:             704 kB
Cached:           201760 kB
Active(anon):       1544 kB
SwapTotal:             0 kB
SwapFree:              0 kB
HugePages_Total:       0
`,
  '/proc/diskstats': `   7       0 loop0 9 0 900 0 0 0 0 0 0 0 0 0 0 0 0 0 0
 254       0 vda 35237 8750 3077698 8554 6135 24537 3444488 9564 0 8576 18943 11159 41 913496 800 626 25
 254       1 vda1 35237 8750 3077698 8554 6135 24537 3444488 9564 0 8576 18943 11159 41 913496 800 626 25
 253       0 zram0 5 0 500 0 0 0 0 0 0 0 0 0 0 0 0 0 0
`,
  '/proc/net/dev': `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0
  ifb0:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
veth7a:  900000    9000    0    0    0     0          0         0   900000    9000    0    0    0     0       0          0
  eth0: 561912326   13621    0    0    0     0          0         0   677507    7049    0    0    0     0       0          0
`,
  '/proc/pressure/cpu':
    'some avg10=0.17 avg60=0.46 avg300=0.49 total=14276757\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
  '/proc/pressure/io': 'some avg10=0.39 avg60=0.11 avg300=0.09 total=3648183\n',
  '/proc/pressure/memory': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
  '/proc/uptime': '1101.10 2106.06\n',
  '/proc/1/stat': '1 (init)',
  '/proc/812/stat': '812 (sshd)',
};

export const raspberryPi: Record<string, string> = {
  '/proc/stat': `cpu  100 0 50 800 50 0 0 0 0 0
cpu0 25 0 13 200 12 0 0 0 0 0
cpu1 25 0 13 200 12 0 0 0 0 0
cpu2 25 0 12 200 13 0 0 0 0 0
cpu3 25 0 12 200 13 0 0 0 0 0
`,
  '/proc/loadavg': '1.50 0.75 0.33 1/240 9000\n',
  '/proc/meminfo': 'MemTotal: 3884364 kB\nMemAvailable: 2913273 kB\nSwapTotal: 102396 kB\nSwapFree: 100000 kB\n',
  '/proc/diskstats': ` 179       0 mmcblk0 100 0 2000 0 50 0 1000 0 0 0 0
 179       1 mmcblk0p1 10 0 200 0 5 0 100 0 0 0 0
 179       2 mmcblk0p2 90 0 1800 0 45 0 900 0 0 0 0
`,
  '/proc/net/dev': `    lo:    100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
 wlan0: 5000      50    0    0    0     0          0         0     7000      70    0    0    0     0       0          0
`,
  '/sys/class/net/lo/mtu': '65536',
  '/sys/class/net/eth0/device/uevent': 'DRIVER=bcmgenet',
  '/sys/class/net/wlan0/device/uevent': 'DRIVER=brcmfmac',
  '/proc/net/wireless': `Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   58.  -52.  -256        0      0      0      0      0        0
`,
  '/sys/class/thermal/thermal_zone0/type': 'cpu-thermal\n',
  '/sys/class/thermal/thermal_zone0/temp': '48686\n',
  '/sys/class/hwmon/hwmon0/name': 'cpu_thermal\n',
  '/sys/class/hwmon/hwmon0/temp1_input': '48686\n',
  '/sys/class/hwmon/hwmon1/name': 'rpi_volt\n',
  '/sys/class/hwmon/hwmon1/in0_lcrit_alarm': '1\n',
  '/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq': '1500000\n',
  '/sys/devices/platform/soc/soc:firmware/get_throttled': '50005\n',
  '/proc/uptime': '90061.42 300000.00\n',
};
